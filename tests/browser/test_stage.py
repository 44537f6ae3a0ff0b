"""The first page of a network at work: by mouse, by keys, by touch, without scripts."""

from __future__ import annotations

import pytest

from tests.browser.conftest import eventually

pytestmark = pytest.mark.browser
NETWORK = "/networks/xor-pretrained"
SAID = "#runs figcaption [data-caption]"


def test_parts_are_folded_on_a_phone_alone(tab):
    from playwright.sync_api import expect

    parts = tab.locator("details.phone-fold")
    tab.goto(NETWORK)
    expect(parts.locator("> summary:visible")).to_have_count(0)
    expect(parts.locator("> div:visible")).to_have_count(parts.count())
    stops = "document.activeElement.closest('.stage') !== null"
    assert next(n for n in range(1, 40) if tab.keyboard.press("Tab") or tab.evaluate(stops)) <= 17  # of the drawing
    tab.set_viewport_size({"width": 390, "height": 844})
    expect(parts.locator("> summary:visible")).to_have_count(parts.count())
    drawn = tab.locator("#runs svg:visible").bounding_box()
    assert drawn["y"] + drawn["height"] <= 844  # the verdict and the network stand on the first screen
    assert tab.locator(".answer .lead").bounding_box()["y"] < drawn["y"]
    expect(tab.locator(SAID)).to_be_visible()


def test_rows_run_neurons_explain_themselves_and_inputs_turn(tab):
    from playwright.sync_api import expect

    tab.emulate_media(reduced_motion="reduce")
    tab.goto(NETWORK)
    said, rows, drawing = tab.locator(SAID), tab.locator("#runs tbody tr"), tab.locator("#runs .only-wide")
    rows.nth(3).hover()
    expect(said).to_have_text("Input 1 1: output 0.00, not above 0.5, so it answers 0.")
    drawing.locator(".vs[data-el='n1.1']").hover()
    expect(said).to_have_text("n1.1 = leaky ReLU of 0.85 × 1 + 0.97 × 1 + 0.39 = 2.20.")
    expect(drawing.locator(".vs-weight:visible")).to_have_count(2)
    assert {
        tab.evaluate("(part) => getComputedStyle(part).opacity", one)
        for one in drawing.locator(".vs").element_handles()
    } == {"1"}
    drawing.locator(".vs[data-el='A']").click()
    rows.nth(1).locator("a[href]").wait_for()
    expect(rows.nth(1)).to_have_attribute("aria-current", "true")
    tab.mouse.move(1, 1)
    expect(said).to_have_text("Input 0 1: output 1.04, above 0.5, so it answers 1.")
    tab.get_by_text("weights", exact=True).click()
    expect(drawing.locator(".vs-weight:visible")).to_have_count(18)
    rows.nth(3).locator("a").focus()
    expect(said).to_contain_text("Input 1 1")
    tab.keyboard.press("Tab")
    expect(rows.nth(1)).to_have_attribute("aria-current", "true")  # as the address says
    assert tab.url.endswith("?row=1")
    expect(drawing.get_by_role("button")).to_have_count(2)
    expect(drawing.locator(".vs[data-el='n1.1']")).to_have_attribute("aria-label", "n1.1, now 1.35")
    rows.nth(0).locator("a").focus()
    expect(said).to_contain_text("Input 0 0")
    tab.keyboard.press("Enter")
    eventually(tab, lambda: tab.url.endswith(f"{NETWORK}?row=0"), True)
