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


def test_verification_says_what_it_compared_and_recomputes_counts(tab, expect):
    tab.goto(f"{XOR}/verify?counts=no")
    heading = tab.get_by_role("heading", level=1)
    expect(heading).to_have_text("3 digests match; counts not recomputed")
    tab.get_by_role("link", name=re.compile("^Recompute the counts, about")).click()
    expect(heading).to_have_text("3 digests match; 8 counts found again")
    counts = tab.locator("#counts tbody tr")
    expect(counts.nth(1)).to_contain_text(re.compile(r"Valid circuits\s*197\s*197"))
    expect(counts.locator(".verdict.pass")).to_have_count(8)
    crumbs = tab.get_by_role("navigation", name="Breadcrumb").locator("span")
    expect(crumbs).to_have_text(["Networks", "XOR, pretrained by the authors", "re-verified"])
    expect(tab.locator("main")).not_to_contain_text("Every figure that is stored")
    tab.goto(f"{XOR}/circuits/081ff/verify")
    expect(heading).to_have_text(re.compile(r"^3 digests match; \d+ figures found again$"))
    expect(crumbs).to_have_text(["Networks", "XOR, pretrained by the authors", "Circuit", "re-verified"])
