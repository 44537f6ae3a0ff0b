"""The plane of the inputs: a point moves, and values are those of the engine."""

from __future__ import annotations

import re

import numpy as np
import pytest

from analysis.networks.circuit import circuit_from_hex
from analysis.networks.mlp import activations, circuit_activations
from app.bundled import bundled_networks
from tests.browser.conftest import PHONE

pytestmark = pytest.mark.browser
NETWORKS = {file.slug: file.network for file in bundled_networks()}


@pytest.fixture
def expect(chromium):
    from playwright.sync_api import expect

    return expect


def shown(tab) -> dict[str, float]:
    """What the page says at the point, by name, at full precision."""
    return tab.locator("[data-show]").evaluate_all(
        "(all) => Object.fromEntries(all.map((e) => [e.dataset.show, Number(e.value)]))"
    )


def point_of(found: dict[str, float]) -> np.ndarray:
    return np.array([[found[name] for name in "ABC" if name in found]])


def same_as_engine(found: dict[str, float], layers) -> None:
    for number, layer in enumerate(layers):
        for neuron, value in enumerate(layer[0]):
            name = "ABC"[neuron] if number == 0 else "y" if number == len(layers) - 1 else f"n{number}.{neuron}"
            if name in found:
                assert found[name] == pytest.approx(value, abs=1e-6), name


@pytest.mark.parametrize("slug", ["xor-pretrained", "alice-and-bob", "majority-3-3"])
def test_a_dragged_point_shows_the_values_of_the_engine(tab, expect, slug):
    tab.goto(f"/networks/{slug}")
    square = tab.locator("svg.plane-square").first
    square.scroll_into_view_if_needed()
    before = shown(tab)
    same_as_engine(before, activations(NETWORKS[slug], point_of(before)))
    box = square.locator(".pl-frame").bounding_box()
    tab.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.75, steps=4)
    tab.mouse.up()
    found = shown(tab)
    assert (found["A"], found["B"]) == pytest.approx((0.9, 0.25), abs=0.02)
    assert len(found) >= len(NETWORKS[slug].sizes) + 2
    same_as_engine(found, activations(NETWORKS[slug], point_of(found)))
    drawn = tab.locator('.top figure.diagram g[data-el="n1.1"] .at-point')
    expect(drawn).to_have_text(f"{abs(found['n1.1']):.3f}" if found["n1.1"] >= 0 else f"−{abs(found['n1.1']):.3f}")
    if slug == "majority-3-3":
        assert found["C"] == 0.0, "the slice that was clicked"


def test_the_point_of_a_circuit_moves_by_keyboard_with_everything_else_ablated(tab, expect):
    mask = "081ff"
    tab.goto(f"/networks/xor-pretrained/circuits/{mask}")
    slider = tab.get_by_role("slider", name="A")
    slider.focus()
    tab.keyboard.press("Home")
    for _ in range(3):
        tab.keyboard.press("ArrowRight")
    found = shown(tab)
    assert found["A"] == pytest.approx(0.03)
    network = NETWORKS["xor-pretrained"]
    layers = circuit_activations(network, circuit_from_hex(mask, network.sizes), point_of(found))
    same_as_engine(found, layers)
    assert "n2.1" not in found, "it is cut"
    assert found["decision"] == int(layers[-1][0, 0] > 0.5)
    expect(tab.locator(".plane-values")).to_contain_text(re.compile(r"decides\s*[01]"))


def test_a_finger_moves_the_point_and_scrolls_elsewhere(visitor, expect):
    tab = visitor(**PHONE)
    tab.goto("/networks/xor-pretrained")
    square = tab.locator("svg.plane-square .pl-frame").first
    square.scroll_into_view_if_needed()
    box = square.bounding_box()
    tab.touchscreen.tap(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.25)
    found = shown(tab)
    assert (found["A"], found["B"]) == pytest.approx((0.25, 0.75), abs=0.02)


def test_without_scripts_the_picture_stays(visitor, expect):
    tab = visitor(java_script_enabled=False)
    tab.goto("/networks/xor-pretrained")
    expect(tab.locator("svg.plane-square")).to_be_visible()
    expect(tab.locator(".pl-point")).to_be_hidden()
    expect(tab.get_by_role("slider")).to_have_count(0)
