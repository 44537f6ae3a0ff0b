"""The funnel as people use it: another order, other settings, none left, who is left."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import PHONE, eventually, query

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
    tab.goto("/networks/xor-pretrained")
    tab.get_by_role("link", name="Choose criteria, order and settings").click()
    expect(tab).to_have_url(re.compile("/funnel$"))
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


def test_none_survives_and_the_way_back(tab, expect):
    tab.goto(FUNNEL + "?criteria=knockout-completeness&criteria=minimal-subset")
    empty = tab.locator("#left-of-circuits [data-empty=none]")
    expect(empty).to_contain_text("No circuit survives")
    expect(empty).to_contain_text("a finding about these criteria")
    empty.get_by_role("link", name="The last that were left").click()
    expect(tab).to_have_url(re.compile(r"/explanations\?.*criteria=knockout-completeness"))
    expect(tab.get_by_role("status").first).to_contain_text("5")


def test_survivors_are_one_click_away_and_as_many(tab, expect, site):
    tab.goto(THREE)
    link = tab.get_by_role("link", name="List the 12 circuits left after Output faithfulness")
    listed = site.twin(link.get_attribute("href"))
    assert listed["total"] == 12
    link.click()
    expect(tab).to_have_url(re.compile("/explanations"))
    has_sequence(tab, "mean-ablation", "resample-ablation", "output-faithfulness")


def test_presets_and_counting_once_are_links(tab, expect):
    tab.goto(FUNNEL)
    tab.get_by_role("link", name="Stricter ablations").click()
    expect(tab.locator("#sequence li[id]")).to_have_count(3)
    assert left(tab) == [191, 100, 100]
    tab.get_by_role("link", name="Symmetries: off").click()
    expect(tab.get_by_role("link", name="Symmetries: on")).to_have_attribute("aria-current", "true")
    expect(tab.locator(".once")).to_contain_text("nothing is merged")
    eventually(tab, lambda: query(tab)["criteria"][0], "representative")


def test_it_works_without_scripts_and_on_a_phone(visitor, expect):
    tab = visitor(**PHONE, java_script_enabled=False)
    tab.goto(THREE)
    tab.get_by_role("link", name="Move Output faithfulness up").click()
    has_sequence(tab, "mean-ablation", "output-faithfulness", "resample-ablation")
    tab.locator("#step-1 summary").click()
    tab.locator("#step-1").get_by_label(re.compile("^tolerance")).fill("0.3")
    tab.locator("#step-1").get_by_role("button", name="Set").click()
    has_sequence(tab, "mean-ablation", "output-faithfulness(tolerance=0.3)", "resample-ablation")
    tab.get_by_label("Add a criterion").select_option("necessity")
    tab.get_by_role("button", name="Add", exact=True).click()
    eventually(tab, lambda: query(tab)["criteria"][-1], "necessity")


def test_a_refused_setting_says_what_is_allowed(tab, expect, ear):
    ear.expect_status(400)
    tab.goto(FUNNEL + "?criteria=output-faithfulness(tolerance=-1)")
    expect(tab.locator("main")).to_contain_text("a number from 0 to")
    tab.goto(FUNNEL + "?criteria=no-such")
    expect(tab.locator("main")).to_contain_text("knockout-completeness")
