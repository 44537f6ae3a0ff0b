"""The drawing of a running network: values, what was changed by hand, links that are named."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from app.figures.svg.flow import ByHand, FlowLink, flow_diagram

WEIGHTS = [[[1.0, -2.0], [0.5, 0.0]], [[1.0, -1.0]]]
BEFORE = [[1.0, 0.0], [1.0, 0.5], [0.5]]
AFTER = [[1.0, 0.0], [0.0, 0.5], [-0.5]]
SVG = "{http://www.w3.org/2000/svg}"
HAND = {(1, 0, None): ByHand("= 0", 0.0)}
LINKS = {(1, 0, None): FlowLink('/x?a=1&b="2"', "n1.0: undo", "at-1-0")}


def drawn(before=BEFORE, after=AFTER, changes=HAND, links=LINKS, weights=WEIGHTS, **more):
    return ET.fromstring(flow_diagram(weights, before, after, changes, links, sentence="a < b", **more))  # noqa: S314  # our own


def words(svg) -> str:
    return re.sub(r"\s+", " ", " ".join("".join(text.itertext()) for text in svg.iter(f"{SVG}text")))


def test_values_before_and_after_stand_where_they_differ():
    shown = words(drawn())
    assert "n1.0 = 0" in shown
    assert "1.00 → 0.00" in shown
    assert "−0.50 was 0.50" in shown
    assert shown.count("→") == 1, "n1.1 stays"


def test_values_beyond_float64_and_wide_layers_are_drawn():
    wide = [[[1.0]] * 60, [[1.0] * 60]]
    layers = [[1.0], [1.0] * 60, [None]]
    svg = drawn(before=layers, after=layers, changes={}, links={}, weights=wide)
    assert "—" in words(svg)
    assert "nan" not in ET.tostring(svg).decode().lower()
