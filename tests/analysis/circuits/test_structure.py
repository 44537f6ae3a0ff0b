"""The numbered circuit space and uniform samples of it, against listing the space."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from analysis.circuits.space import count_in_space, count_matrices
from analysis.circuits.structure import Structure, sampled_matrices
from analysis.errors import InvalidIndex, InvalidMask
from analysis.protocol import COMPLETE, PAPER
from tests.factories import small_network
from tests.oracles.brute_force_circuits import possible_masks

pytestmark = pytest.mark.slow  # another route to every number: left to the whole run

SMALL = ((2, 2, 1), (2, 2, 2, 1), (3, 2, 1), (1, 3, 1), (2, 1, 2, 1), (2, 2, 1, 2, 1), (3, 1))


@pytest.mark.parametrize("sizes", SMALL)
def test_ranks_number_the_space(sizes):
    structure = Structure(sizes)
    masks = [structure.circuit_at(rank).mask for rank in range(structure.count)]
    assert sorted(masks) == sorted(mask for mask, _ in possible_masks(small_network(0, sizes).network))
    assert [structure.rank_of(mask) for mask in masks] == list(range(structure.count))


@pytest.mark.parametrize("sizes", [(2, 3, 3, 1), (2, 4, 1), (2, 2, 1)])
def test_a_protocols_space_is_numbered_alone(sizes):
    structure = Structure(sizes, PAPER)
    assert structure.count == count_in_space(sizes, PAPER)
    masks = {structure.circuit_at(rank).mask for rank in range(structure.count)}
    assert len(masks) == structure.count
    everything = Structure(sizes)
    inside = [everything.circuit_at(rank) for rank in range(everything.count)]
    for circuit in inside:
        if circuit.mask in masks:
            assert structure.circuit_at(structure.rank_of(circuit.mask)).mask == circuit.mask
        else:
            with pytest.raises(InvalidIndex, match="outside the space of protocol paper"):
                structure.rank_of(circuit.mask)


@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=5).map(lambda sizes: (*sizes, 1)),
    st.integers(0, 10**60),
)
def test_rank_undoes_unrank_at_any_size(sizes, number):
    structure = Structure(sizes)
    rank = number % structure.count
    assert structure.rank_of(structure.circuit_at(rank).mask) == rank


def test_a_space_of_any_size():
    structure = Structure((6, 20, 20, 20, 1))
    assert len(str(structure.count)) == 277
    rank = structure.count * 2 // 3
    assert structure.rank_of(structure.circuit_at(rank).mask) == rank


def test_ranks_and_masks_outside_are_refused():
    structure = Structure((2, 2, 2, 1))
    for rank in (-1, 69):
        with pytest.raises(InvalidIndex, match="there are 69"):
            structure.circuit_at(rank)
    with pytest.raises(InvalidMask):
        structure.rank_of(1)


def test_states_below_are_what_lies_under_the_space():
    sizes = (2, 3, 2, 1)
    states = Structure(sizes).states_below(1)
    assert sum(states.values()) == 4**3 - 2 * 2**3 + 1, "each neuron has any inputs, and both inputs are used"
    assert states[2, 2] == 3 * count_matrices(2, 2)
    total = sum(ways * Structure(sizes).completions(2, *state) for state, ways in states.items())
    assert total == Structure(sizes).count


@pytest.mark.parametrize("sizes", [(2, 2, 2, 1), (3, 2, 1), (2, 1, 2, 1)])
def test_samples_are_uniform(sizes):
    structure = Structure(sizes)
    times: Counter[int] = Counter()
    for keep in structure.samples(100 * structure.count, seed=4):
        edges = np.concatenate([matrix.reshape(len(matrix), -1) for matrix in keep], axis=1)
        masks = edges @ (1 << np.arange(edges.shape[1]))
        times.update(structure.rank_of(mask) for mask in masks.tolist())
    assert len(times) == structure.count, "every circuit is reached"
    assert sum(times.values()) == 100 * structure.count
    assert chisquare(list(times.values())).pvalue > 0.001


def test_samples_of_a_protocol_stay_inside_it():
    structure = Structure((2, 4, 4, 1), PAPER)
    for keep in structure.samples(300, seed=-1):
        edges = np.concatenate([matrix.reshape(len(matrix), -1) for matrix in keep], axis=1)
        for mask in (edges @ (1 << np.arange(edges.shape[1]))).tolist():
            structure.rank_of(mask)


@pytest.mark.parametrize(("n_rows", "n_columns"), [(1, 4), (4, 1), (2, 3), (3, 3)])
def test_sampled_matrices_are_uniform(n_rows, n_columns):
    n_matrices = count_matrices(n_rows, n_columns)
    drawn = sampled_matrices(200 * n_matrices, n_rows, n_columns, np.random.default_rng(0))
    assert drawn.any(axis=1).all()
    assert drawn.any(axis=2).all()
    times = Counter(matrix.tobytes() for matrix in drawn)
    assert len(times) == n_matrices
    if n_matrices > 1:
        assert chisquare(list(times.values())).pvalue > 0.001


def test_equal_seeds_give_equal_samples():
    def masks(seed):
        return [keep[0].tolist() for keep in Structure((2, 3, 1), COMPLETE).samples(50, seed=seed)]

    assert masks(1) == masks(1) != masks(2)
