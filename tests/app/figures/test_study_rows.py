"""Ladders and stacks read in rows: every group of every step at its place, whole labels, nothing outside the axis."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from app.figures.studies import Dot, Strip, strips_plot
from app.figures.study_rows import Axis, LadderRow, LadderStep, Stack, ladder_plot, places, stacks_plot
from app.figures.svg.study_rows import ladder_drawing, stacks_drawing


def row(label, values, median):
    dots = tuple(Dot(float(value)) for value in values)
    strip = Strip(label, dots, None, median, None, told=lambda place: (f"{label} {values[place]}", "/networks/x"))
    return LadderRow(label, sum(values) / len(values), strip, None, None, f"{median}", f"{label}: mean & median")


STEPS = (
    LadderStep("paper", (row("2-2", [0, 2, 40], 2.0), row("3-3", [4, 900, 8], 8.0))),
    LadderStep("strict", (row("2-2", [1, 1, 0], 1.0), row("3-3", [1, 2, 1], 1.0))),
)


def test_a_ladder_has_a_bar_for_each_group_of_each_step_and_a_dot_for_each_network():
    figure = ladder_plot(STEPS, x_title="alignments", told_title="median", log=True, share=False)
    bars, dots = figure["data"]
    heads, rows, _ = places(STEPS)
    assert bars["y"] == [at for block in rows for at in block]
    assert figure["layout"]["yaxis"]["ticktext"] == ["2-2", "3-3", "2-2", "3-3"]
    assert [note["text"] for note in figure["layout"]["annotations"] if note["y"] in heads] == ["paper", "strict"]
    assert len(dots["x"]) == 12
    assert bars["base"] + bars["x"][1] == pytest.approx(304)
    assert [shape["x0"] for shape in figure["layout"]["shapes"]] == [2.0, 8.0, 1.0, 1.0]


def test_values_below_one_are_told_apart():
    """A logarithmic axis has no place below its zero line, so shares are drawn on an even one."""
    axis = Axis.of((LadderStep("reached", (row("3-3", [0.004, 0.3, 1], 0.3),)),), True, False)
    assert not axis.log
    assert axis.value(0.004) == 0.004
    assert [label for _, label in axis.ticks] == ["0", "0.25", "0.5", "0.75", "1"]


def test_zero_stands_on_a_line_of_its_own_where_the_axis_is_logarithmic():
    axis = Axis.of(STEPS, True, False)
    assert axis.log
    assert axis.value(0) == axis.floor < 1
    assert axis.ticks[0] == (axis.floor, "0")
    figure = ladder_plot(STEPS, x_title="", told_title="", log=True, share=False)
    assert min(figure["data"][1]["x"]) == axis.floor
    assert not Axis.of(STEPS[1:], True, False).log


def test_shares_have_their_interval_and_a_whole_axis():
    strip = Strip("2-2", (), None, None, None)
    steps = (LadderStep("one", (LadderRow("2-2", 0.25, strip, 0.1, 0.5, "25%", "2-2: 1 of 4"),)),)
    figure = ladder_plot(steps, x_title="share", told_title="", log=True, share=True)
    assert figure["data"][0]["x"] == [0.25]
    assert (figure["layout"]["shapes"][0]["x0"], figure["layout"]["shapes"][0]["x1"]) == (0.1, 0.5)
    assert figure["layout"]["xaxis"]["ticktext"][-1] == "100%"


def test_stacks_cut_every_group_into_all_categories():
    stacks = (Stack("2-2", (0.5, 0.45, 0.05), ("a", "b", "c")), Stack("3-3", (0.2, 0.8, 0.0), ("d", "e", "<f>")))
    figure = stacks_plot(("Alice only", "Bob only", "neither"), stacks)
    assert [trace["name"] for trace in figure["data"]] == ["Alice only", "Bob only", "neither"]
    assert figure["data"][2]["text"] == ["", ""]
    assert sum(trace["x"][0] for trace in figure["data"]) == pytest.approx(1)
    ET.fromstring(stacks_drawing(("Alice only", "Bob only", "neither"), stacks, sentence="Who?", notes=["a < b"]))  # noqa: S314  # our own output


@pytest.mark.parametrize("log", [True, False])
def test_drawings_are_whole(log):
    drawing = ladder_drawing(
        STEPS, x_title="n", told_title="median", log=log, share=False, sentence="From many to one", notes=["a & b"]
    )
    root = ET.fromstring(drawing)  # noqa: S314  # our own output
    circles = [node for node in root.iter() if node.tag.endswith("circle")]
    assert len(circles) == 12
    width = float(root.attrib["viewBox"].split()[2])
    assert all(0 <= float(node.attrib["cx"]) <= width for node in circles)


@pytest.mark.parametrize(("values", "whole"), [([0, 1, 2], True), ([0, 0.5, 2], False), ([0, 40], False), ([], False)])
def test_counts_that_are_small_have_no_ticks_between_whole_numbers(values, whole):
    strip = Strip("3-3", tuple(Dot(float(value)) for value in values), None, None, None)
    axis = strips_plot([strip], y_title="algorithms", x_title="width")["layout"]["yaxis"]
    assert (axis.get("dtick") == 1) == whole
