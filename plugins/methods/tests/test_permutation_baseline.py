"""Tests of networks with permuted weights."""

from __future__ import annotations

import numpy as np

from pluriscope_methods.permutation_baseline.networks import permuted_network
from tests.factories import pretrained_xor


def test_a_permuted_network_has_the_same_numbers_in_each_layer_in_another_order():
    network = pretrained_xor().network
    first, again, other = (permuted_network(network, number, seed=3) for number in (0, 0, 1))
    assert first == again != other
    assert permuted_network(network, 0, seed=4) != first
    for before, after in zip(network.weights, first.weights, strict=True):
        assert sorted(before.ravel()) == sorted(after.ravel())
    for before, after in zip(network.biases, first.biases, strict=True):
        assert np.array_equal(before, after)
