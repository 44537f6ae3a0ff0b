"""The list of all explanations in a real browser."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import PHONE, eventually, query

pytestmark = pytest.mark.browser

HERE = "/networks/xor-pretrained/explanations"


def names(tab) -> list[str]:
    return [box.get_attribute("data-compare") for box in tab.locator("#list input[data-compare]").all()]


@pytest.mark.parametrize("name", [pytest.param("edges", marks=pytest.mark.release), "margin"])
def test_a_range_taken_of_a_chart_filters_the_list(visitor, expect, site, name):
    tab = visitor()
    tab.goto(f"{HERE}?kind=circuit&view=list")
    tab.evaluate("() => { window.sameDocument = true }")
    bars = tab.locator(f"[data-name=list-{name}].drawn .nsewdrag")
    bars.scroll_into_view_if_needed()
    box = bars.bounding_box()
    middle = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + 0.3 * box["width"], middle)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 0.8 * box["width"], middle, steps=8)
    tab.mouse.up()
    expect(tab.locator("#list .inforce")).to_contain_text(f"{name} ")
    asked = {option: one[0] for option, one in query(tab).items() if option.startswith(name)}
    assert asked.keys() == {f"{name}_min", f"{name}_max"}
    wanted = site.listed("xor-pretrained", kind="circuit", **asked)
    assert 0 < wanted["total"] < 197
    expect(tab.locator("#list [data-says]")).to_have_text(f"{wanted['total']} explanations")
    assert tab.evaluate("() => window.sameDocument"), "this took no page load"


def test_find_filter_select_compare_and_share(visitor, expect, site):
    tab = visitor()
    tab.goto(f"{HERE}?view=list")
    tab.locator("#list-kind-circuit").check()
    status = tab.locator("#list [data-says]")
    expect(status).to_have_text("197 explanations")
    tab.evaluate("() => { window.sameDocument = true }")
    tab.get_by_role("link", name=re.compile("^12: ")).first.press("Enter")
    wanted = site.listed("xor-pretrained", kind="circuit", edges_min=12, edges_max=12, limit=12)
    expect(status).to_have_text(f"{wanted['total']} explanations")
    assert names(tab) == [item["ref"] for item in wanted["items"]]
    assert tab.evaluate("() => window.sameDocument"), "all this took no page load"
    for form in ("CSV", "JSON"):
        expect(tab.locator("#list").get_by_role("link", name=form, exact=True)).to_have_attribute(
            "href", re.compile("edges_max=12")
        )

    eventually(tab, lambda: query(tab).get("edges_max"), ["12"])
    before = tab.url
    tab.get_by_role("columnheader", name="Margin").get_by_role("link").click()
    expect(tab.get_by_role("columnheader", name="Margin")).to_have_attribute("aria-sort", "descending")
    sorted_names = names(tab)
    tab.go_back()
    expect(tab).to_have_url(before)
    expect(tab.get_by_role("columnheader", name="Margin")).not_to_have_attribute("aria-sort", re.compile("."))
    tab.go_forward()
    expect(tab.get_by_role("columnheader", name="Margin")).to_have_attribute("aria-sort", "descending")
    assert names(tab) == sorted_names

    tab.evaluate("() => { navigator.clipboard.writeText = async (text) => { window.copied = text } }")
    tab.get_by_text("Share", exact=False).first.click()
    tab.get_by_role("button", name="Copy link").click()
    eventually(tab, lambda: tab.evaluate("() => window.copied"), tab.url)

    boxes = tab.locator("#list input[data-compare]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    shared = tab.url
    tab.get_by_role("complementary", name="Compare tray").get_by_role("link", name="Compare 2").click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text("P and Q")

    friend = visitor()
    friend.goto(shared)
    assert names(friend) == sorted_names
    expect(friend.get_by_role("columnheader", name="Margin")).to_have_attribute("aria-sort", "descending")


def test_on_a_phone_filters_stay_open_while_several_are_chosen(visitor, expect):
    tab = visitor(**PHONE)
    tab.goto(f"{HERE}?kind=circuit&view=list")
    passes = tab.locator("#list-passes-mean-ablation")
    expect(passes).to_be_hidden()
    tab.locator(".filters > summary").click()
    passes.check()
    expect(tab).to_have_url(re.compile("passes=mean-ablation"))
    expect(passes).to_be_visible()
    expect(passes).to_be_checked()
    tab.locator(".filters > summary").click()
    expect(passes).to_be_hidden()


def test_a_part_of_the_network_is_kept_then_left_out_then_neither(visitor, expect, site):
    tab = visitor()
    tab.goto(f"{HERE}?kind=circuit&view=list")
    tab.get_by_text("Choose neurons and edges").click()
    total = tab.locator("#list [data-says]")
    for uses, now in (("n2.2", "kept"), ("!n2.2", "left out")):
        tab.get_by_role("link", name=re.compile("^n2.2: ")).click()
        wanted = site.listed("xor-pretrained", kind="circuit", uses=uses)
        expect(total).to_have_text(f"{wanted['total']} explanations")
        expect(tab.get_by_role("link", name=f"n2.2: {now}", exact=True)).to_be_visible()
    tab.get_by_role("link", name="n2.2: left out", exact=True).click()
    expect(total).to_have_text("197 explanations")
