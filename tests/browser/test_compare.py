"""Comparisons in a browser: leafed through in place, unfolded, reduced, and shared."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import query

pytestmark = pytest.mark.browser
NETWORK = "xor-pretrained"
PARTED = ("i-2b0cf.0", "i-2b0cf.1")


def address(*refs: str) -> str:
    return f"/compare?network={NETWORK}&" + "&".join(f"e={ref}" for ref in refs)


@pytest.fixture
def expect(chromium):
    from playwright.sync_api import expect

    return expect


@pytest.fixture
def four() -> tuple[str, ...]:
    return ("c-081ff", *PARTED, "a-a2e8546f11f80df4.e3bd9b5eae0c1489")


def test_a_guess_is_answered_in_place_and_its_address_is_shared(visitor, expect):
    tab = visitor()
    tab.goto(address(*PARTED))
    expect(tab.get_by_role("heading", level=1)).to_contain_text("P and Q contradict each other on")
    tab.evaluate("() => { window.sameDocument = true }")
    network, closed = tab.locator("#experiment"), tab.locator("tr.row").first
    expect(network).to_contain_text("?")
    expect(closed.get_by_role("link", name="Guess")).to_be_visible()
    tab.get_by_role("link", name="Q is right").press("Enter")
    expect(network).not_to_contain_text("?")
    expect(tab.locator("#guess")).to_contain_text("You guessed Q.")
    expect(closed).to_contain_text("is right")
    expect(tab.get_by_role("link", name="Next").first).to_be_focused()
    assert tab.evaluate("() => window.sameDocument"), "nothing was loaded anew"
    friend = visitor(java_script_enabled=False)
    friend.goto(tab.url)
    says = friend.locator("#guess h2").inner_text()
    expect(tab.locator("#guess h2")).to_have_text(says)
    friend.get_by_role("link", name="Next").first.click()
    friend.get_by_role("link", name="P is right").click()
    expect(friend.locator("#guess")).to_contain_text("of 2 guesses right")
    assert friend.locator("#guess h2").inner_text() != says
    tab.go_back()
    expect(network).to_contain_text("?")


def test_contradictions_are_leafed_through_in_place(visitor, expect):
    tab = visitor()
    tab.goto(address(*PARTED))
    tab.evaluate("() => { window.sameDocument = true }")
    tab.locator(".pager").get_by_role("link", name="Next").click()
    expect(tab.locator(".pager")).to_contain_text("7 to 12 of")
    assert tab.evaluate("() => window.sameDocument"), "only the list was exchanged"
    friend = visitor()
    friend.goto(tab.url)
    expect(friend.locator(".pager")).to_contain_text("7 to 12 of")
    friend.get_by_role("link", name="Show all answers").click()
    row = friend.locator("tr.row").first
    decided = row.locator("td b").inner_text()
    row.get_by_role("link").click()
    expect(friend).to_have_url(re.compile("/(sandbox|play)\\?"))
    expect(friend.locator("main")).to_contain_text(decided)


def test_what_is_folded_comes_when_it_is_opened(tab, expect):
    tab.goto(address("i-183bf.23", "i-183bf.25"))
    expect(tab.locator(".side figure")).to_have_count(2)
    for fold, words in (("parts", "A ∧ B"), ("values", "XOR"), ("cut", "takes it for"), ("criteria", "The others")):
        tab.locator(f"#{fold}-summary").click()
        expect(tab.locator(f"#{fold}")).to_contain_text(words)
    tab.locator("[id='criteria.alike-summary']").click()
    expect(tab.locator("[id='criteria.alike']")).to_contain_text("Output faithful", ignore_case=True)


def test_one_is_removed_and_two_of_several_are_looked_at_alone(tab, expect, four):
    tab.goto(address(*four))
    tab.get_by_role("link", name="Remove S").click()
    expect(tab.locator(".side figure")).to_have_count(3)
    assert query(tab)["e"] == list(four[:3])
    tab.locator("#right tbody tr").nth(1).get_by_role("link").last.click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text("P and Q contradict")
    assert query(tab)["e"] == list(four[1:3])
