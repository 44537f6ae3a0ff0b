"""Tests of what search reaches by chance, against searching each control alone."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.algorithms.candidates import Candidates, candidate_algorithms
from pluriscope.analysis.alignments.search import search_alignments
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_methods.permutation_baseline import networks as permutation_baseline
from pluriscope_methods.permutation_baseline.networks import best_on_permuted_networks, permuted_network
from tests.analysis.circuits.test_circuit_search import random_network
from tests.factories import pretrained_xor

CLEAN = clean_data(2)
XOR = [a for a in candidate_algorithms(named_task("XOR", 2), COMPLETE, 2).algorithms if a.variables]


def best_found(network, algorithms, protocol=COMPLETE) -> list[int]:
    """Most agreements of each algorithm, from the search of alignments."""
    rules = protocol.model_copy(update={"n_near_misses": 1, "max_alignments": 1})
    found = search_alignments(ask(network, protocol=rules, data=CLEAN), Candidates(tuple(algorithms), len(algorithms)))
    return [max((a.iia.agreed for a in result.alignments), default=-1) for result in found.algorithms]


def test_a_permuted_network_has_the_same_numbers_in_each_layer_in_another_order():
    network = pretrained_xor().network
    first, again, other = (permuted_network(network, number, seed=3) for number in (0, 0, 1))
    assert first == again != other
    assert permuted_network(network, 0, seed=4) != first
    for before, after in zip(network.weights, first.weights, strict=True):
        assert sorted(before.ravel()) == sorted(after.ravel())
    for before, after in zip(network.biases, first.biases, strict=True):
        assert np.array_equal(before, after)


def test_the_best_on_permuted_networks_is_what_the_search_finds_there():
    for network in (pretrained_xor().network, random_network(2, (2, 2, 1), "tanh")):
        algorithms = [a for a in XOR if len(a.variables) <= 3][::3]
        got = best_on_permuted_networks(ask(network, data=CLEAN), algorithms, 4, seed=7)
        assert got.shape == (len(algorithms), 4)
        for number in range(4):
            wanted = best_found(permuted_network(network, number, seed=7), algorithms)
            assert [max(n, -1) for n in got[:, number].tolist()] == wanted


def test_too_much_is_refused_with_the_numbers(monkeypatch):
    monkeypatch.setattr(permutation_baseline, "MAX_STEPS", 1000)
    with pytest.raises(BeyondLimits, match="14 neuron sets of 6 neurons"):
        best_on_permuted_networks(ask(pretrained_xor().network, data=CLEAN), XOR[:1], 10, seed=0)
