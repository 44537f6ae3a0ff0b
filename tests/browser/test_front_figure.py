"""The figure of the front page: six steps with one drawing, by mouse, by keyboard, without scripts and on a phone."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import PHONE

pytestmark = pytest.mark.browser
STEPS = 6


@pytest.fixture
def expect(chromium):
    from playwright.sync_api import expect

    return expect


def test_the_front_page_leads_to_the_sandbox(tab, expect):
    tab.goto("/")
    expect(tab.get_by_role("heading", level=1)).to_contain_text("9 neurons. We found 147,899,020 explanations")
    tab.get_by_role("link", name="Change the network yourself").click()
    expect(tab).to_have_url(re.compile("/networks/xor-pretrained/sandbox"))


def test_what_the_figure_says_of_a_run_is_what_the_sandbox_says(tab, expect, site):
    said = site.twin("/gallery?step=6")["featured"]["figure"]["run"]["explanations"]
    assert {one["says"] for one in said} == {0, 1}, "the two explanations disagree"
    tab.goto("/?step=6")
    tab.get_by_role("link", name="Open in the sandbox").click()
    verdicts = tab.locator(".askers tbody .verdict-words")
    expect(verdicts).to_have_text(["incorrect", "correct"] if said[1]["right"] else ["correct", "incorrect"])


@pytest.mark.parametrize("options", [{"java_script_enabled": False}, PHONE], ids=["without scripts", "on a phone"])
def test_the_figure_needs_neither_scripts_nor_width(visitor, options):
    from playwright.sync_api import expect

    tab = visitor(**options)
    tab.goto("/")
    for number in range(1, STEPS + 1):
        expect(tab.locator(f"#minute-{number}")).to_have_attribute("aria-current", "step")
        if options is PHONE:
            assert tab.locator("html").evaluate("e => [e.scrollWidth, innerWidth]") == [390, 390]
        tab.locator("#minute-next").click()
    expect(tab).to_have_url(re.compile("/compare"))


def test_explanations_are_made_to_agree_again_in_place(tab, expect):
    tab.goto("/")
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
    assert tab.url.endswith("/"), "it is not the page that changes"


def test_the_figure_stays_as_high(tab, expect):
    tab.goto("/")
    heights = []
    for number in range(1, STEPS + 1):
        if number > 1:  # the first is current already: after a click on it, nothing says when its answer has come
            tab.locator(f"#minute-{number}").click()
        expect(tab.locator(f"#minute-{number}")).to_have_attribute("aria-current", "step")
        heights.append(tab.locator("#minute").evaluate("e => e.offsetHeight"))
    assert len(set(heights)) == 1, "what stands below does not move"
