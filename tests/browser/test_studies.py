"""The page of a study while it is read."""

from __future__ import annotations

import pytest

from tests.browser.rules import WATCH_SHIFTS, no_layout_shift

pytestmark = pytest.mark.browser


def test_figures_push_nothing_away_that_is_being_read(visitor):
    from playwright.sync_api import expect

    tab = visitor(viewport={"width": 1000, "height": 800})
    tab.add_init_script(WATCH_SHIFTS)
    tab.goto("/studies/xor-width")
    figures = tab.locator(".study-figures > section")
    for place in range(figures.count()):
        figures.nth(place).evaluate("section => scrollTo(0, section.offsetTop - 150)")
        expect(figures.nth(place).locator("figure[data-drawn=true]")).to_be_visible()
    assert list(no_layout_shift(tab)) == []
