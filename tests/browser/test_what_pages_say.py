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
def test_play_offers_the_interpretation_that_the_common_ground_calls_best(tab, expect, site, network):
    report = site.answered(network, "common-ground")
    best, of = report["best"], report["n_interventions"]
    tab.goto(f"{network}/analyses/common-ground")
    expect(tab.get_by_text(f"{best['right']} of {of}", exact=True)).to_be_visible()
    tab.goto(f"{network}/sandbox")
    offer = tab.get_by_role("row").filter(has=tab.get_by_role("link", name="Add the best-scoring interpretation"))
    expect(offer).to_contain_text(f"i·{best['mask']}.{best['index']}")
    expect(offer).to_contain_text(f"correct on {best['right']} of {of} interventions")
    offer.get_by_role("link").click()
    expect(tab.locator("#asked tbody th a").first).to_have_attribute(
        "href", re.compile(f"i-{best['mask']}.{best['index']}$")
    )
    expect(tab.get_by_role("link", name="Add the best-scoring interpretation")).to_have_count(0)


def test_verification_says_what_it_compared(tab, expect):
    tab.goto(f"{XOR}/explanations/c-081ff")
    tab.locator("#verify-summary").click()
    expect(tab.locator("#verify")).to_contain_text(re.compile(r"3 digests match; \d+ figures found again"))
