"""Small perceptrons of drawn weights under which conditions differ, with their truth by plain runs."""

from functools import lru_cache

import pytest

from pluriscope.analysis.subjects.perceptron.question import ask
from tests.oracles import brute_force_answer_key as oracle
from tests.random_networks import own_task, random_network

QUICK = (
    ((2, 2, 1), "leaky_relu", 82),
    ((2, 1, 2, 1), "tanh", 43),
    ((3, 1, 1), "relu", 89),
    ((2, 1), "linear", 48),
    ((1, 2, 1, 1), "gelu", 93),
)
SLOW = (((2, 2, 2, 1), "silu", 30), ((3, 2, 1), "elu(alpha=0.5)", 96), ((2, 3, 1), "relu", 6))
NETWORKS = [*QUICK, *(pytest.param(*one, marks=pytest.mark.slow) for one in SLOW)]


@lru_cache
def drawn(sizes, activation, seed):
    """A question with what the network decides as its task, and what the oracle has of every raw mask."""
    network = random_network(seed, sizes, activation)
    question = ask(network, task=own_task(network))
    every = oracle.every_raw_mask(network, question.task.truth_table)
    return question, every, oracle.every_truth(network, question.task.truth_table, every)
