"""The map of circuits: deterministic, true to the distances where a plane can be, and told how far it is not."""

import numpy as np
import pytest
from analysis.circuit_sets.circuit_map import map_circuits
from hypothesis import given
from hypothesis import strategies as st

from analysis.circuit_sets.overlap import all_distances, sizes_of, words_of
from analysis.networks.circuit import EdgeLayout, mask_array
from tests.factories import hand_made_analysis

SMALL = EdgeLayout((2, 3, 3, 1))
WIDE = EdgeLayout((6, 8, 8, 1))


def test_three_circuits_stand_at_the_roots_of_their_distances():
    masks = mask_array([0b0111, 0b1100, 0b11110000], SMALL)
    found = map_circuits(masks, SMALL)
    points = np.column_stack([found.x, found.y])
    words = words_of(masks, SMALL)
    drawn = np.sqrt(((points[:, None] - points) ** 2).sum(axis=2))
    assert drawn == pytest.approx(np.sqrt(all_distances(words, sizes_of(words))), abs=1e-3)
    assert found.kept == pytest.approx(1.0, abs=1e-3)


@pytest.mark.slow
def test_the_map_of_the_pretrained_network_agrees_with_an_eigenvalue_routine():
    search = hand_made_analysis().circuits
    found = map_circuits(search.masks, search.layout)
    words = words_of(search.masks, search.layout)
    between = all_distances(words, sizes_of(words))
    centre = np.eye(len(between)) - 1 / len(between)
    values, vectors = np.linalg.eigh(-0.5 * centre @ between @ centre)
    assert values[0] > -1e-9
    assert found.kept == pytest.approx(values[-2:].sum() / values.sum(), abs=1e-3)
    expected = np.abs(vectors[:, [-1, -2]] * np.sqrt(values[[-1, -2]]))
    assert np.abs(np.column_stack([found.x, found.y])) == pytest.approx(expected, abs=2e-3)
    assert 0.5 < found.correlation <= 1
    assert (len(found.masks), found.n_landmarks) == (197, 197)


def test_only_so_many_are_placed_and_wanted_ones_among_them():
    search = hand_made_analysis().circuits
    wanted = [int(search.masks[17]), int(search.masks[18])]
    found = map_circuits(search.masks, search.layout, wanted, max_placed=20)
    assert 20 <= len(found.masks) <= 22
    placed = [int(mask, 16) for mask in found.masks]
    assert set(wanted) <= set(placed) <= set(search.masks.tolist())
    assert placed == sorted(placed)


def test_a_circuit_that_keeps_nothing_is_at_distance_1_of_all_others_and_at_0_of_itself():
    masks = mask_array([0, 0b1, 0b11], SMALL)
    words = words_of(masks, SMALL)
    assert all_distances(words, sizes_of(words)).tolist() == [[0, 1, 1], [1, 0, 0.5], [1, 0.5, 0]]


@pytest.mark.slow
@given(st.sets(st.integers(1, (1 << WIDE.n_edges) - 1), min_size=1, max_size=12))
def test_masks_beyond_one_word_have_a_map(masks):
    found = map_circuits(mask_array(sorted(masks), WIDE), WIDE)
    assert np.isfinite([*found.x, *found.y]).all()
    assert found.kept is None or 0 <= found.kept <= 1.0001
