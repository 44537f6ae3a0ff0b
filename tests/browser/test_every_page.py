"""Tests of every page, in one visit each at a desk, on a phone and without scripts; the rules are in rules.py."""

from __future__ import annotations

import pytest

from tests.browser.conftest import PHONE
from tests.browser.pages_table import PAGES, STATUS
from tests.browser.rules import AT_A_DESK, IN_THE_DARK, ON_A_PHONE, WITHOUT_SCRIPTS, axe_script, broken

pytestmark = pytest.mark.browser


@pytest.fixture
def arrive(visit, where):
    """Opens a page of the table."""
    return lambda name, **options: visit(where[name], STATUS.get(name, 200), **options)


@pytest.mark.parametrize("name", PAGES)
def test_page_at_a_desk(arrive, name):
    assert broken(arrive(name, brings=axe_script(), reduced_motion="reduce"), name, AT_A_DESK) == []


@pytest.mark.release  # contrasts alone differ, and they are those of the style sheets, not of a page
@pytest.mark.parametrize("name", PAGES)
def test_page_in_the_dark(arrive, name):
    assert broken(arrive(name, brings=axe_script(), reduced_motion="reduce"), name, IN_THE_DARK) == []


@pytest.mark.parametrize("name", PAGES)
def test_page_on_a_phone(arrive, name):
    assert broken(arrive(name, **PHONE), name, ON_A_PHONE) == []


@pytest.mark.parametrize("name", PAGES)
def test_page_without_scripts(arrive, name):
    assert broken(arrive(name, java_script_enabled=False), name, WITHOUT_SCRIPTS) == []
