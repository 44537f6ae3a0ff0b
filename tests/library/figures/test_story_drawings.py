"""Dots and cuts: as many dots as there are, at their place; yes from the cut on."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from pluriscope.figures.svg.story import threshold_line, unit_of
from pluriscope.figures.svg.vessels import NARROW, WIDE, Reading


@pytest.mark.parametrize(
    ("most", "columns", "unit"),
    [(1, 38, 1), (38, 38, 1), (39, 38, 2), (190, 38, 5), (380, 38, 10), (900, 38, 25), (9_000_000, 38, 250_000)],
)
def test_a_dot_stands_for_a_round_number(most, columns, unit):
    assert unit_of(most, columns) == unit


@pytest.mark.parametrize("geometry", [WIDE, NARROW])
def test_values_above_a_cut_are_those_of_which_it_says_yes(geometry):
    read = [Reading((1, 1), (0, 1, 0, 1), "P", 1.29), Reading((1, 1), (0, 0, 0, 1), "Q", 1.78)]
    drawn = threshold_line((0.39, 1.35, 1.23, 2.2), ("00", "01", "10", "11"), read, geometry, about="A neuron")
    root = ET.fromstring(drawn)  # noqa: S314
    at = dict(
        zip(("00", "10", "01", "11"), sorted(float(one.get("cx")) for one in root.iter() if one.get("cx")), strict=True)
    )
    starts = [float(one.get("d").split()[0][1:]) for one in root.iter() if one.get("class") == "vs-yes"]
    assert [{name for name, x in at.items() if x > start} for start in starts] == [{"01", "11"}, {"11"}]
    assert "P says yes above 1.29: B; Q says yes above 1.78: A and B" in drawn
    width = float(root.get("viewBox").split()[2])
    assert all(0 <= x <= width for x in at.values())
