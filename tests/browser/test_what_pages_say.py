"""What pages say is so: the best is the best, variables are parts of their formula, no section denies another."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.browser
XOR = "/networks/xor-pretrained"


@pytest.fixture
def expect(chromium):
    from playwright.sync_api import expect

    return expect


def test_verification_says_what_it_compared(tab, expect):
    tab.goto(f"{XOR}/explanations/c-081ff")
    tab.locator("#verify-summary").click()
    expect(tab.locator("#verify")).to_contain_text(re.compile(r"\d+ figures found again"))
