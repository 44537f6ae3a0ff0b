"""Comparisons in a browser: leafed through in place, unfolded, reduced, and shared."""

from __future__ import annotations

import pytest

from tests.browser.conftest import PHONE

pytestmark = pytest.mark.browser
NETWORK = "xor-pretrained"
PARTED = ("i-2b0cf.0", "i-2b0cf.1")


def address(*refs: str) -> str:
    return f"/compare?network={NETWORK}&" + "&".join(f"e={ref}" for ref in refs)


def test_what_is_asked_stands_on_the_first_screen_of_a_phone(visitor, expect):
    tab = visitor(**PHONE)
    tab.goto(address(*PARTED))
    expect(tab.get_by_role("link", name="Q is right")).to_be_in_viewport(ratio=1)


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
