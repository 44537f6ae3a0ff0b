"""The plane of the inputs: a point moves, and values are those of the engine."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.networks.mlp import activations
from app.bundled import bundled_networks

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
