"""A network as vessels: levels, numbers, marks and lines say what the values are."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.figures.svg.vessels import NARROW, SMALL, WIDE, Reading, Vessels, full_at, in_words, level, running
from tests.library.figures.samples import WEIGHTS, random_weights

SVG = "{http://www.w3.org/2000/svg}"
VALUES = ((0, 1), (0.09, -0.5, 2.0), (0.5, None, 4.0), (0.6,))


def parts(markup: str) -> dict[str, ET.Element]:
    """Neurons and lines of a drawing by their names."""
    return {one.get("data-el", ""): one for one in ET.fromstring(markup).iter() if one.get("data-el")}  # noqa: S314


def said(part: ET.Element, css: str) -> str:
    [found] = [one for one in part.iter() if css in (one.get("class") or "").split()]
    return found.text or found.get("d") or ""


def said_below(part: ET.Element) -> str:
    return "".join(one.get("d", "") for one in part.iter() if "vs-below" in (one.get("class") or "")) or "none"


@pytest.mark.parametrize(
    ("share", "top"), [(-9.0, 129.1), (-0.75, 115), (-0.1, 76), (0.0, None), (0.25, 115), (0.75, 85), (1.0, 70.9)]
)
def test_a_level_is_as_high_as_its_value(share, top):
    path = level(50, 100, 30, share)
    assert (top is None) == (path == "")
    if top is not None:
        found = [float(number) for number in re.findall(r"-?[\d.]+", path)]
        assert found[1] == found[-1] == pytest.approx(top, abs=0.1)
        assert np.hypot(found[0] - 50, found[1] - 100) == pytest.approx(30, abs=0.1)
        assert (found[5], found[6]) == (abs(share) > 0.5, share < 0)  # below the level, or above it


def test_hardly_anything_in_a_vessel_can_be_drawn():
    assert level(50, 300.125, 17.3, 1e-16)


@pytest.mark.parametrize("geometry", [WIDE, NARROW])
def test_numbers_levels_and_the_answer_are_those_of_the_values(geometry):
    drawn = Vessels(WEIGHTS, VALUES, 2.0, geometry, sentence="XOR on 01").drawn()
    found = parts(drawn)
    assert {name: said(found[name], "vs-bit") for name in "AB"} == {"A": "0", "B": "1"}
    assert ("vs-one" in found["A"].get("class"), "vs-one" in found["B"].get("class")) == (False, True)
    numbers = {name: said(part, "vs-value") for name, part in found.items() if name[0] in "ny" and "→" not in name}
    assert numbers == {"n1.0": "0.09", "n1.1": "−0.50", "n1.2": "2.00", "n2.0": "0.50", "n2.1": "", "n2.2": "4.00",
                       "y": "0.60"}  # fmt: skip
    empty = {name for name in numbers if not said(found[name], "vs-level")}
    assert empty == {"n2.1"}
    assert {name for name in numbers if said(found[name], "vs-level") == said_below(found[name])} == {"n1.1"}
    assert "vs-says-1" in drawn
    assert said(found["n1.2"], "vs-level").split("A", 1)[1] != ""
    assert {name for name in found if "→" in name} >= {"A→n1.0", "n1.2→n2.0", "n2.1→y"}


@pytest.mark.parametrize(("output", "answer"), [(0.5, "0"), (0.51, "1"), (2.6, "1"), (-1.0, "0"), (None, "q")])
def test_an_output_above_the_mark_says_1(output, answer):
    assert f"vs-says-{answer}" in Vessels(WEIGHTS, (*VALUES[:3], (output,)), 2.0, sentence="XOR").drawn()


def test_what_is_read_is_said_in_words_with_the_cell_of_the_input():
    both = [Reading((1, 1), (0, 1, 0, 1), "P"), Reading((1, 1), (0, 0, 0, 1), "Q")]
    drawn = str(Vessels(WEIGHTS, VALUES, 2.0, sentence="XOR", readings=both, row=1).drawn())
    assert re.findall(r'class="vs-words"[^>]*>([^<]*)<', drawn)[::-1] == ["B", "A and B"]
    assert re.findall(r'class="vs-letter"[^>]*>([^<]*)<', drawn)[::-1] == ["P", "Q"]
    assert drawn.count('class="vs-here"') == 2
    names = [in_words(tuple(map(int, bits))) for bits in ("0110", "1000", "0111", "0010", "00010111")]
    assert names == ["A xor B", "not (A or B)", "A or B", "only A", ""]


@pytest.mark.parametrize("sizes", [(1, 1, 1), (2, 3, 3, 1), (3, 4, 4, 4, 1), (5, 14, 3, 1)])
def test_any_network_fits_in_its_drawing_and_runs_in_a_browser(sizes):
    weights = random_weights(sizes, 1)
    network = Network(weights, tuple(np.zeros(size) for size in sizes[1:]), "tanh", "linear", None)
    rows = input_table(sizes[0])
    layers = activations(network, rows)
    values = [layer[-1].tolist() for layer in layers]
    for geometry in (WIDE, NARROW, SMALL):
        root = ET.fromstring(Vessels(weights, values, full_at(layers), geometry, sentence="N").drawn())  # noqa: S314
        _, _, width, height = map(float, root.get("viewBox").split())
        for one in root.iter(f"{SVG}circle"):
            x, y, r = (float(one.get(key)) for key in ("cx", "cy", "r"))
            assert 0 <= x - r < x + r <= width
            assert 0 <= y - r < y + r <= height
        frame = next(one for one in root.iter(f"{SVG}rect") if one.get("class") == "vs-frame")
        left, wide = float(frame.get("x")), float(frame.get("width"))
        ends = [float(re.findall(r"[\d.]+", one.get("d"))[2]) for one in root.iter() if one.get("class") == "vs-mark"]
        assert max(ends) + 4 <= left < left + wide <= width  # the answer's box is clear of the mark
    reply = running(network, 2.0)
    assert [len(layer) for layer in reply["names"]] == list(sizes)
    assert reply["activations"] == [("tanh",)] * (len(sizes) - 2) + [("linear",)]
