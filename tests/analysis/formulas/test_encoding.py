"""Circuits as models of formulas, against the engine on the rounded and on the given network."""

from __future__ import annotations

import pytest

from analysis.circuits.search import search_circuits
from analysis.formulas.encoding import encode
from analysis.formulas.rounding import rounded
from analysis.protocol import protocol_from_mapping
from analysis.question import ask
from tests.factories import pretrained_xor
from tests.random_networks import own_task, random_network
from tests.solved_formulas import models


def bands(question, bits, absent=None):
    return [sorted(models(encode(question, bits, band, absent))) for band in ("inside", "rounded", "outside")]


CASES = [
    ((2, 3, 1), "leaky_relu", {}),
    ((2, 2, 2, 1), "relu", {"ablation": "mean"}),
    ((2, 2, 2, 1), "hardtanh(min=-0.3, max=1.7)", {"circuit_decision": "threshold", "accuracy_threshold": 0.7}),
    ((2, 2, 2, 2, 1), "leaky_relu", {"circuit_space": "without_full_node_mask", "accuracy_threshold": 0.4}),
    ((3, 2, 2, 1), "linear", {"ablation": "mean", "accuracy_threshold": 0.8}),
    ((1, 4, 1), "leaky_relu", {"node_sparsity": "paper", "accuracy_threshold": 0}),
]


@pytest.mark.parametrize(("sizes", "activation", "rules"), CASES)
def test_models_are_the_circuits_that_the_engine_finds(sizes, activation, rules):
    protocol = protocol_from_mapping({"name": "custom", **rules})
    n_found = 0
    for seed in range(3):
        network = random_network(seed, sizes, activation, biases=0.5)
        question = ask(network, task=own_task(network), protocol=protocol)
        inside, same, outside = bands(question, bits=4)
        assert same == search_circuits(rounded(question, 4)).masks.tolist()
        assert set(inside) <= set(search_circuits(question).masks.tolist()) <= set(outside)
        n_found += len(same)
    assert n_found


@pytest.mark.slow
def test_bounds_hold_the_number_of_the_given_network():
    network = pretrained_xor()
    question = ask(network.network, task=network.tasks[0])
    assert [[len(one) for one in bands(question, bits)] for bits in (6, 8)] == [[161, 176, 221], [192, 197, 199]]
