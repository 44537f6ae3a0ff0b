"""The tour: eight screens with one drawing, by mouse, by keyboard, without scripts and on a phone."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import PHONE

pytestmark = pytest.mark.browser
SCREENS = 8


@pytest.fixture
def expect(chromium):
    from playwright.sync_api import expect

    return expect


def test_the_home_page_leads_through_the_tour_to_the_sandbox(tab, expect):
    tab.goto("/")
    expect(tab.get_by_role("heading", level=1)).to_contain_text("9 neurons. We found 147,899,020 explanations")
    tab.get_by_role("link", name="Show me in one minute").click()
    titles = []
    for number in range(1, SCREENS + 1):
        expect(tab.locator("#screen .where")).to_have_text(f"Tour, {number} of {SCREENS}")
        expect(tab).to_have_url(re.compile(f"/tour/{number}$"))
        titles.append(tab.get_by_role("heading", level=1).inner_text())
        if number < SCREENS:
            tab.get_by_role("link", name="Next").click()
    assert len(set(titles)) == SCREENS
    expect(tab.get_by_role("link", name="Next")).to_have_count(0)
    tab.go_back()
    expect(tab.locator("#screen .where")).to_have_text(f"Tour, {SCREENS - 1} of {SCREENS}")
    tab.goto(f"/tour/{SCREENS}")
    tab.get_by_role("link", name=re.compile("^Change the network yourself")).click()
    expect(tab).to_have_url(re.compile("/networks/xor-pretrained/sandbox"))


def test_what_the_screens_say_of_a_run_is_what_the_sandbox_says(tab, expect, site):
    screen = site.twin("/tour/6")
    said = {one["says"] for one in screen["run"]["explanations"]}
    assert said == {0, 1}, "the two explanations disagree"
    tab.goto("/tour/6")
    tab.get_by_role("link", name="Open in the sandbox").click()
    verdicts = tab.locator(".askers tbody .verdict-words")
    expect(verdicts).to_have_text(
        ["incorrect", "correct"] if screen["run"]["explanations"][1]["right"] else ["correct", "incorrect"]
    )


@pytest.mark.parametrize("options", [{"java_script_enabled": False}, PHONE], ids=["without scripts", "on a phone"])
def test_the_tour_needs_neither_scripts_nor_width(visitor, options):
    from playwright.sync_api import expect

    tab = visitor(**options)
    tab.goto("/tour")
    for number in range(1, SCREENS + 1):
        expect(tab.locator("#screen .where")).to_have_text(f"Tour, {number} of {SCREENS}")
        if options is PHONE:
            assert tab.locator("html").evaluate("e => [e.scrollWidth, innerWidth]") == [390, 390]
        if number < SCREENS:
            tab.get_by_role("link", name="Next").click()


@pytest.mark.parametrize("page", ["/", "/tour/6"])
def test_explanations_are_made_to_agree_again_in_place(tab, expect, page):
    tab.goto(page)
    if page == "/":
        for title in ("circuit", "interpretation", "alignment", "test", "disagreement"):
            tab.get_by_role("link", name=f"Next: {title}").press("Enter")
            expect(tab.locator("#minute-next")).to_be_focused()
    said = tab.locator("#play [role=status]")
    expect(said).to_contain_text("The explanations disagree.")
    expect(tab.locator("#play .play-said li")).to_have_text([re.compile("incorrect$"), re.compile("[^n]correct$")])
    tab.locator("#play-reset").click()
    expect(said).to_contain_text("The explanations agree.")
    tab.locator("#play #at-1-1").press("Enter")
    expect(said).to_contain_text("with n1.1 patched from 00")
    expect(tab.locator("#play #at-1-1")).to_be_focused()
    assert tab.url.endswith(page), "it is not the page that changes"


def test_the_figure_of_the_front_page_stays_as_high_and_leads_to_the_tour_without_scripts(tab, expect, visitor):
    tab.goto("/")
    heights = []
    for number in range(1, 7):
        if number > 1:  # the first is current already: after a click on it, nothing says when its answer has come
            tab.locator(f"#minute-{number}").click()
        expect(tab.locator(f"#minute-{number}")).to_have_attribute("aria-current", "step")
        heights.append(tab.locator("#minute").evaluate("e => e.offsetHeight"))
    assert len(set(heights)) == 1, "what stands below does not move"
    plain = visitor(java_script_enabled=False)
    plain.goto("/")
    plain.get_by_role("link", name="3 Interpretation").click()
    expect(plain).to_have_url(re.compile("/tour/3$"))
