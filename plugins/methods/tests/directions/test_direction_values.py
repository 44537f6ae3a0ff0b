"""The value of an alignment on directions: its text, its id, and what is refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pluriscope.analysis.errors import InvalidPlacement
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.interventions.subspace import Subspace, number_text, swap_rows
from pluriscope.analysis.placements.directions import DirectionPlacement, parse_directions
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope_methods.directions.integers import integer_directions, n_integer_directions
from tests.oracles.brute_force_directions import small_integer_rows

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-9)


@settings(max_examples=60)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_reads_back_as_the_same_float(number) -> None:
    text = number_text(number)
    assert float(text) == number
    assert "+" not in text


@st.composite
def places(draw):
    width = draw(st.integers(1, 4))
    k = draw(st.integers(1, width))
    rows = draw(st.lists(st.lists(NUMBERS, min_size=width, max_size=width), min_size=k, max_size=k))
    oblique = draw(st.none() | st.lists(st.lists(NUMBERS, min_size=width, max_size=width), min_size=k, max_size=k))
    return draw(st.integers(1, 3)), rows, oblique or ()


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.lists(places(), max_size=2))
@example([(1, [[35_629.0, 2.0], [1.0, 0.0]], ())])  # a quotient of float64 missed the second value by 0.0015
def test_an_alignment_is_its_text(drawn) -> None:
    made = {}
    for number, (layer, rows, oblique) in enumerate(drawn):
        try:
            made[f"{number:b}"] = Subspace.of(layer, rows, oblique)
        except InvalidPlacement:
            continue
    alignment = DirectionPlacement.of("(A&B)", made)
    again = parse_directions("(A&B)", alignment.text)
    assert again == alignment
    assert again.id == alignment.id
    for _, place in alignment.places:  # every read-out moves by what is asked, and no other
        moves = swap_rows([place])
        for row, read in enumerate(place.reads):
            for column, move in enumerate(moves.tolist()):
                terms = [Fraction(w) * Fraction(e) for w, e in zip(read, move, strict=True)]
                off = abs(sum(terms) - (row == column))
                assert off <= sum(map(abs, terms)) * Fraction(1, 1 << 52)  # E is rounded once, nothing else


def test_known_text_and_ids_of_their_own() -> None:
    alignment = DirectionPlacement.of(
        "(A&B)", {"1": Subspace.of(1, [[0, 1, -1]]), "0": Subspace.of(2, [[1, -0.0, 0.5]], [[1, 2, 1e-7]])}
    )
    assert alignment.text == "0@2=1,0,0.5/1,2,1e-7;1@1=0,1,-1"
    assert DirectionPlacement.of("(A&B)", ()).id != NeuronPlacement.of("(A&B)", ()).id
    assert Subspace.of(1, [[1, 2]], [[1, 2]]) == Subspace.of(1, [[1, 2]])


@pytest.mark.parametrize(
    "text",
    ["0", "0@0=1", "0@1=", "0@1=1,,2", "0@1=nan", "0@1=1e999", "0@1=0,0", "0@1=1,2/2,-1", "0@1=1,2_2,4", "0@1=1.0,2",
     "0@1=1_2", "1@1=1;0@1=1", "0@1=1;0@1=1", "0@1=+1", "0@1=1_1,2", "0@1=1,2;", "2@1=1", "0@1=" + "1," * 20_000],
)  # fmt: skip
def test_other_texts_are_refused(text) -> None:
    with pytest.raises(InvalidPlacement):
        parse_directions("(A&B)", text)


@pytest.mark.parametrize("scale", [1e-140, 1.0, 1e140])
@pytest.mark.parametrize(
    ("reads", "swaps", "can"),
    [
        ([[1, 2]], [[2, -1]], False),  # exactly across
        ([[1, 2]], [[2, -1 + 1e-12]], False),  # across up to rounding, however long the rows
        ([[1, 2]], [[2, -1 + 1e-6]], True),
        ([[0.1, 0.2, 0.3]], [[1, 1, -1]], False),  # 0.1 + 0.2 − 0.3 is 2.8e-17 in float64
        ([[1, 1], [1, 1 + 1e-12]], (), False),
        ([[1, 1], [1, 1 + 1e-6]], (), True),
        ([[1, 0], [0, 0]], (), False),
    ],
)
def test_what_can_be_set_is_judged_by_an_angle(reads, swaps, can, scale) -> None:
    place = Subspace(1, *(tuple(tuple(scale * float(x) for x in row) for row in rows) for rows in (reads, swaps)))
    assert (place.problem == "") == can


def test_read_outs_of_a_layer_must_be_independent() -> None:
    same = Subspace.of(1, [[1, 1]])
    other = Subspace.of(1, [[2, 2.0]])
    with pytest.raises(InvalidPlacement, match="set at once"):
        DirectionPlacement.of("x", {"0": same, "1": other}).check_apart()
    DirectionPlacement.of("x", {"0": same, "1": Subspace.of(2, [[1, 1]])}).check_apart()
    with pytest.raises(InvalidPlacement):
        Subspace.of(1, [[1, 1], [1, 1]])
    assert Subspace.on_neurons(NeuronSet(1, (0, 2)), 3).reads == ((1, 0, 0), (0, 0, 1))


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_every_small_integer_direction_once(width) -> None:
    rows = [place.reads[0] for place in integer_directions(1, width)]
    assert len(set(rows)) == len(rows) == n_integer_directions(width) == len(small_integer_rows(width))
    plain = {tuple(map(abs, row)) for row in small_integer_rows(width)}
    assert {tuple(map(abs, row)) for row in rows} == plain
    assert {row[np.flatnonzero(row)[0]] for row in rows} == {1}
