"""The funnel as people use it: another order, other settings, what is missing."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import eventually, query

pytestmark = pytest.mark.browser
FUNNEL = "/networks/xor-pretrained/analyses/funnel"
THREE = FUNNEL + "/chosen?criteria=mean-ablation+resample-ablation+output-faithfulness"


@pytest.fixture
def expect(chromium):
    from playwright.sync_api import expect

    return expect


def has_sequence(tab, wanted):
    eventually(tab, lambda: query(tab).get("criteria", []), [wanted])


def test_another_sequence_and_its_settings(tab, expect):
    tab.goto(THREE)
    tab.get_by_role("textbox", name="Criteria").fill("output-faithfulness resample-ablation")
    tab.get_by_role("button", name="Show").click()
    has_sequence(tab, "output-faithfulness resample-ablation")
    tab.get_by_role("textbox", name="Criteria").fill("output-faithfulness(tolerance=0.2)")
    tab.get_by_label("Add at the end").select_option("necessity")
    tab.get_by_role("button", name="Show").click()
    expect(tab.get_by_role("button", name="Compute them")).to_be_visible()
    expect(tab.get_by_text("(tolerance 0.2)").first).to_be_visible()
    tab.go_back()
    has_sequence(tab, "output-faithfulness resample-ablation")


def test_what_is_missing_is_computed_when_asked_for(tab, expect, site):
    tab.goto(FUNNEL + "/chosen?criteria=output-faithfulness(tolerance=0.15)")
    tab.get_by_role("button", name="Compute them").click()
    has_sequence(tab, "output-faithfulness(tolerance=0.15)")
    with site.worker():
        expect(tab.get_by_role("button", name="Compute them")).to_have_count(0, timeout=60_000)
    expect(tab.locator("main")).to_contain_text(re.compile("of 197 left"))
