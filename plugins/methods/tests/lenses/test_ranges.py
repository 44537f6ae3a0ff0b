"""Bounds hold and polygons are exact: two ways to certify, against one another and against samples."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope_methods.lenses.ranges import range_of
from pluriscope_methods.robustness.programs import network_program
from tests import random_networks
from tests.analysis.subjects.perceptron.test_activations import FALLING, network_of

random_network = partial(random_networks.random_network, weights=1.5)


@pytest.mark.parametrize(("sizes", "activation"), [((2, 3, 3, 1), "tanh"), ((3, 3, 2, 1), "leaky_relu")])
def test_ranges_of_neurons_hold_from_both_sides(sizes: tuple[int, ...], activation: str) -> None:
    network = random_network(3, sizes, activation)
    low, high, whole = np.zeros(sizes[0]), np.ones(sizes[0]), network_program(network)
    seen = activations(network, np.random.default_rng(0).random((3000, sizes[0])))
    for layer in range(1, len(sizes) - 1):
        for neuron, values in enumerate(seen[layer].T):
            known = range_of(whole, layer, neuron, low, high, budget=4096)
            assert known.low <= values.min()
            assert values.max() <= known.high
            assert known.low <= known.inner_low <= known.inner_high <= known.high
            assert known.high - known.inner_high < 1e-8
            assert known.inner_low - known.low < 1e-8
            few = range_of(whole, layer, neuron, low, high, budget=2)
            assert few.low <= known.low
            assert known.high <= few.high


@pytest.mark.parametrize("kind", FALLING)
def test_activations_that_fall_somewhere_are_refused(kind):
    with pytest.raises(AnalysisError, match=kind):
        range_of(network_program(network_of(kind)), 1, 0, np.zeros(2), np.ones(2), budget=10)
