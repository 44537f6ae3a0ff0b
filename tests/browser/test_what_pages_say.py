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


def test_where_nothing_is_surveyed_no_interpretation_is_called_best(tab, expect):
    tab.goto("/networks/majority-3-3/sandbox")
    expect(tab.get_by_role("link", name="Add an interpretation")).to_be_visible()
    expect(tab.locator(".suggested")).not_to_contain_text("best")


def test_explanations_that_own_swaps_divide_are_told_apart(tab, expect):
    tab.goto("/alice-and-bob")
    expect(tab.locator("#own-swaps")).to_contain_text(re.compile(r"[1-9]\d* of \d+ interchanges distinguish them"))
    for said in ("no intervention does", "no pair of them is parted", "its own swaps are below"):
        expect(tab.locator("main")).not_to_contain_text(said)
    for empty in ("#crucial", "#agreement"):
        assert tab.locator(empty).bounding_box()["height"] < 100
    tab.goto("/compare?network=xor-pretrained&e=c-081ff&e=c-2b0cf")
    expect(tab.locator("#crucial")).to_contain_text("None of them predicts anything under interventions")
    expect(tab.locator("#agreement")).to_have_count(0)
    tab.get_by_role("link", name="Choose an interpretation of Q").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Interpretations of circuit 2b0cf")


def test_a_variable_is_shown_as_the_part_of_the_formula_that_it_is(tab, expect, site):
    negation = "stored negated: ¬(A ∨ B) = ¬A ∧ ¬B"
    tab.goto(XOR)
    expect(tab.locator(".card").filter(has_text="(A ∨ B) ∧ ¬(A ∧ B)").first).to_contain_text(negation)
    tab.goto(f"{XOR}/explanations?kind=alignment")
    expect(tab.locator("tbody tr").filter(has_text="(A ∨ B) ∧ ¬(A ∧ B)").first).to_contain_text(negation)
    tab.goto(f"{XOR}/algorithms")
    row = tab.locator("tbody tr").filter(has_text="(A ∨ B) ∧ ¬(A ∧ B)").first
    expect(row.locator(".vars")).to_contain_text("¬(A ∨ B) = ¬A ∧ ¬B")
    row.locator("a.f").click()
    expect(tab.locator("table.values thead")).to_contain_text("¬(A ∨ B) = ¬A ∧ ¬B")
    expect(tab.locator("main")).to_contain_text(negation)
    alignment = site.twin(XOR)["samples"]["alignments"][0]
    tab.goto(alignment["url"])
    expect(tab.locator(".aligned table")).to_contain_text("¬(A ∨ B) = ¬A ∧ ¬B")
    expect(tab.locator(".aligned svg.tree")).to_contain_text("¬(A ∨ B)")
    tab.goto(f"/compare?network=xor-pretrained&e={alignment['ref']}&e=i-2b0cf.0")
    expect(tab.locator("#values thead")).to_contain_text("¬(A ∨ B)")


def test_alice_and_bob_are_found_from_home_and_from_their_network(tab, expect):
    for start in ("/", XORNET):
        tab.goto(start)
        tab.locator("main").get_by_role("link", name=re.compile("^Alice and Bob")).click()
        expect(tab).to_have_url(re.compile("/compare[?]network=alice-and-bob&"))
        expect(tab.locator("main")).to_contain_text("n1.0 − n1.2")


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
