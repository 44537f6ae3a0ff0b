"""The size of the circuit space, against known numbers and against listing it."""

from __future__ import annotations

import pytest

from analysis.circuits.space import count_in_space, count_matrices
from analysis.protocol import COMPLETE, PAPER, protocol_from_mapping
from tests.factories import small_network
from tests.oracles.brute_force_circuits import possible_masks


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((2, 2, 2, 1), 69),
        ((2, 3, 3, 1), 9_625),
        ((2, 4, 4, 1), 4_346_385),
        ((2, 5, 5, 1), 7_271_931_361),
        ((2, 6, 6, 1), 46_908_442_046_529),
        ((3, 3, 3, 1), 94_591),
        ((2, 3, 3, 3, 1), 2_568_433),
        ((4, 1), 1),
    ],
)
def test_possible_circuits_of_known_sizes(sizes, expected):
    assert count_in_space(sizes, COMPLETE) == expected


@pytest.mark.parametrize(
    "sizes", [(1, 2, 1), (2, 3, 1), (3, 2, 1), (2, 2, 2, 1), (2, 1, 3, 1), (2, 2, 1, 2, 1), (3, 1)]
)
def test_possible_circuits_by_listing(sizes):
    assert count_in_space(sizes, COMPLETE) == sum(1 for _ in possible_masks(small_network(0, sizes).network))


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((2, 2, 2, 1), 20),
        ((2, 3, 3, 1), 3_000),
        ((2, 4, 4, 1), 168_672),
        ((2, 5, 5, 1), 1_092_035),
        ((2, 4, 1), 146),
        ((2, 1), 0),
    ],
)
def test_the_authors_leave_out_full_and_dense_circuits(sizes, expected):
    assert count_in_space(sizes, PAPER) == expected


def test_the_full_node_mask_alone():
    protocol = protocol_from_mapping({"circuit_space": "without_full_node_mask"})
    assert count_in_space((2, 4, 4, 1), protocol) == 1_067_648
    assert count_in_space((2, 4, 4, 1), COMPLETE) - 1_067_648 == count_matrices(4, 2) * count_matrices(4, 4)


@pytest.mark.slow
def test_one_wide_layer_is_counted_at_once():
    """1-1600-1: any nonempty set of neurons, each with its two edges; once this took minutes."""
    assert count_in_space((1, 1_600, 1), COMPLETE) == 2**1_600 - 1
