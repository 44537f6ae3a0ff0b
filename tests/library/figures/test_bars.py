"""Bars across the page: as long as their numbers, each under its name."""

import xml.etree.ElementTree as ET

import pytest

from pluriscope.figures.svg.bars import Bar, bar_chart

SVG = "{http://www.w3.org/2000/svg}"


def spans(drawn):
    root = ET.fromstring(drawn)  # noqa: S314
    rects = [one for one in root.iter(f"{SVG}rect") if one.get("class") != "lost"]
    return [(float(one.get("x")[:-1]), float(one.get("width")[:-1])) for one in rects]


@pytest.mark.parametrize(
    ("values", "most", "expected"),
    [
        ([1.0, 0.5], None, [(0, 100), (0, 50)]),
        ([1.0, 0.5], 2.0, [(0, 50), (0, 25)]),
        ([3.0, -1.0], None, [(25, 75), (0, 25)]),
        ([-2.0, -1.0], None, [(0, 100), (50, 50)]),
        ([0.0], None, []),
        ([], None, []),
    ],
)
def test_bars_are_as_long_as_their_numbers(values, most, expected):
    assert spans(bar_chart([Bar("n", value) for value in values], title="T", most=most)) == expected


def test_names_and_numbers_are_written_and_told():
    drawn = bar_chart([Bar("<A>", 0.25, "2 of 8"), Bar("B" * 60, -0.5)], title="Shares")
    assert "Shares. &lt;A&gt; 2 of 8; " + "B" * 60 + " −0.50" in drawn
    texts = [one.text for one in ET.fromstring(drawn).iter(f"{SVG}text")]  # noqa: S314
    assert texts == ["<A>", "2 of 8", "B" * 34 + "…", "−0.50"]
