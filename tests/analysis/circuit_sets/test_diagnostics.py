"""What ScrubID and CIRCUS measure, against plain definitions."""

from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.circuit_sets.diagnostics import (
    consensus,
    contradiction_verdict,
    diagnose,
    mean_similarity,
    redundancy_verdict,
    similarity_verdict,
    smallest_of,
)
from analysis.circuit_sets.overlap import jaccard_distance
from analysis.networks.circuit import EdgeLayout, mask_array
from tests.factories import hand_made_analysis

SMALL = EdgeLayout((2, 3, 3, 1))
SOME = st.sets(st.integers(1, (1 << 18) - 1), min_size=1, max_size=20)


def contradiction(valid, near, n_edges):
    """CC by its definition: an edge is necessary in a circuit if without it the circuit is none of the valid ones."""
    valid = set(valid)
    used = [edge for edge in range(n_edges) if any(mask >> edge & 1 for mask in near)]
    necessary = {edge: [bool(m >> edge & 1) and m & ~(1 << edge) not in valid for m in near] for edge in used}
    return Fraction(sum(1 for edge in used if any(necessary[edge]) and not all(necessary[edge])), len(used))


@pytest.mark.slow
@given(SOME)
def test_the_three_numbers_are_those_of_their_definitions(masks):
    listed = sorted(masks)
    least = min(mask.bit_count() for mask in listed)
    near = [mask for mask in listed if mask.bit_count() == least]
    found = diagnose(mask_array(listed, SMALL), SMALL)
    assert (found.n_edges, found.n_smallest) == (least, len(near))
    assert found.redundancy == max((jaccard_distance(*pair) for pair in combinations(near, 2)), default=0)
    assert found.contradiction == contradiction(listed, near, 18)

    def mean(some):
        pairs = [1 - jaccard_distance(*pair) for pair in combinations(some, 2)]
        return sum(pairs) / len(pairs) if pairs else None

    assert found.similarity == mean(listed)
    assert found.similarity_smallest == mean(near)


def test_the_pretrained_network():
    search = hand_made_analysis().circuits
    found = diagnose(search.masks, search.layout)
    assert (found.n_edges, found.n_smallest) == (10, 3)
    assert found.smallest_exact
    assert found.similarity_exact
    assert smallest_of(search.masks, search.layout).tolist() == [
        m for m in search.masks.tolist() if m.bit_count() == 10
    ]


def test_too_many_or_too_few_circuits_have_no_mean_similarity():
    search = hand_made_analysis().circuits
    assert mean_similarity(search.masks, search.layout, most=100) is None
    assert mean_similarity(search.masks[:1], search.layout) is None
    assert diagnose(mask_array([], SMALL), SMALL) is None
    assert diagnose(search.masks, search.layout, complete=False, smallest_complete=False).smallest_exact is False


def test_a_consensus_is_held_against_the_backbone():
    masks = mask_array([0b0111, 0b0011, 0b1011], SMALL)
    core = consensus(masks, SMALL, 0b0001)
    assert (core.edges, core.of, core.recall, core.precision) == (0b0011, 3, 1, Fraction(1, 2))
    most = consensus(masks, SMALL, 0b1101, Fraction(1, 3))
    assert (most.edges, most.recall, most.precision) == (0b1111, 1, Fraction(3, 4))
    apart = consensus(mask_array([0b01, 0b10], SMALL), SMALL, 0)
    assert (apart.edges, apart.recall, apart.precision) == (0, None, None)
    assert consensus(mask_array([], SMALL), SMALL, 0) is None


@pytest.mark.parametrize(
    ("verdict", "values"),
    [
        (redundancy_verdict, {"pass": "19/100", "warn": "49/100", "fail": "1/2"}),
        (contradiction_verdict, {"pass": "1/5", "warn": "1/2", "fail": "51/100"}),
        (similarity_verdict, {"pass": "4/5", "warn": "3/5", "fail": "59/100"}),
    ],
)
def test_the_verdicts_have_the_published_thresholds(verdict, values):
    assert {key: verdict(Fraction(text)) for key, text in values.items()} == {key: key for key in values}
