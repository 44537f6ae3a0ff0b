"""The opening story in a browser: it runs, asks before it tells, turns by keys; on slides hands are counted."""

from __future__ import annotations

import re

import pytest

from pluriscope.app.pages.story import EXPERIMENTS, SCREENS
from tests.browser.conftest import DESKTOP, PHONE, eventually

pytestmark = pytest.mark.browser
LEVELS = "() => [...document.querySelectorAll('.screen.now svg.wide .vs-level')].map((one) => one.getAttribute('d'))"
STILL = {"reduced_motion": "reduce"}


def address(number: int) -> str:
    return "/" if number == 1 else f"/story/{number}"


def on_screen(tab) -> int:
    return int(tab.locator(".screen.now").get_attribute("id").removeprefix("screen-"))


def said(tab) -> str:
    return tab.locator(".screen.now svg.wide .vs-said").text_content()


def numbers(text: str) -> list[float]:
    return [float(one) for one in re.findall(r"-?[\d.]+", text)]


@pytest.mark.parametrize("number", [pytest.param(1, marks=pytest.mark.release), 2])
def test_inputs_run_through_and_end_where_the_server_draws_them(visitor, number):
    tab = visitor(**STILL)
    tab.goto(address(number))
    drawn = tab.evaluate(LEVELS)
    tab.close()
    tab = visitor()
    tab.goto(address(number))
    row = tab.locator(".screen.now [data-input='01']")
    assert tab.locator(".screen.now [data-bit='?']").count() == 4, "first everything is open"
    row.click()
    eventually(tab, row.locator(".bit").text_content, "1")
    for one, other in zip(drawn, tab.evaluate(LEVELS), strict=True):
        assert numbers(one) == pytest.approx(numbers(other), abs=0.11)
    tab.get_by_role("button", name="Input A, now 0").locator("visible=true").click()
    eventually(tab, tab.locator(".screen.now [data-input='11'] .bit").text_content, "0")
    assert tab.get_by_role("button", name="Input A, now 1").locator("visible=true").count() == 1
    assert tab.locator("[data-announce]").text_content() == "On 11 the answer is 0"


def test_the_run_through_all_inputs_is_stopped_by_a_key(tab):
    tab.goto("/")
    tab.keyboard.press("Space")
    assert tab.locator(".screen.now [data-bit='?']").count() == 0
    assert tab.locator(".vs-dots circle").count() == 0


def test_on_a_phone_the_story_becomes_dark(visitor):
    tab = visitor(**PHONE)
    tab.goto("/")
    tab.get_by_role("button", name="Light or dark").locator("visible=true").click()
    assert tab.locator("html").get_attribute("data-theme") == "dark"


def test_keys_dots_and_back_turn_without_a_new_page(tab):
    tab.goto("/")
    tab.evaluate("() => { window.sameDocument = true }")
    for number, key in enumerate(("ArrowRight", "PageDown", "ArrowRight"), start=2):
        tab.keyboard.press(key)
        assert on_screen(tab) == number
        assert tab.url.endswith(address(number))
        assert tab.title().endswith(" · Pluriscope")
    titles = tab.evaluate("() => [...document.querySelectorAll('.screen')].map((one) => one.dataset.title)")
    assert tab.title() == f"{titles[3]} · Pluriscope"
    tab.keyboard.press("PageUp")
    assert on_screen(tab) == 3
    tab.get_by_role("link", name="Screen 5:").locator("visible=true").click()
    assert on_screen(tab) == 5
    tab.go_back()
    eventually(tab, lambda: on_screen(tab), 3)
    tab.go_back()
    eventually(tab, lambda: on_screen(tab), 4)
    for _ in range(3):
        tab.get_by_role("link", name="Back").locator("visible=true").click()
    assert tab.url.endswith("/")
    assert on_screen(tab) == 1
    assert tab.evaluate("() => window.sameDocument"), "all this took no page load"
    assert tab.evaluate("() => document.activeElement.textContent") == "This network answers one question."


@pytest.mark.parametrize(
    ("number", "key", "right"), [(4, "q", "P"), pytest.param(5, "p", "Q", marks=pytest.mark.release)]
)
def test_a_guess_comes_before_the_answer(tab, number, key, right):
    tab.goto(address(number - 1))
    tab.keyboard.press("ArrowRight")
    assert tab.evaluate("() => document.activeElement.ariaLevel") == "1"
    verdict = tab.locator(".screen.now .verdict-line .revealed")
    assert not verdict.is_visible()
    assert said(tab) == "?"
    assert tab.locator(".screen.now svg.wide").get_attribute("aria-label").endswith("with one neuron forced")
    assert tab.get_by_role("link", name="Next").locator("visible=true").count() == 0
    assert tab.get_by_role("link", name="Skip", exact=True).locator("visible=true").count() == 1
    tab.keyboard.press(key)
    verdict.wait_for(state="visible")
    assert f"{right} is right" in verdict.inner_text()
    assert said(tab) == "0"
    assert tab.evaluate("() => document.activeElement.textContent") == "Next"
    assert f"guess was {key.upper()}" in verdict.evaluate("(one) => getComputedStyle(one, '::after').content")
    assert tab.locator(".screen.now .menu a").first.get_attribute("href").endswith(f".svg?guess={key.upper()}")
    assert tab.url.endswith(f"?guess={key.upper()}")
    tab.reload()
    verdict.wait_for(state="visible")


