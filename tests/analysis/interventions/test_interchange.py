"""Interchange interventions against one run at a time, and what must hold for any network."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pluriscope.analysis.interventions.interchange import interchange_outputs, run_with_swaps
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.activations import FAMILIES
from pluriscope.analysis.subjects.perceptron.mlp import activations
from tests.oracles.brute_force_alignments import Interchange, neuron_sets
from tests.random_networks import random_network


def all_sites(network):
    return [NeuronSet(*site) for site in neuron_sets(network)]


@pytest.mark.slow
@settings(max_examples=15)
@given(
    st.integers(0, 10_000),
    st.sampled_from([(2, 2, 1), (2, 3, 2, 1), (1, 2, 1), (3, 2, 2, 1), (2, 1, 2, 1, 1)]),
    st.sampled_from(tuple(FAMILIES)),
)
def test_outputs_are_those_of_one_run_at_a_time(seed, sizes, activation):
    network = random_network(seed, sizes, activation)
    rows = np.random.default_rng(seed + 1).normal(size=(2 ** sizes[0], sizes[0]))
    oracle = Interchange(network, rows)
    outputs = interchange_outputs(network, all_sites(network), rows)
    for site, matrix in zip(neuron_sets(network), outputs, strict=True):
        expected = [[oracle.output(site, s, b) for b in range(len(rows))] for s in range(len(rows))]
        np.testing.assert_allclose(matrix, expected, rtol=1e-12, atol=1e-12)


def test_swaps_in_two_layers_win_over_what_flows_in_from_the_first():
    network = random_network(5, (2, 3, 3, 1))
    clean = activations(network, input_table(2))
    every = {1: np.ones((1, 3), dtype=bool), 2: np.ones((1, 3), dtype=bool)}
    none_of_second = {1: np.ones((1, 3), dtype=bool), 2: np.zeros((1, 3), dtype=bool)}
    source = np.broadcast_to(clean[-1], (1, 4, 4))
    np.testing.assert_array_equal(run_with_swaps(network, every, clean), source)
    np.testing.assert_array_equal(run_with_swaps(network, none_of_second, clean), source)
    only_second = {1: np.zeros((1, 3), dtype=bool), 2: np.array([[True, False, False]])}
    np.testing.assert_array_equal(
        run_with_swaps(network, only_second, clean)[0],
        interchange_outputs(network, [NeuronSet(2, (0,))], input_table(2))[0],
    )
