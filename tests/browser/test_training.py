"""Networks are trained before the reader's eyes."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture
def expect(chromium):
    from playwright.sync_api import expect

    return expect


def test_a_plan_follows_the_form(tab, expect):
    tab.goto("/networks/new?way=train")
    plan = tab.locator("#plan")
    expect(plan).to_contain_text("1 × 2-3-3-1")
    tab.get_by_label("Hidden layers", exact=True).fill("5, 5")
    tab.get_by_label("How many networks").fill("20")
    tab.get_by_label("Name", exact=True).focus()
    expect(plan).to_contain_text("20 × 2-5-5-1")
    expect(plan).to_contain_text("count the valid circuits exactly")
    tab.get_by_label("Hidden layers", exact=True).fill("0")
    tab.get_by_label("Name", exact=True).focus()
    expect(plan).to_contain_text("1 to 64 neurons")


def test_watched_while_it_learns_and_cancelled(tab, site, expect):
    tab.goto("/networks/new?way=train")
    tab.get_by_text("Finer options").click()
    tab.get_by_label("Noise").fill("0.3")  # so that it never gets there
    tab.get_by_label("Loss target").fill("1e-7")
    tab.get_by_label("Patience").fill("100000")
    tab.get_by_label("Epochs at most").fill("100000")
    tab.get_by_label("Name", exact=True).fill("Never there")
    tab.get_by_role("button", name="Start training").click()
    said = tab.get_by_role("main")
    with site.worker():
        expect(said).to_contain_text(re.compile(r"epoch [\d,]+, loss"), timeout=60_000)
        seen = said.inner_text()
        expect(said).not_to_have_text(seen)
        tab.get_by_role("button", name="Cancel").click()
        expect(said).to_contain_text("Cancelled. Nothing of it was kept", timeout=10_000)
