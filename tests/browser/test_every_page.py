"""What holds for every page, in one visit each at a desk, on a phone and without scripts; the rules are in rules.py."""

from __future__ import annotations

import pytest

from tests.browser.conftest import PHONE
from tests.browser.pages_table import PAGES, STATUS
from tests.browser.rules import AT_A_DESK, ON_A_PHONE, WATCH_SHIFTS, WITHOUT_SCRIPTS, broken, settle

pytestmark = pytest.mark.browser


@pytest.fixture
def arrive(visitor, ear, where):
    """Opens a page of the table as a fresh visitor, and waits until it is whole."""

    def go(name, **options):
        status = STATUS.get(name, 200)
        if status != 200:
            ear.expect_status(status)
        tab = visitor(**options)
        tab.add_init_script(WATCH_SHIFTS)
        assert tab.goto(where[name]).status == status, f"{name}: {where[name]}"
        if options.get("java_script_enabled", True):
            settle(tab)
        return tab

    return go


@pytest.mark.parametrize("name", PAGES)
def test_page_at_a_desk(arrive, name):
    assert broken(arrive(name, reduced_motion="reduce"), name, AT_A_DESK) == []


@pytest.mark.parametrize("name", PAGES)
def test_page_on_a_phone(arrive, name):
    assert broken(arrive(name, **PHONE), name, ON_A_PHONE) == []


@pytest.mark.parametrize("name", PAGES)
def test_page_without_scripts(arrive, name):
    assert broken(arrive(name, java_script_enabled=False), name, WITHOUT_SCRIPTS) == []