def test_tab_comes_from_the_heading_to_the_next_screen(tab):
    tab.goto("/")
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Tab")
    assert tab.evaluate("() => document.activeElement.textContent") == "Next"
    tab.goto("/")
    tab.get_by_role("link", name="Skip to content").focus()
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    assert tab.evaluate("() => document.activeElement.textContent") == "Next"


def test_on_slides_hands_are_counted_before_the_answer(visitor):
    tab = visitor(**STILL)
    tab.goto("/story/3")
    tab.get_by_role("link", name="Present").locator("visible=true").click()
    assert tab.locator(".bar, .foot").count() == 0
    sizes = """() => ["h1, h2", ".say > p:not(.step)"].map((one) =>
        parseFloat(getComputedStyle(document.querySelector(`.screen.now :is(${one})`)).fontSize))"""
    assert tab.evaluate(sizes) == [56, 28]
    tab.keyboard.press("ArrowRight")
    tab.wait_for_url("**/learn/slides?screen=4")
    tally = tab.locator(".screen.now .votes")
    for key in "ppq":
        tab.keyboard.press(key)
    tab.locator(".screen.now [data-choice=Q]").click()
    assert tally.all_text_contents() == ["2", "2"]
    assert said(tab) == "?"
    tab.keyboard.press("0")
    assert tally.all_text_contents() == ["0", "0"]
    tab.keyboard.press("p")
    tab.get_by_role("button", name="Let it run").locator("visible=true").click()
    tab.locator(".screen.now .verdict-line .revealed").wait_for(state="visible")
    assert (said(tab), tally.all_text_contents()) == ("0", ["1", "0"])
    tab.keyboard.press("q")
    assert tally.all_text_contents() == ["1", "0"], "after the answer none is counted"
    tab.keyboard.press("0")
    assert (said(tab), tally.all_text_contents()) == ("?", ["0", "0"])
    tab.keyboard.press("PageDown")
    tab.locator(".screen.now .verdict-line .revealed").wait_for(state="visible")
    assert (said(tab), tab.url.endswith("screen=4")) == ("0", True), "the key that leads on asks for the answer first"
    tab.keyboard.press("PageDown")
    tab.wait_for_url("**/learn/slides?screen=5")


def test_slides_fit_a_projector(visitor):
    tab = visitor(**STILL)
    for number in range(1, SCREENS + 1):
        tab.goto(f"/learn/slides?screen={number}" + ("&guess=Q" if number in EXPERIMENTS else ""))
        for size in ((1280, 720), (1440, 900), (1920, 1080)):
            tab.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
            beyond = "() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
            assert tab.evaluate(beyond) == list(size), number


def test_no_screen_scrolls_and_nothing_moves_where_that_is_asked(visitor):
    tab = visitor(**{**PHONE, **STILL})
    for number in range(1, SCREENS + 1):
        tab.goto(address(number) + ("?guess=P" if number in EXPERIMENTS else ""))
        for options in (DESKTOP, PHONE):
            tab.set_viewport_size(options["viewport"])
            beyond = tab.evaluate(
                "() => { const { scrollHeight, scrollWidth } = document.documentElement;"
                " return [scrollHeight - innerHeight, scrollWidth - innerWidth] }"
            )
            assert beyond == [0, 0], number
        assert tab.locator(".screen.now [data-bit='?']").count() == 0
        assert tab.locator(".vs-dots circle").count() == 0
    tab.goto("/story/5")
    tab.locator(".screen.now [data-choice=P]").click()
    assert tab.locator(".screen.now .verdict-line .revealed").is_visible()


def test_next_is_seen_where_a_phone_shows_the_bars_of_its_browser(visitor, expect):
    tab = visitor(**{**PHONE, "viewport": {"width": 390, "height": 664}})
    tab.goto("/")
    for number in range(2, 4):
        tab.locator(".screen.now .next").tap()
        expect(tab).to_have_url(re.compile(f"/story/{number}$"))
        expect(tab.locator(".screen.now .next")).to_be_in_viewport(ratio=1)
