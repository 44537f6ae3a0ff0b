"""The drawing of a running network: values, what was changed by hand, links that are named."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from app.figures.svg import ByHand, FlowLink, flow_diagram

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


def test_what_a_changed_neuron_feeds_is_ink_and_the_rest_pale():
    classes = [path.get("class") for path in drawn().iter(f"{SVG}path")]
    assert classes.count("e-bg") + classes.count("e-bg neg") == 5
    assert classes.count("e-pos") == 1
    unchanged = [path.get("class") for path in drawn(after=BEFORE, changes={}).iter(f"{SVG}path")]
    assert not [name for name in unchanged if name.startswith("e-bg")]


def test_a_changed_edge_carries_its_label_and_its_own_value():
    svg = drawn(changes={(2, 0, 1): ByHand("← 10", 2.0)}, after=[[1.0, 0.0], [1.0, 0.5], [-1.0]], links={})
    assert "← 10" in words(svg)
    inked = [path for path in svg.iter(f"{SVG}path") if path.get("class") == "e-neg"]
    assert len(inked) == 1, "2.0 × −1"


def test_what_is_hidden_is_not_in_the_drawing():
    svg = drawn(after=None)
    shown = words(svg)
    assert shown.count("hidden") == 1, "the output; the other neuron of the layer is not reached"
    assert "0.50 hidden" not in shown
    assert "−0.50" not in shown
    assert "1.00 → 0.00" in shown, "what is written by hand is known"


def test_links_make_it_a_group_with_named_members():
    svg = drawn()
    assert (svg.get("role"), svg.get("aria-label")) == ("group", "a < b")
    (link,) = svg.iter(f"{SVG}a")
    assert link.attrib == {"href": '/x?a=1&b="2"', "aria-label": "n1.0: undo", "id": "at-1-0"}
    plain = drawn(links={})
    assert plain.get("role") == "img"
    assert not list(plain.iter(f"{SVG}a"))
    hidden = [group for group in svg if group.get("aria-hidden") == "true"]
    assert not [inner for group in hidden for inner in group.iter(f"{SVG}a")], "no link is hidden from readers"


def test_values_beyond_float64_and_wide_layers_are_drawn():
    wide = [[[1.0]] * 60, [[1.0] * 60]]
    layers = [[1.0], [1.0] * 60, [None]]
    svg = drawn(before=layers, after=layers, changes={}, links={}, weights=wide)
    assert "—" in words(svg)
    assert "nan" not in ET.tostring(svg).decode().lower()
