"""The figure of the front page: six steps with one drawing, by mouse, by keyboard, without scripts and on a phone."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.browser
STEPS = 6


@pytest.fixture
def expect(chromium):
    from playwright.sync_api import expect

    return expect


def test_explanations_are_made_to_agree_again_in_place(tab, expect):
    tab.goto("/")
    for title in ("circuit", "interpretation", "alignment", "test", "disagreement"):
        tab.get_by_role("link", name=f"Next: {title}").press("Enter")
        expect(tab.locator("#minute-next")).to_be_focused()
    said = tab.locator("#play [role=status]")
    expect(said).to_contain_text("The explanations disagree.")
    expect(tab.locator("#play .play-said li")).to_have_text([re.compile("incorrect$"), re.compile("[^n]correct$")])
    tab.locator("#play-reset").click()
    expect(said).to_contain_text("The explanations agree.")
    tab.locator("#play #at-1-1").press("Enter")
    expect(said).to_contain_text("with n1.1 patched from 00")
    expect(tab.locator("#play #at-1-1")).to_be_focused()
    assert tab.url.endswith("/"), "it is not the page that changes"
