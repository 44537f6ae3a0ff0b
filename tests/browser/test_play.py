"""Play as people use it: by mouse, by keys alone, without scripts."""

from __future__ import annotations

import re

import pytest

from pluriscope.addresses.address import Addresses
from pluriscope.app.pages.example import PAIR
from tests.browser.conftest import PHONE, eventually, query

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def asked(site) -> str:
    """The page with three explanations asked."""
    alignment = site.listed("xor-pretrained", kind="alignment")["items"][0]["ref"]
    return Addresses().play("xor-pretrained", [*PAIR, alignment])


def test_patch_and_go_back(tab, expect, asked):
    tab.goto(asked)
    tab.evaluate("() => { window.sameDocument = true }")
    expect(tab.locator("#asked tbody tr")).to_have_count(3)
    tab.get_by_role("link", name="Patch: n1.0", exact=True).click()
    expect(tab.locator("[data-announce]")).to_have_text(re.compile("^The answer (stays|turns)"))
    expect(tab.get_by_role("link", name="Undo n1.0")).to_be_visible()
    expect(tab.locator("#does")).to_contain_text("with nothing changed")
    words = tab.locator(".head p").inner_text()
    tab.locator("#row-3").click()
    expect(tab.locator(".head p")).not_to_have_text(words)
    tab.go_back()
    expect(tab.locator(".head p")).to_have_text(words)
    assert tab.evaluate("() => window.sameDocument"), "all this took no page load"
    tab.locator("#asked tbody th a").first.click()
    expect(tab).to_have_url(re.compile("/explanations/"))


def test_steering_by_slider_and_by_neuron(tab, expect):
    tab.goto("/networks/xor-pretrained/analyses/steering")
    tab.evaluate("() => { window.sameDocument = true }")
    rows = tab.locator("#steered")
    before = rows.inner_text()
    slider = tab.get_by_role("slider", name=re.compile("^Dose"))
    slider.press("End")
    expect(rows).not_to_have_text(before)
    expect(tab).to_have_url(re.compile("dose=2"))
    expect(slider).to_be_focused()
    for _ in range(12):
        slider.press("ArrowLeft", delay=40)  # faster than answers come
    expect(tab.locator("[data-announce]")).to_contain_text("At dose 0.8 of the direction")
    expect(slider).to_have_value("0.8")
    slider.press("End")
    expect(tab).to_have_url(re.compile("dose=2"))
    tab.get_by_role("link", name=re.compile(r"^n2\.1, now \+0")).click()
    expect(tab.locator("figcaption").first).to_contain_text("2 × (1, 1, 0)")
    assert tab.evaluate("() => window.sameDocument"), "all this took no page load"


def test_by_keys_alone(tab, expect, asked):
    tab.goto(asked)
    neuron = tab.locator("#at-h1-1")
    for _ in range(80):
        tab.keyboard.press("Tab")
        if neuron.evaluate("node => node === document.activeElement"):
            break
    for words in ("undo", "^Patch: n1.1"):
        tab.keyboard.press("Enter")
        expect(neuron).to_have_attribute("aria-label", re.compile(words))
        expect(neuron).to_be_focused()
    tab.locator("#tool").focus()
    tab.keyboard.type("-0.5")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("group", name="Write", exact=True).locator("[aria-current]")).to_have_text("−0.5")
    tab.locator("#at-1-1-2-0").focus()
    tab.keyboard.press("Enter")
    expect(tab.locator(".bench")).to_contain_text("n1.1 → n2.0")
    tab.locator("#at-h1-2").focus()
    tab.keyboard.press("Enter")
    eventually(tab, lambda: query(tab).get("change"), ["1.1-2.0_v-0.5", "h1[2]_v-0.5"])


def test_on_a_phone_a_wide_drawing_is_seen_where_most_is_looked_at_and_stays_where_it_is_left(visitor, expect):
    tab = visitor(**PHONE)
    tab.goto("/networks/induction-attention/play")
    expect(tab.locator("#drawing .most").first).to_be_in_viewport()
    scroller = tab.locator("#drawing .scroll-x")
    scroller.evaluate("scroller => { scroller.scrollLeft = 450 }")
    tab.get_by_role("link", name="Patch: head 2.0", exact=True).tap(force=True)
    expect(tab).to_have_url(re.compile("change=2.0"))
    expect(tab.locator("#drawing .vs-ring")).to_be_in_viewport()
    assert scroller.evaluate("scroller => scroller.scrollLeft") == 450
