"""The whole way by keys alone, and by thumb: find a network, filter, choose two, compare, one experiment, back."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import query

pytestmark = pytest.mark.browser
MOST_STOPS = 400


def reach(tab, target) -> None:
    """Press Tab until the target has the focus, which must then be seen."""
    target.first.wait_for(state="visible")
    wanted = target.first.element_handle()
    for _ in range(MOST_STOPS):
        if wanted.evaluate("e => e === document.activeElement"):
            style = wanted.evaluate("e => [getComputedStyle(e).outlineStyle, getComputedStyle(e).boxShadow]")
            assert style != ["none", "none"], "the focus is seen"
            return
        tab.keyboard.press("Tab")
    pytest.fail(f"{MOST_STOPS} stops do not lead to {target}")


def press(tab, target, key: str = "Enter") -> None:
    reach(tab, target)
    tab.keyboard.press(key)


def test_the_whole_way_by_keys_alone(tab, expect):
    tab.goto("/networks")
    reach(tab, tab.get_by_role("searchbox", name="Search"))
    tab.keyboard.type("pretrained")
    tab.keyboard.press("Enter")
    expect(tab).to_have_url(re.compile("q=pretrained"))
    press(tab, tab.locator("#networks-by-circuits_valid"))
    expect(tab.locator("#networks-by-circuits_valid")).to_be_focused()
    expect(tab).to_have_url(re.compile("sort=circuits_valid"))
    press(tab, tab.get_by_role("table").get_by_role("link", name="XOR, pretrained by the authors", exact=True))
    expect(tab).to_have_url(re.compile("/networks/xor-pretrained$"))
    press(tab, tab.get_by_role("navigation", name="XOR, pretrained by the authors").get_by_role("link", name="Sheet"))
    expect(tab.get_by_role("heading", level=1)).to_have_text("Explanations")

    press(tab, tab.locator("summary", has_text="Share"))
    expect(tab.locator("details.menu[open]")).to_have_count(1)
    press(tab, tab.locator("#list .views").get_by_role("link", name="list", exact=True))
    press(tab, tab.locator("#list-kind-circuit"), "Space")
    expect(tab.locator("#list [data-says]")).to_have_text("197 explanations")
    expect(tab.locator("details.menu[open]")).to_have_count(0)
    bar = tab.locator("#list").get_by_role("link", name="15: 55")
    press(tab, bar)
    expect(tab.locator("#list [data-says]")).to_have_text("55 explanations")
    expect(bar).to_be_focused()
    press(tab, tab.locator("#list .inforce a", has_text="15"))
    expect(tab.locator("#list [data-says]")).to_have_text("197 explanations")
    press(tab, tab.get_by_role("link", name="Skip the filters"))
    expect(tab.locator("#list-found")).to_be_focused()
    boxes = tab.locator("#list input[data-compare]")
    press(tab, boxes.nth(0), "Space")
    press(tab, boxes.nth(1), "Space")
    chosen = [boxes.nth(k).get_attribute("data-compare") for k in range(2)]
    list_address = tab.url
    press(tab, tab.get_by_role("complementary", name="Compare tray").get_by_role("link", name="Compare 2"))
    expect(tab.get_by_role("heading", level=1)).to_contain_text("P and Q")
    assert query(tab)["e"] == chosen

    tab.go_back()
    expect(tab).to_have_url(list_address)
    expect(boxes.nth(0)).to_be_checked()
