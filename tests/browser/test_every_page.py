"""What holds for every page: drawn, accessible in both themes, no wider than the screen, quiet on the console."""

from __future__ import annotations

import pytest

from tests.browser.conftest import PHONE
from tests.browser.pages_table import PAGES, STATUS

pytestmark = pytest.mark.browser

WHAT_COLOURS_DECIDE = {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]}


def arrive(tab, ear, name, address):
    """Go to a page and wait until its figures are drawn."""
    from playwright.sync_api import expect

    status = STATUS.get(name, 200)
    if status != 200:
        ear.expect_status(status)
    assert tab.goto(address).status == status
    expect(tab.get_by_role("heading", level=1)).to_have_count(1)
    figures = tab.locator("[data-plot]")
    expect(tab.locator("[data-plot][data-drawn=true] svg.main-svg:first-child")).to_have_count(figures.count())


@pytest.mark.parametrize("name", PAGES)
def test_page_at_a_desk(visitor, ear, where, name):
    from axe_playwright_python.sync_playwright import Axe

    tab = visitor(reduced_motion="reduce")
    arrive(tab, ear, name, where[name])
    found = Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()
    tab.emulate_media(color_scheme="dark")
    found = Axe().run(tab, options=WHAT_COLOURS_DECIDE)
    assert found.violations_count == 0, f"in the dark theme: {found.generate_report()}"
    assert tab.locator("html").evaluate("e => e.scrollWidth - e.clientWidth") == 0


@pytest.mark.parametrize("name", PAGES)
def test_page_on_a_phone(visitor, ear, where, name):
    tab = visitor(**PHONE)
    arrive(tab, ear, name, where[name])
    assert tab.locator("html").evaluate("e => [e.scrollWidth, innerWidth]") == [390, 390]
