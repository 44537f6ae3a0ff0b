"""Bars of the funnel: lengths that keep their order, segments that are there only where there is something."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from app.figures.svg.funnel import funnel_bar, funnel_thumb
from app.figures.svg.ground import Lane, ground_figure, ground_thumb

SVG = "{http://www.w3.org/2000/svg}"


def drawn(markup):
    """Class → (start, length) of each piece, and the sentence."""
    root = ET.fromstring(markup)  # noqa: S314  # our own output
    pieces = {rect.get("class"): (float(rect.get("x")), float(rect.get("width"))) for rect in root.iter(f"{SVG}rect")}
    lines = [path.get("class") for path in root.iter(f"{SVG}path")]
    assert root.get("aria-label") == root.find(f"{SVG}title").text
    return pieces, lines, root.get("aria-label")


@pytest.mark.parametrize("of", [10, 197, 10**60])
def test_more_is_longer(of):
    lengths = [drawn(funnel_bar(n, of=of))[0]["b"][1] for n in (1, 2, 5, 10)]
    assert lengths == sorted(lengths)
    assert 0 < lengths[0] <= 240
    assert drawn(funnel_bar(of, of=of))[0]["b"] == (0, 240)
    assert "b" not in drawn(funnel_bar(0, 4, of=of))[0]


def test_each_outcome_has_its_own_piece_and_words():
    pieces, lines, words = drawn(funnel_bar(10, 50, 20, 20, of=100, kind="circuit"))
    assert set(pieces) == {"lost", "fb-open", "b"}
    assert lines == ["fb-na"]
    assert pieces["b"][1] <= pieces["fb-open"][0] + 0.1
    assert words == "10 of 100 circuits passed, 50 failed, 20 undecided, not applicable to 20"


def test_a_thumb_says_every_number_and_draws_what_is_left():
    pieces, _, words = drawn(funnel_thumb([("valid", 197), ("a criterion with a long name", 0)], title="Left"))
    assert pieces["b"][1] == 0
    assert words == "Left. valid: 197; a criterion with a long name: 0."


@pytest.mark.parametrize("width", [248.0, 350.0, 620.0])
def test_the_common_ground_has_a_mark_for_each_number_within_its_lanes(width):
    hill = {415: 1, 723: 10**60}
    lanes = [Lane("3 valid alignments", "", {36: 3}, True), Lane("", "", {0: 1, 700: 10**6}, False)]
    if width == 248.0:
        drawn, others = ground_thumb(hill, lanes, 756, sentence="It"), {"415", "756"}
    else:
        told = {"sentence": "It", "right_on_all": "none", "width": width}
        drawn = ground_figure(Lane("2 of them", "", hill, True), lanes, 756, **told)
        others = {"3 valid alignments", "right on all: none", "worst 415", "best 723", "756 of 756"}
    found = ET.fromstring(drawn)  # noqa: S314
    _, _, wide, high = map(float, found.get("viewBox").split())
    boxes = [[float(one.get(name)) for name in ("x", "y", "width", "height")] for one in found.iter(f"{SVG}rect")]
    assert len(boxes) == 5 + (width > 248)  # the column of what is right on all
    assert all(-8 <= x <= x + across <= wide and 0 <= y <= y + up <= high for x, y, across, up in boxes)
    assert others <= {one.text for one in found.iter(f"{SVG}text")}
