"""What pages say is so: the best is the best, variables are parts of their formula, no section denies another."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.browser
XOR, XORNET = "/networks/xor-pretrained", "/networks/alice-and-bob"


@pytest.fixture
def expect(chromium):
    from playwright.sync_api import expect

    return expect


@pytest.mark.parametrize("network", [XOR, XORNET])
def test_the_sandbox_offers_the_interpretation_that_the_common_ground_calls_best(tab, expect, site, network):
    best = site.twin(f"{network}/common-ground")["survey"]["best"]
    tab.goto(f"{network}/common-ground")
    extremes = tab.locator(".extremes")
    expect(extremes).to_contain_text(f"Best interpretation: {best['label']}")
    tab.goto(f"{network}/sandbox")
    offer = tab.get_by_role("listitem").filter(has=tab.get_by_role("link", name="Add the best-scoring interpretation"))
    agreed, of = best["accuracy"]["agreed"], best["accuracy"]["of"]
    expect(offer).to_contain_text(f"interpretation {best['index']} of {best['mask']}")
    expect(offer).to_contain_text(f"correct on {agreed} of {of} interventions")
    offer.get_by_role("link").click()
    expect(tab.locator("#asked-P a").first).to_have_attribute("href", best["url"])
    expect(tab.get_by_role("link", name="Add the best-scoring interpretation")).to_have_count(0)


def test_verification_says_what_it_compared(tab, expect):
    tab.goto(f"{XOR}/explanations/c-081ff")
    tab.locator("#verify-summary").click()
    expect(tab.locator("#verify")).to_contain_text(re.compile(r"3 digests match; \d+ figures found again"))
