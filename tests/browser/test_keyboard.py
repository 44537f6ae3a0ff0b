"""The whole way by keys alone, and by thumb: find a network, filter, choose two, compare, one experiment, back."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import PHONE, eventually, query

pytestmark = pytest.mark.browser
MOST_STOPS = 400


@pytest.fixture
def expect(chromium):
    from playwright.sync_api import expect

    return expect


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
    tab.goto("/")
    reach(tab, tab.get_by_role("searchbox", name="Filter networks"))
    tab.keyboard.type("pretrained")
    tab.keyboard.press("Enter")
    expect(tab).to_have_url(re.compile("q=pretrained"))
    press(tab, tab.get_by_role("table").get_by_role("link", name="XOR, pretrained by the authors"))
    expect(tab).to_have_url(re.compile("/networks/xor-pretrained$"))
    press(tab, tab.get_by_role("navigation", name="Of this network").get_by_role("link", name="Explanations"))
    expect(tab.get_by_role("heading", level=1)).to_have_text("Explanations of XOR, pretrained by the authors")

    status = tab.locator("#results [role=status]")
    circuits = tab.get_by_label(re.compile("^circuits"))
    press(tab, circuits, "Space")
    expect(status).to_contain_text("197 of 197 explanations pass the filters")
    expect(circuits).to_be_checked()
    expect(circuits).to_be_focused()  # what was exchanged took the focus along
    boxes = tab.locator("#results input[data-compare]")
    press(tab, boxes.nth(0), "Space")
    press(tab, boxes.nth(1), "Space")
    chosen = [boxes.nth(k).get_attribute("data-compare") for k in range(2)]
    list_address = tab.url
    press(tab, tab.get_by_role("complementary", name="Compare tray").get_by_role("link", name="Compare 2"))
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Two explanations")
    assert query(tab)["e"] == chosen

    tab.go_back()
    expect(tab).to_have_url(list_address)
    expect(boxes.nth(0)).to_be_checked()


def test_a_crucial_experiment_by_keys_alone(tab, expect):
    tab.goto("/compare?network=xor-pretrained&e=i-2b0cf.0&e=i-2b0cf.1")
    comparison = tab.url
    press(tab, tab.get_by_role("link", name=re.compile("crucial experiments?$")))
    expect(tab).to_have_url(re.compile("#crucial$"))
    press(tab, tab.locator("table.crucial tbody tr").first.get_by_role("link", name=re.compile("^Experiment")))
    expect(tab.get_by_role("region", name="One experiment")).to_be_in_viewport()
    eventually(tab, lambda: "experiment" in query(tab), True)
    tab.go_back()
    tab.go_back()
    expect(tab).to_have_url(comparison)


def test_the_funnel_and_its_sequence_by_keys_alone(tab, expect):
    tab.goto("/networks/xor-pretrained/funnel?criteria=mean-ablation&criteria=resample-ablation")
    press(tab, tab.get_by_role("link", name="Remove Mean ablation", exact=True))
    expect(tab.locator("#sequence li[id]")).to_have_count(1)
    expect(tab.locator("#funnel")).to_be_focused()  # the link that was pressed is gone: the keyboard goes on from here
    reach(tab, tab.get_by_label("Add a criterion"))
    tab.keyboard.type("Necessity")  # a list of choices takes the one that is typed
    press(tab, tab.get_by_role("button", name="Add", exact=True))
    expect(tab.locator("#step-1")).to_contain_text("Necessity")


def test_the_whole_way_on_a_phone(visitor, expect):
    tab = visitor(**PHONE)

    def fits() -> None:
        assert tab.locator("html").evaluate("e => e.scrollWidth") == 390, tab.url

    tab.goto("/")
    fits()
    tab.get_by_role("table").get_by_role("link", name="XOR, pretrained by the authors").tap()
    tab.get_by_role("navigation", name="Of this network").get_by_role("link", name="Explanations").tap()
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Explanations of")
    fits()
    tab.get_by_role("link", name="Filters").tap()
    tab.get_by_label(re.compile("^circuits")).tap()
    expect(tab.locator("#results [role=status]")).to_contain_text("197 of 197")
    boxes = tab.locator("#results input[data-compare]")
    boxes.nth(0).tap()
    boxes.nth(1).tap()
    fits()
    tray = tab.get_by_role("complementary", name="Compare tray")
    expect(tray).to_be_in_viewport()
    tray.get_by_role("link", name="Compare 2").tap()
    expect(tab.locator(".versus article")).to_have_count(2)
    fits()

    friend = visitor(**PHONE)
    friend.goto(tab.url)
    expect(friend.locator(".versus article")).to_have_count(2)
    assert friend.locator("main h1").inner_text() == tab.locator("main h1").inner_text()
