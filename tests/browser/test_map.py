"""The map of explanations in a real browser: dots are chosen, coloured, filtered and put into the tray."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from tests.browser.conftest import PHONE, eventually

pytestmark = pytest.mark.browser

HERE = "/networks/xor-pretrained/analyses/map"


def chosen(tab) -> str:
    return tab.locator("#dot [data-compare]").first.get_attribute("data-compare")


def ref_of(report, number) -> str:
    return f"i-{report['masks'][report['circuit'][number]]}.{report['index'][number]}"


def dot_of(report, ref) -> int:
    return next(dot for number, dot in enumerate(report["dot"]) if ref_of(report, number) == ref)


def ready(tab, expect):
    """The map, once it can be walked on."""
    expect(tab.locator(".map[data-live]")).to_have_count(1)
    return tab.locator("[data-dots]")


def test_arrow_keys_go_to_a_dot_that_way_and_enter_puts_it_into_the_tray(visitor, expect, site):
    report, tab = site.answered("/networks/xor-pretrained", "map"), visitor()
    tab.goto(HERE)
    box, first = ready(tab, expect), chosen(tab)
    box.focus()
    for key, axis, sign in (
        ("ArrowRight", "x", 1),
        ("ArrowUp", "y", -1),
        ("ArrowLeft", "x", -1),
        ("ArrowDown", "y", 1),
    ):
        before = chosen(tab)
        tab.keyboard.press(key)
        eventually(tab, lambda before=before: chosen(tab) != before, True)
        here, there = (report[axis][dot_of(report, ref)] for ref in (before, chosen(tab)))
        assert (there - here) * sign > 0
    ref = chosen(tab)
    dot = dot_of(report, ref)
    assert ref != first
    expect(tab.locator("#dot .card dd").first).to_have_text(f"{report['with_network'][dot]} of 756")
    agree = tab.locator("#dot .card:not(:first-child) dd:first-of-type").all_inner_texts()
    assert [text for text in agree if text in {f"{n} of 756" for n in report["alike"][dot]}]
    expect(tab.locator("[data-announce]")).to_contain_text(ref)
    tab.keyboard.press("Enter")
    expect(tab.locator("[data-tray]").first).to_contain_text(ref)
    assert tab.locator(".over circle").count() == 1 + len(report["nearest"][dot])
    tab.reload()  # the address keeps which one is chosen
    ready(tab, expect)
    eventually(tab, lambda: chosen(tab), ref)


def test_a_click_chooses_the_dot_below_it_and_its_neighbours_lead_on(visitor, expect, site):
    report, tab = site.answered("/networks/xor-pretrained", "map"), visitor()
    tab.goto(HERE)
    ready(tab, expect)
    places = np.array([report["x"], report["y"]])
    off = np.abs(places[:, :, None] - places[:, None]).max(axis=0) + 9_999 * np.eye(places.shape[1], dtype=int)
    alone = int(off.min(axis=1).argmax())  # so that a click does not mean another one
    cx, cy = (f"{16 + one * 688 / 9_999:.1f}".removesuffix(".0") for one in places[:, alone])
    circle = tab.locator(f".dots > svg > circle[cx='{cx}'][cy='{cy}']")
    circle.scroll_into_view_if_needed()
    at = circle.bounding_box()
    tab.mouse.click(at["x"] + at["width"] / 2 + 4, at["y"] + at["height"] / 2 - 4)
    eventually(tab, lambda: dot_of(report, chosen(tab)), alone)
    link = tab.locator("#dot .sub a").first
    near = link.locator("xpath=ancestor::li").locator("[data-compare]").get_attribute("data-compare")
    link.click()
    eventually(tab, lambda: chosen(tab), near)
    assert dot_of(report, near) == report["nearest"][alone][0]
    assert urlsplit(tab.url).path == HERE


def test_a_function_is_a_filter_and_what_it_takes_away_stays_as_a_point(visitor, expect, site):
    report, tab = site.answered("/networks/xor-pretrained", "map"), visitor()
    tab.goto(HERE)
    ready(tab, expect)
    dots = tab.locator(".dots > svg > circle")
    assert dots.count() == len(report["x"])
    tab.get_by_role("button", name="n2.0", exact=True).click()
    button = tab.locator("[data-reads]:visible [data-function]").nth(1)
    place = int(button.get_attribute("data-function"))
    button.click()
    column = report["reads"][report["neurons"].index([2, 0])]
    expect(tab.locator("[data-shown]")).to_have_text(f"{column.count(place):,} of 7,836 are shown.")
    shown = {dot for dot, one in zip(report["dot"], column, strict=True) if one == place}
    assert tab.locator(".dots .off").count() == len(report["x"]) - len(shown)
    kept = parse_qs(urlsplit(tab.url).fragment)
    assert (kept["by"], kept["read"]) == (["n2.0"], [str(place)])
    button.click()
    expect(tab.locator(".dots .off")).to_have_count(0)


def test_the_picture_of_a_dot_that_is_tapped_comes_into_view(visitor, expect):
    tab = visitor(**PHONE)
    tab.goto(HERE)
    box, before = ready(tab, expect), chosen(tab)
    box.locator("svg > circle").nth(40).tap(force=True)
    eventually(tab, lambda: chosen(tab) != before, True)
    expect(tab.locator("#dot .card").first).to_be_in_viewport(ratio=0.9)


def test_on_the_page_of_explanations_its_filters_hold_and_it_can_be_walked(visitor, expect):
    tab = visitor(**PHONE)
    tab.goto("/networks/xor-pretrained/explanations?view=map&edges_max=12")
    box = ready(tab, expect)
    assert tab.locator(".dots .off").count() > 1_000
    before = chosen(tab)
    box.focus()
    tab.keyboard.press("ArrowRight")
    eventually(tab, lambda: chosen(tab) != before, True)
    mask = re.match(r"i-([0-9a-f]+)\.", chosen(tab)).group(1)
    assert int(mask, 16).bit_count() <= 12
    expect(tab.locator("[data-shown]")).to_contain_text("of 7,836 are shown.")


def test_without_scripts_the_dots_are_drawn_and_neighbours_are_links(visitor, expect):
    tab = visitor(java_script_enabled=False)
    tab.goto(HERE)
    expect(tab.locator(".dots > svg > circle")).to_have_count(2_885)
    near = tab.locator("#dot [data-compare]").nth(1).get_attribute("data-compare")
    tab.locator("#dot .sub a").first.click()
    assert chosen(tab) == near
    assert tab.locator(".choice-l").first.is_hidden()
