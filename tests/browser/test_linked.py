"""Linked drawings: what is pointed at, tapped or reached by the keyboard lights up everywhere on the page."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.browser
LIT = "() => [...document.querySelectorAll('.lit')].map((e) => e.dataset.el)"


@pytest.fixture
def compared() -> str:
    return "/compare?network=xor-pretrained&e=c-081ff&e=i-2b0cf.0&e=a-a2e8546f11f80df4.e3bd9b5eae0c1489"


@pytest.fixture
def expect(chromium):
    from playwright.sync_api import expect

    return expect


def neuron(tab, name: str, card: int = 0):
    return tab.locator(".versus article").nth(card).locator(f'[data-el="{name}"]:has(> .dot)')


def point_at(tab, name: str, card: int = 0) -> tuple[float, float]:
    box = neuron(tab, name, card).locator("> :not(.hit, text)").first.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_neuron_that_is_pointed_at_lights_up_in_every_card_and_in_the_table(tab, expect, compared):
    tab.goto(compared)
    neuron(tab, "n1.0").scroll_into_view_if_needed()
    tab.mouse.move(*point_at(tab, "n1.0"))
    for card in range(3):
        expect(neuron(tab, "n1.0", card)).to_have_class("lit")
        expect(neuron(tab, "n1.1", card)).not_to_have_class("lit")
    expect(tab.locator("table.parting tr.lit th")).to_have_text("n1.0")
    weight = tab.locator('.versus article:first-child .w-all [data-el="A→n1.0"]')
    expect(weight).to_be_visible()
    expect(weight).to_have_text("1.05")
    expect(tab.locator('.versus article:first-child .w-all [data-el="B→n1.2"]')).to_be_hidden()
    tab.mouse.move(2, 2)
    expect(tab.locator(".lit")).to_have_count(0)
    expect(weight).to_be_hidden()


def test_arrow_keys_go_through_a_drawing_and_say_where_they_are(tab, expect, compared):
    tab.goto(compared)
    tab.get_by_role("group", name=re.compile("^Drawing of Q")).focus()
    names = []
    for _ in range(3):
        tab.keyboard.press("ArrowRight")
        names.append(tab.evaluate(LIT)[0])
        assert tab.locator("[data-announce]").inner_text().strip() == names[-1]
    assert names == ["A", "B", "n1.0"]
    tab.keyboard.press("ArrowLeft")
    assert set(tab.evaluate(LIT)) == {"B"}
    tab.keyboard.press("Escape")
    expect(tab.locator(".lit")).to_have_count(0)
    table = tab.get_by_role("group", name=re.compile("^Differences"))
    table.focus()
    tab.keyboard.press("ArrowDown")
    first = table.locator("tbody tr").first
    expect(first).to_have_class("lit")
    assert tab.locator("[data-announce]").inner_text().startswith("n1.0 used")


def test_a_pointer_that_rests_while_the_page_scrolls_takes_nothing_from_the_keyboard(tab, expect, compared):
    tab.goto(compared)
    drawing = tab.get_by_role("group", name=re.compile("^Drawing of Q"))
    drawing.scroll_into_view_if_needed()
    tab.mouse.move(*point_at(tab, "n1.0"))
    drawing.focus()
    tab.keyboard.press("ArrowRight")
    assert set(tab.evaluate(LIT)) == {"A"}
    overs = "() => document.addEventListener('pointerover', () => { window.overs = (window.overs ?? 0) + 1; })"
    tab.evaluate(overs)
    tab.evaluate("() => scrollBy({ top: 400, behavior: 'instant' })")
    tab.wait_for_function("() => window.overs")
    assert set(tab.evaluate(LIT)) == {"A"}
