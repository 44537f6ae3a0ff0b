"""Symmetries of networks, and one circuit of each class under them."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.criteria.circuit_context import CircuitCriteriaContext
from analysis.criteria.registry import criterion_named
from analysis.criteria.symmetry import symmetries
from analysis.data import clean_data
from analysis.networks.network import Network
from analysis.protocol import COMPLETE
from analysis.tasks import task_from_table
from tests.analysis.criteria.circuit_contexts import random_network
from tests.oracles import brute_force_criteria as plain
from tests.oracles.brute_force_circuits import possible_masks


def twin_network() -> Network:
    """Neurons 0 and 2 of the first hidden layer are twins, and so are both of the second."""
    weights = [
        [[1.0, -1.0], [0.5, 2.0], [1.0, -1.0]],
        [[0.7, 0.2, 0.7], [0.7, 0.2, 0.7]],
        [[1.5, 1.5]],
    ]
    return Network.from_arrays(weights, [[0.1, 0.2, 0.1], [0.3, 0.3], [0.0]])


@pytest.mark.parametrize("twins", [True, False])
def test_representatives_are_the_least_of_their_class(twins: bool) -> None:
    network = twin_network() if twins else random_network(3, (2, 3, 2, 1), "tanh")
    masks = np.array([mask for mask, _ in possible_masks(network)][::7], dtype=np.uint64)
    context = CircuitCriteriaContext(network, task_from_table([0, 1, 1, 0], 2), COMPLETE, clean_data(2), masks)
    assert len(list(symmetries(network))) == (4 if twins else 1)
    verdicts = criterion_named("representative").judge("circuit", context)
    least = [plain.least_of_class(network, mask) for mask in masks.tolist()]
    assert verdicts.passed.tolist() == [one == mask for one, mask in zip(least, masks.tolist(), strict=True)]
    assert verdicts.passed.all() != twins
    for position in np.flatnonzero(~verdicts.passed).tolist():
        assert int(verdicts.at(position).witness["mask"], 16) == least[position]


def test_a_symmetry_that_needs_two_layers_at_once_is_found() -> None:
    network = Network.from_arrays(
        [[[1.0, 1.0], [1.0, 1.0]], [[1.0, 2.0], [2.0, 1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.5, 0.5], [0.0]]
    )
    assert list(symmetries(network)) == [((0, 1), (0, 1)), ((1, 0), (1, 0))]


def test_a_symmetry_that_goes_round_in_three_is_found_the_right_way_round() -> None:
    around = [[1.0, 2.0, 4.0], [4.0, 1.0, 2.0], [2.0, 4.0, 1.0]]
    network = Network.from_arrays([[[1.0, -1.0]] * 3, around, [[1.0] * 3]], [[0.0] * 3, [0.5] * 3, [0.0]])
    found = list(symmetries(network))
    assert len(found) == 3
    for first, second in found:
        for out in range(3):
            for source in range(3):
                assert around[second[out]][first[source]] == around[out][source]
