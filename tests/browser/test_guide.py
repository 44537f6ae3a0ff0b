"""The guided pages: seven ordinary pages with a few words above them, by mouse, by keyboard and without scripts."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import PHONE, eventually

pytestmark = pytest.mark.browser
STEPS = 7


def banner(tab, number):
    return tab.get_by_role("complementary", name=f"Guide, step {number} of {STEPS}")


def test_a_first_visitor_is_led_through_one_network_by_keyboard(visitor):
    from playwright.sync_api import expect

    tab = visitor()
    tab.goto("/guide")
    tab.get_by_role("link", name="Start").focus()
    tab.keyboard.press("Enter")
    seen = []
    for number in range(1, STEPS + 1):
        expect(banner(tab, number)).to_be_visible()
        expect(tab.get_by_role("heading", level=1)).to_have_count(1)
        assert f"tour={number}" in tab.url
        seen.append(tab.url.partition("?")[0])
        if number < STEPS:
            banner(tab, number).get_by_role("link", name="Next").focus()
            tab.keyboard.press("Enter")
    assert len(set(seen)) == STEPS
    assert "/networks/xor-pretrained" in seen[0]
    assert re.search(r"/circuits/[0-9a-f]+$", seen[2])
    assert re.search(r"/interpretations/\d+$", seen[3])
    assert re.search(r"/alignments/[0-9a-f]+$", seen[4])
    assert seen[5].endswith("/compare")
    banner(tab, STEPS).get_by_role("link", name="Previous").click()
    expect(banner(tab, STEPS - 1)).to_be_visible()
    banner(tab, STEPS - 1).get_by_role("link", name="Leave the guide").click()
    eventually(tab, lambda: (tab.url.partition("?")[0], "tour=" in tab.url), (seen[5], False))
    expect(tab.get_by_role("heading", level=1)).to_have_count(1)
    expect(tab.get_by_role("complementary", name="Guide")).to_have_count(0)


@pytest.mark.parametrize("options", [{"java_script_enabled": False}, PHONE], ids=["without scripts", "on a phone"])
def test_the_tour_needs_neither_scripts_nor_width(visitor, options):
    from playwright.sync_api import expect

    tab = visitor(**options)
    tab.goto("/guide")
    expect(tab.get_by_role("listitem").filter(has=tab.get_by_role("heading", level=2))).to_have_count(STEPS)
    tab.get_by_role("link", name="Start").click()
    for number in range(1, STEPS + 1):
        expect(banner(tab, number)).to_be_visible()
        if options is PHONE:
            assert tab.locator("html").evaluate("e => [e.scrollWidth, innerWidth]") == [390, 390]
        if number < STEPS:
            banner(tab, number).get_by_role("link", name="Next").click()
    expect(banner(tab, STEPS).get_by_role("link", name="All networks")).to_be_visible()


def test_what_is_copied_on_the_tour_is_the_page_alone(tab):
    tab.goto("/networks/xor-pretrained?tour=1")
    assert "tour" not in tab.locator("[data-copy]").first.get_attribute("data-copy")
    assert "tour" not in tab.locator('link[rel="alternate"][type="application/json"]').get_attribute("href")
    assert tab.locator("link[rel=canonical]").get_attribute("href").endswith("/networks/xor-pretrained")
