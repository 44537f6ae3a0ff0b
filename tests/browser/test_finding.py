"""Finding and reaching: suggestions, keys, what terms mean."""

from __future__ import annotations

import re

import pytest

from tests.browser.rules import accessible

pytestmark = pytest.mark.browser
XOR = "/networks/xor-pretrained"


def test_a_key_leads_to_the_field_with_what_can_be_done_and_arrows_and_enter_lead_on(tab, expect):
    tab.goto("/networks")
    tab.keyboard.press("/")
    field = tab.get_by_role("banner").get_by_role("combobox", name="Find anything")
    expect(field).to_be_focused()
    expect(tab.get_by_role("option", name="Train a network")).to_be_visible()
    assert list(accessible(tab)) == []
    tab.keyboard.insert_text("c·081ff")  # at once: an answer to its beginning would name the same circuit
    first = tab.get_by_role("option").first
    expect(first).to_contain_text("c·081ff")
    expect(field).to_have_attribute("aria-expanded", "true")
    expect(field).not_to_have_attribute("aria-activedescendant", re.compile("."))
    tab.keyboard.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "true")
    assert field.get_attribute("aria-activedescendant") == first.get_attribute("id")
    expect(field).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab).to_have_url(re.compile("/networks/xor-pretrained/explanations/c-081ff$"))


def test_suggestions_below_the_field_of_every_page(tab, expect):
    tab.goto("/findings")
    field = tab.get_by_role("banner").get_by_role("combobox", name="Find anything")
    field.fill("(A or B) and not (A and B)")
    list_ = tab.locator("#site-found")
    expect(list_.get_by_role("group", name="Explanations").get_by_role("option").first).to_contain_text(
        "(A ∨ B) ∧ ¬(A ∧ B)"
    )
    tab.keyboard.press("ArrowUp")  # the last one
    expect(list_.get_by_role("option").last).to_have_attribute("aria-selected", "true")
    tab.keyboard.press("ArrowDown")  # the field itself
    expect(list_.locator("[aria-selected=true]")).to_have_count(0)
    tab.keyboard.press("Escape")
    expect(list_).to_be_hidden()
    field.press_sequentially(" ")
    list_.get_by_role("option").first.click()
    expect(tab).to_have_url(re.compile("/explanations/g-a2e8546f11f80df4"))


def test_only_the_last_text_is_asked_for(tab, expect):
    asked = []
    tab.on("request", lambda request: asked.append(request.url) if "/api/v2/search" in request.url else None)
    tab.goto("/findings")
    field = tab.get_by_role("banner").get_by_role("combobox")
    field.focus()
    typed = """(field) => [..."alice"].forEach((letter) => {
      field.value += letter;
      field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    })"""
    with tab.expect_request(lambda request: request.url.endswith("q=alice&limit=4")):
        field.evaluate(typed)
    assert [one for one in asked if "q=a" in one] == asked[-1:]


def test_keys_are_listed_and_do_nothing_while_somebody_types(tab, expect):
    tab.goto(f"{XOR}/explanations")
    field = tab.get_by_role("banner").get_by_role("combobox")
    field.focus()
    for key in ("?", "/", "j"):
        tab.keyboard.press(key)
    expect(tab.get_by_role("dialog")).to_have_count(0)
    expect(field).to_be_focused()
    expect(field).to_have_value("?/j")
    tab.get_by_role("heading", level=1).click()
    tab.keyboard.press("?")
    listed = tab.get_by_role("dialog", name="Keys")
    expect(listed).to_contain_text("find anything")
    tab.keyboard.press("j")
    expect(listed).to_be_visible()
    tab.keyboard.press("Escape")
    expect(listed).to_be_hidden()


def test_what_a_term_means_opens_by_focus_and_closes_by_escape(tab, expect):
    tab.goto("/scope")
    term = tab.locator("main a.term").first
    meaning = tab.get_by_role("tooltip")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")  # to the content
    for _ in range(20):
        tab.keyboard.press("Tab")
        if term.evaluate("e => e === document.activeElement"):
            break
    expect(term).to_be_focused()
    expect(meaning).to_contain_text("passes the test for its kind")
    assert term.get_attribute("aria-describedby") == meaning.get_attribute("id")
    assert list(accessible(tab)) == []
    tab.keyboard.press("Escape")
    expect(meaning).to_have_count(0)
    expect(term).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab).to_have_url(re.compile("/glossary#valid$"))


def test_an_address_with_a_fragment_opens_what_holds_it(tab, expect):
    tab.goto("/scope")
    expect(tab.get_by_text("how often it fails")).to_be_hidden()
    tab.goto("/scope#how-sure-a-number-is")
    expect(tab.get_by_text("how often it fails")).to_be_visible()
