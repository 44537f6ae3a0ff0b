"""Lessons in a browser: by clicks, by keys, on a phone, on paper."""

from __future__ import annotations

import re

import pytest

from pluriscope.app.pages.story import SCREENS
from tests.browser.conftest import PHONE, eventually

pytestmark = pytest.mark.browser


def test_the_first_lesson_is_done_by_clicks_and_keys(visitor, expect):
    tab = visitor()
    tab.goto("/learn/two-circuits")
    tab.evaluate("() => { window.sameDocument = true }")
    said, board = tab.locator(".said p"), tab.locator("#board")
    expect(said).to_have_text("All four right with six neurons. Fewer are enough, so there is nothing to keep yet.")
    board.get_by_role("link", name="Switch n1.1 off").click()
    expect(said).to_contain_text("Wrong on")
    board.get_by_role("link", name="Switch n1.1 on").click()
    expect(said).to_have_text("All four right with six neurons. Fewer are enough, so there is nothing to keep yet.")
    for name in ("n2.1", "n2.2"):
        board.get_by_role("link", name=f"Switch {name} off").click()
        expect(board.get_by_role("link", name=f"Switch {name} on")).to_be_visible()
    expect(said).to_have_text("All four right with four neurons.")
    tab.get_by_role("link", name="Keep this circuit").click()
    expect(said).to_have_text("All four right with six neurons. Fewer are enough, so there is nothing to keep yet.")
    expect(tab.locator("#said")).to_be_focused()  # the button is gone
    expect(tab.locator("[data-announce]")).to_have_text(said.inner_text())
    neuron = board.get_by_role("link", name="Switch n1.2 off")
    neuron.focus()
    tab.keyboard.press("Enter")
    expect(board.get_by_role("link", name="Switch n1.2 on")).to_be_focused()
    board.get_by_role("link", name="Switch n2.1 off").click()
    tab.get_by_role("link", name="Keep this circuit").click()
    tab.get_by_role("link", name="It is needed").click()
    expect(tab.locator("#answered")).to_have_text(re.compile("^Not quite.*does without it"))
    tab.get_by_role("link", name="One cannot say so").click()
    expect(tab.locator("#answered")).to_contain_text("Yes")
    assert tab.evaluate("() => window.sameDocument"), "each step exchanges the main part alone"
    friend = visitor()
    friend.goto(tab.url)
    expect(friend.locator("#answered")).to_contain_text("Yes")
    tab.go_back()
    expect(tab.locator("#answered")).to_contain_text("does without it")


def test_a_mark_is_moved_by_keys_and_the_drawing_follows(visitor, expect):
    tab = visitor()
    tab.goto("/learn/two-readings?mark=0.32")
    mark = tab.get_by_role("slider", name="The threshold of n2.0")
    expect(tab.locator(".said p")).to_contain_text("is A or B 1?")
    mark.focus()
    for _ in range(3):
        tab.keyboard.press("ArrowRight")
    expect(tab.locator(".said p")).to_contain_text("are A and B different?")
    expect(tab).to_have_url(re.compile(r"mark=0\.35"))
    expect(tab.get_by_role("slider")).to_be_focused()
    expect(tab.locator("#line svg")).to_have_attribute("aria-label", re.compile("above 0.35 it says yes: A xor B"))


def test_two_questions_are_kept_by_moving_the_mark(visitor, expect):
    tab = visitor()
    tab.goto("/learn/two-readings")
    mark, said, kept, held = tab.get_by_role("slider"), tab.locator(".said p"), tab.locator(".meanings li"), []
    for value, words in (("0.55", "are A and B different?"), ("0.86", "is only B 1?")):
        tab.route("**/learn/two-*", lambda route: held.append(route))
        mark.fill(value)
        expect(said).to_contain_text(words)
        eventually(tab, lambda: len(held), 1)
        held.pop().continue_()
        tab.unroute("**/learn/two-*")
        expect(tab.locator("#line svg")).to_have_attribute("aria-label", re.compile("it says yes"))
        tab.get_by_role("link", name="Keep this question").click()
        expect(said).to_contain_text("This one you have.")
    expect(kept).to_have_count(2)
    tab.locator("#answer-a").click()
    expect(tab.locator("#answered")).to_contain_text("Yes")


def test_what_is_clicked_while_the_server_answers_is_not_lost(visitor, expect):
    tab = visitor()
    tab.goto("/learn/two-circuits")
    held = []
    tab.route("**/learn/two-*", lambda route: route.continue_() if held else held.append(route))
    for name in ("n2.1", "n2.2"):
        tab.get_by_role("link", name=f"Switch {name} off").click()
    eventually(tab, lambda: len(held), 1)
    held[0].continue_()
    expect(tab.locator(".said p")).to_have_text("All four right with four neurons.")


@pytest.mark.parametrize("lesson", ["two-circuits", "one-method"])
def test_a_lesson_fits_a_phone_with_its_drawing_in_the_first_screen(visitor, lesson):
    tab = visitor(**PHONE)
    tab.goto(f"/learn/{lesson}")
    assert tab.evaluate("() => document.documentElement.scrollWidth") <= 390
    top = tab.locator("#board > figure").bounding_box()["y"]
    assert top < (844 if lesson != "one-method" else 1000)


@pytest.mark.parametrize(
    ("path", "pages"),
    [
        pytest.param("/learn/two-readings?part=notes", 1, marks=pytest.mark.release),
        ("/learn/hand-outs", 9),
        pytest.param("/learn/notes", 8, marks=pytest.mark.release),
        ("/learn/notes?minutes=45", 1),
        ("/learn/slides", SCREENS),
    ],
)
def test_on_paper_a_hand_out_is_one_page_and_so_is_a_slide(visitor, path, pages):
    tab = visitor()
    tab.goto(path)
    paper = tab.pdf(format="A4", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == pages
