"""The size of the circuit space and uniform samples of it, against known numbers and against listing the space."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import scipy  # loads scipy.stats when it is first asked for

from pluriscope.analysis.circuits.space import Structure, count_in_space
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from tests.factories import small_network
from tests.oracles.brute_force_circuits import possible_masks

SMALL = ((2, 2, 1), (2, 2, 2, 1), (3, 2, 1), (1, 3, 1), (2, 1, 2, 1), (2, 2, 1, 2, 1), (3, 1))


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((2, 2, 2, 1), 69),
        ((2, 3, 3, 1), 9_625),
        ((2, 6, 6, 1), 46_908_442_046_529),
        ((2, 3, 3, 3, 1), 2_568_433),
        ((4, 1), 1),
    ],
)
def test_possible_circuits_of_known_sizes(sizes, expected):
    assert count_in_space(sizes, COMPLETE) == expected


@pytest.mark.parametrize(
    ("sizes", "expected"), [((2, 2, 2, 1), 20), ((2, 5, 5, 1), 1_092_035), ((2, 4, 1), 146), ((2, 1), 0)]
)
def test_the_authors_leave_out_full_and_dense_circuits(sizes, expected):
    assert count_in_space(sizes, PAPER) == expected


@pytest.mark.slow
def test_one_wide_layer_is_counted_at_once():
    """1-1600-1: any nonempty set of neurons, each with its two edges; once this took minutes."""
    assert count_in_space((1, 1_600, 1), COMPLETE) == 2**1_600 - 1


def listed(sizes):
    return {mask for mask, _ in possible_masks(small_network(0, sizes).network)}


@pytest.mark.slow
@pytest.mark.parametrize("most", [None, 7, 2])
@pytest.mark.parametrize("sizes", [(2, 2, 2, 1), (3, 2, 1), (2, 1, 2, 1)])
def test_samples_are_uniform(sizes, most):
    structure = Structure(sizes, most_edges=most)
    among = {mask for mask in listed(sizes) if most is None or mask.bit_count() <= most}
    if not among:
        assert structure.count == 0
        return
    times: Counter[int] = Counter()
    for keep in structure.samples(100 * structure.count, seed=4):
        edges = np.concatenate([matrix.reshape(len(matrix), -1) for matrix in keep], axis=1)
        masks = edges @ (1 << np.arange(edges.shape[1]))
        times.update(masks.tolist())
    assert times.keys() == among, "every circuit is reached"
    assert sum(times.values()) == 100 * structure.count
    assert len(among) == 1 or scipy.stats.chisquare(list(times.values())).pvalue > 0.001


@pytest.mark.slow
@pytest.mark.parametrize("sizes", SMALL)
def test_every_rank_is_one_circuit_s_numbers_of_active_neurons(sizes):
    structure = Structure(sizes)
    circuits = (Circuit(structure.layout, mask) for mask in listed(sizes))
    numbers = Counter(tuple(int(matrix.any(axis=1).sum()) for matrix in circuit.keep[:-1]) for circuit in circuits)
    assert list(structure.numbers_of(range(structure.count)[::-1])) == sorted(numbers.items())


def test_the_numbering_stays_so_that_samples_stay():
    ranks = [9624, 0, 100, 1, 3208, 4812]
    assert list(Structure((2, 3, 3, 1)).numbers_of(ranks)) == [((1, 1), 2), ((2, 3), 1), ((3, 3), 3)]
