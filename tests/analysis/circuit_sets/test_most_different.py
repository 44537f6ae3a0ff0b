"""The most different circuits against all pairs."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluriscope.analysis.circuit_sets.overlap import jaccard_distance
from pluriscope.analysis.circuit_sets.rivals import most_different
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout, mask_array

SMALL = EdgeLayout((2, 3, 3, 1))
WIDE = EdgeLayout((6, 8, 8, 1))


def by_all_pairs(masks):
    """The first most different pair in the order of its masks, by looking at every one."""
    return min(combinations(sorted(masks), 2), key=lambda pair: (-jaccard_distance(*pair), pair))


def masks_of_layout(layout, most):
    return st.sets(st.integers(0, (1 << layout.n_edges) - 1), min_size=2, max_size=most)


@pytest.mark.slow
@given(masks_of_layout(SMALL, 40))
def test_the_pair_is_that_of_all_pairs(masks):
    found = most_different(mask_array(sorted(masks), SMALL), SMALL)
    assert (found.first, found.second) == by_all_pairs(masks)
    assert found.distance == jaccard_distance(found.first, found.second)
    assert found.exact
    assert found.of == len(masks)


@pytest.mark.slow
@given(masks_of_layout(WIDE, 12))
def test_the_pair_of_masks_beyond_one_word_is_that_of_all_pairs(masks):
    found = most_different(mask_array(sorted(masks), WIDE), WIDE)
    assert (found.first, found.second) == by_all_pairs(masks)


def test_many_circuits_are_compared_block_by_block():
    random = np.random.default_rng(5)
    masks = np.unique(random.integers(1, 1 << 18, size=1_200, dtype=np.uint64) | np.uint64(0b11))
    shared = np.bitwise_count(masks[:, None] & masks).astype(np.int64)
    distances = 1 - shared / np.bitwise_count(masks[:, None] | masks)
    first, second = np.argwhere(distances == distances.max())[0]
    found = most_different(masks, SMALL)
    assert (found.first, found.second) == (int(masks[first]), int(masks[second]))


def test_a_search_that_is_ended_gives_a_lower_bound():
    random = np.random.default_rng(6)
    masks = np.unique(random.integers(1, 1 << 18, size=3_000, dtype=np.uint64))
    best = most_different(masks, SMALL)
    ended = most_different(masks, SMALL, max_compared=1)
    assert not ended.exact
    assert ended.distance <= best.distance
