"""Figures read in rows: every group of every step at its place, whole labels, nothing outside the axis."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from pluriscope.figures.svg.studies import Axis, Ladder, LadderRow, LadderStep, ladder_drawing


def row(label, values, median):
    dots = [(float(value), False) for value in values]
    return LadderRow(label, sum(values) / len(values), f"{median}", f"{label}: mean & median", dots, median)


STEPS = (
    LadderStep("paper", (row("2-2", [0, 2, 40], 2.0), row("3-3", [4, 900, 8], 8.0))),
    LadderStep("strict", (row("2-2", [1, 1, 0], 1.0), row("3-3", [1, 2, 1], 1.0))),
)


def test_values_below_one_are_told_apart():
    """A logarithmic axis has no place below its zero line, so shares are drawn on an even one."""
    axis = Axis.of((LadderStep("reached", (row("3-3", [0.004, 0.3, 1], 0.3),)),), True, False)
    assert not axis.log
    assert axis.place(0.004) == 0.004 / 1.04
    assert [label for _, label in axis.ticks(6)] == ["0", "0.25", "0.5", "0.75", "1"]


def test_values_below_zero_have_their_place():
    axis = Axis.of((LadderStep("gain", (row("3-3", [-2, 0, 3], 0.0),)),), True, False)
    assert not axis.log
    assert (axis.place(-2), axis.place(0), axis.place(3)) == (0, 2 / 5.2, 5 / 5.2)
    assert [label for _, label in axis.ticks(6)] == ["−2", "−1", "0", "1", "2", "3"]


def test_zero_stands_on_a_line_of_its_own_where_the_axis_is_logarithmic():
    axis = Axis.of(STEPS, True, False)
    assert axis.log
    assert axis.place(0) == axis.place(axis.low) == 0
    assert axis.low < 1
    assert axis.ticks(6)[0] == (axis.low, "0")
    assert not Axis.of(STEPS[1:], True, False).log


@pytest.mark.parametrize("log", [True, False])
def test_drawings_are_whole(log):
    drawing = ladder_drawing(Ladder(STEPS, "n", log, False), "From many to one", ["a & b"])
    assert ("n, log scale" in drawing, "m-bar" in drawing) == (log, not log)  # a length on such a scale says nothing
    root = ET.fromstring(drawing)  # noqa: S314  # our own output
    circles = [node for node in root.iter() if node.tag.endswith("circle")]
    assert len(circles) == 12
    width = float(root.attrib["viewBox"].split()[2])
    assert all(0 <= float(node.attrib["cx"]) <= width for node in circles)
