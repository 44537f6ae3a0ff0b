"""Answers that must not win in the answer key, on a dozen trained networks: the whole network and the empty circuit."""

from functools import lru_cache, partial

import pytest

from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_bench.key.condition import PRIMARY, Condition
from pluriscope_bench.key.judging import judge_of
from pluriscope_bench.key.scores import Case, row_of
from pluriscope_bench.key.submission import Submission
from pluriscope_bench.key.truths import truths_of
from tests.golden_files import golden_network

pytestmark = pytest.mark.slow

NETWORKS = ("xor_3-3_a", "xor_3-3_b", "xor_3-3_c", "xor_3-3_tight", "xor_pretrained", "xor_noise_3-3")
NETWORKS += ("xor_relu_3-3", "xor_sigmoid_3-3", "xor_tanh_3-3", "xor_2-2-2", "nand_3-2", "majority_3-3")
MEAN = Condition("mean")


@lru_cache
def known(name, condition):
    file = golden_network(name)
    question = ask(file.network, task=file.tasks[0])
    return judge_of(question, condition), truths_of(question, [condition])[0]


def mean_of(answer, condition=PRIMARY, key="regret"):
    """A score over the networks, of what a function of a judge answers."""
    found = []
    for name in NETWORKS:
        judge, truth = known(name, condition)
        found.append(row_of(Case(judge, truth, answer(judge), random_regret=1.0))[key])
    return sum(found) / len(found)


def ranked(scores):
    return Submission("answered", scores=tuple(float(one) for one in scores))


def whole(judge):
    return Submission("answered", mask=(1 << judge.graph.n_bits) - 1)


def drawn(judge):
    return ranked([0.0] * judge.graph.n_bits)


@pytest.mark.parametrize("condition", [PRIMARY, MEAN], ids=lambda one: one.key)
def test_the_whole_network_and_the_empty_circuit_are_no_better_than_a_drawn_order(condition):
    nothing = partial(Submission, "answered", mask=0)
    assert mean_of(whole, condition) == mean_of(lambda _: nothing(), condition) == 1
    assert mean_of(whole, condition, "valid") == 1
    assert 0.6 < mean_of(drawn, condition) < 0.9
