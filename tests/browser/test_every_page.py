"""Tests of every page: one visit at a desk and on a narrow screen, one without scripts; the rules are in rules.py."""

from __future__ import annotations

import pytest

from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.pages_table import FURTHER, PAGES, STATUS
from tests.browser.rules import AT_A_DESK, IN_THE_DARK, ON_A_PHONE, WITHOUT_SCRIPTS, axe_script, broken, settle
from tests.browser.test_words import others

pytestmark = pytest.mark.browser
every_page = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.release) if name in FURTHER else name for name in PAGES]
)
NARROW = tuple(rule for rule in ON_A_PHONE if rule.__name__ != "no_layout_shift")
"""What can be seen of a page without loading it anew: no style asks for anything of a phone but its width."""


@pytest.fixture
def arrive(visit, where):
    """Opens a page of the table."""
    return lambda name, **options: visit(where[name], STATUS.get(name, 200), **options)


@every_page
def test_page_at_a_desk(arrive, name):
    tab = arrive(name, brings=axe_script(), reduced_motion="reduce")
    found = broken(tab, name, AT_A_DESK)
    tab.set_viewport_size(PHONE["viewport"])
    settle(tab)
    found += broken(tab, f"{name}, narrow", NARROW)
    tab.set_viewport_size(DESKTOP["viewport"])
    assert found == []


@pytest.mark.release  # contrasts alone differ, and they are those of the style sheets, not of a page
@pytest.mark.parametrize("name", PAGES)
def test_page_in_the_dark(arrive, name):
    assert broken(arrive(name, brings=axe_script(), reduced_motion="reduce"), name, IN_THE_DARK) == []


@pytest.mark.release  # beyond the narrow screen: what moves while it is loaded, and what a finger alone may do
@pytest.mark.parametrize("name", PAGES)
def test_page_on_a_phone(arrive, name):
    assert broken(arrive(name, **PHONE), name, ON_A_PHONE) == []


@every_page
def test_page_without_scripts(arrive, name):
    tab = arrive(name, java_script_enabled=False)
    assert broken(tab, name, WITHOUT_SCRIPTS) + others(tab.content()) == []
