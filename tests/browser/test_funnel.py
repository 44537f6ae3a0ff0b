"""The funnel as people use it: another order, other settings, what is missing."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import eventually, query

pytestmark = pytest.mark.browser
FUNNEL = "/networks/xor-pretrained/analyses/funnel"


def has_sequence(tab, wanted):
    eventually(tab, lambda: query(tab).get("criteria", []), [wanted])


def test_what_is_missing_is_computed_when_asked_for(tab, expect, site):
    tab.goto(FUNNEL + "/chosen?criteria=output-faithfulness(tolerance=0.15)")
    tab.get_by_role("button", name="Compute them").click()
    has_sequence(tab, "output-faithfulness(tolerance=0.15)")
    site.work("criteria")
    expect(tab.get_by_role("button", name="Compute them")).to_have_count(0)
    expect(tab.locator("main")).to_contain_text(re.compile("of 197 left"))
