"""The funnel as people use it: another order, other settings, none left, who is left."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import eventually, query

pytestmark = pytest.mark.browser
FUNNEL = "/networks/xor-pretrained/funnel"
THREE = FUNNEL + "?criteria=mean-ablation&criteria=resample-ablation&criteria=output-faithfulness"


@pytest.fixture
def expect(chromium):
    from playwright.sync_api import expect

    return expect


def has_sequence(tab, *wanted):
    eventually(tab, lambda: query(tab).get("criteria", []), list(wanted))


def left(tab):
    return [int(text) for text in tab.locator("#left-of-circuits tbody td.left b").all_inner_texts()]


def test_reorder_set_and_go_back(tab, expect):
    tab.goto(THREE)
    tab.evaluate("() => { window.sameDocument = true }")
    assert left(tab) == [191, 100, 12]
    up = tab.get_by_role("link", name="Move Output faithfulness up")
    up.focus()
    tab.keyboard.press("Enter")
    expect(tab.locator("#step-1")).to_contain_text("Output faithfulness")
    has_sequence(tab, "mean-ablation", "output-faithfulness", "resample-ablation")
    assert left(tab)[-1] == 12, "whatever the order"
    expect(up).to_be_focused()

    tab.locator("#step-1 summary").click()
    field = tab.locator("#step-1").get_by_label(re.compile("^tolerance"))
    assert (field.get_attribute("min"), field.get_attribute("max")) == ("0", "1000000")
    field.fill("0.2")
    field.press("Enter")
    expect(tab.locator("#left-of-circuits")).to_contain_text("tolerance 0.2 (default 0.1)")
    has_sequence(tab, "mean-ablation", "output-faithfulness(tolerance=0.2)", "resample-ablation")
    expect(tab.get_by_role("button", name="Compute it")).to_be_visible()
    assert tab.evaluate("() => window.sameDocument"), "all this took no page load"

    tab.go_back()
    expect(tab.locator("#step-1")).to_contain_text("tolerance 0.1")
    assert left(tab)[-1] == 12
    tab.get_by_role("link", name="Remove Mean ablation", exact=True).click()
    expect(tab.locator("#sequence li[id]")).to_have_count(2)
    tab.get_by_label("Add a criterion").select_option("necessity")
    tab.get_by_role("button", name="Add", exact=True).click()
    expect(tab.locator("#step-2")).to_contain_text("Necessity")
    has_sequence(tab, "output-faithfulness", "resample-ablation", "necessity")


def test_verdicts_that_are_missing_come_by_themselves(tab, expect, site):
    tab.goto(FUNNEL + "?criteria=output-faithfulness(tolerance=0.15)")
    expect(tab.locator("#left-of-circuits")).to_contain_text("not computed yet")
    tab.get_by_role("button", name="Compute it").click()
    expect(tab.locator("#left")).to_contain_text("Verdicts are being computed")
    has_sequence(tab, "output-faithfulness(tolerance=0.15)")
    with site.worker():
        expect(tab.locator("#left-of-circuits td.left b a")).to_be_visible(timeout=60_000)
    assert 12 <= left(tab)[0] <= 197
    expect(tab.locator("#left[data-poll]")).to_have_count(0)
