"""Networks are trained before the reader's eyes."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.browser


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
        expect(said).to_contain_text("Cancelled. Nothing of it was kept")
