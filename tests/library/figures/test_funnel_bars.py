"""Bars of the funnel: lengths that keep their order, segments that are there only where there is something."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from pluriscope.figures.svg.funnel import funnel_bar

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
