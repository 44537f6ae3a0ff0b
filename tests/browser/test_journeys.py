"""What people come for, from end to end."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import eventually, query

pytestmark = pytest.mark.browser
XOR = "/networks/xor-pretrained"


@pytest.fixture
def expect(chromium):
    from playwright.sync_api import expect

    return expect


def masks(tab) -> list[str]:
    return [name.removeprefix("c·") for name in tab.locator("#list th.name a").all_inner_texts()]


def test_from_the_front_page_to_a_circuit(tab, expect):
    tab.goto("/")
    tab.get_by_role("link", name="Explore", exact=True).click()
    tab.get_by_role("table").get_by_role("link", name="XOR, pretrained by the authors").click()
    expect(tab).to_have_url(re.compile(f"{XOR}$"))
    tab.get_by_role("link", name="197", exact=True).click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Explanations")
    expect(tab.locator("#list [role=status]")).to_have_text("197 explanations")
    first = masks(tab)[0]
    tab.get_by_role("link", name=f"c·{first}", exact=True).click()
    expect(tab).to_have_url(re.compile(f"/explanations/c-{first}$"))
    expect(tab.locator(".verdicts")).to_contain_text("it classifies 4 of 4 rows correctly")


def test_filter_sort_next_and_back_keep_the_address_in_step(tab, expect, site):
    tab.goto(f"{XOR}/explanations?kind=circuit")
    tab.evaluate("() => { window.sameDocument = true }")
    tab.locator("#list .hist").first.get_by_role("link", name="13:").click()
    wanted = site.listed("xor-pretrained", kind="circuit", edges_min=13, edges_max=13)["total"]
    expect(tab.locator("#list [role=status]")).to_have_text(f"{wanted} explanations")
    eventually(tab, lambda: query(tab), {"kind": ["circuit"], "edges_min": ["13"], "edges_max": ["13"]})

    tab.get_by_role("columnheader", name="Margin").get_by_role("link").click()
    head = tab.get_by_role("columnheader", name="Margin")
    expect(head).to_have_attribute("aria-sort", re.compile("ascending|descending"))
    eventually(tab, lambda: "sort" in query(tab), True)
    before = masks(tab)
    assert before == [item["mask"] for item in site.listed("xor-pretrained", **query(tab))["items"]][: len(before)]
    assert len(before) == 25

    sorted_at = tab.url
    tab.get_by_role("link", name="Next", exact=True).click()
    expect(tab.get_by_role("link", name="Back", exact=True)).to_be_visible()
    eventually(tab, lambda: "start" in query(tab), True)
    after = masks(tab)
    assert after
    assert not set(after) & set(before)
    assert tab.evaluate("() => window.sameDocument"), "all this took no page load"

    tab.go_back()
    expect(tab).to_have_url(sorted_at)
    eventually(tab, lambda: masks(tab)[:1], before[:1])
    assert masks(tab) == before
    tab.reload()
    assert masks(tab) == before, "the address alone gives the same list"
    expect(tab.locator("#list .hist .on").first).to_have_text("13")


def test_from_the_algorithms_to_the_evidence_of_an_alignment(tab, expect, site):
    tab.goto(f"{XOR}/explanations?kind=algorithm&valid=any")
    tab.locator("#list-valid-yes").check()
    expect(tab).not_to_have_url(re.compile("valid=any"))
    row = tab.locator("#list tr.row")
    expect(row).to_have_count(1)
    row.locator("th a").click()
    tab.locator("main th a[href*='/explanations/a-']").first.click()
    expect(tab).to_have_url(re.compile("/explanations/a-"))
    tab.get_by_text("Every interchange").click()
    pairs = sum(len(place["outputs"]) ** 2 for place in site.twin(urlsplit(tab.url).path)["places"])
    expect(tab.locator("#interchanges tbody tr")).to_have_count(pairs)


def fill_form(tab, **fields):
    tab.goto("/networks/new?way=train")
    for label, value in fields.items():
        tab.get_by_label(re.compile(f"^{label.replace('_', ' ')}")).fill(value)


def test_a_waiting_job_is_cancelled_and_queued_again(tab, expect):
    fill_form(tab, Tasks="OR", Hidden_layers="2", Name="Never trained")
    tab.get_by_role("button", name="Start training").click()
    main = tab.get_by_role("main")
    expect(main).to_contain_text("Waiting for a worker")
    tab.get_by_role("button", name="Cancel").click()
    expect(main).to_contain_text("Cancelled.")
    tab.get_by_role("button", name="Try again").click()
    expect(main).to_contain_text("Waiting for a worker")
    tab.get_by_role("button", name="Cancel").click()
    expect(main).to_contain_text("Cancelled.")
    tab.goto("/jobs?state=cancelled")
    expect(tab.get_by_role("link", name="Never trained")).to_be_visible()


def test_a_theme_once_chosen_stays(tab, expect):
    tab.goto("/")
    paper = tab.locator("body").evaluate("e => getComputedStyle(e).backgroundColor")
    tab.get_by_role("link", name="Light or dark").click()
    expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    tab.goto(XOR)
    expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    assert tab.locator("body").evaluate("e => getComputedStyle(e).backgroundColor") != paper


def test_without_scripts_a_list_is_filtered_and_leads_on(visitor, expect, site):
    tab = visitor(java_script_enabled=False)
    tab.goto(f"{XOR}/explanations?kind=circuit")
    tab.locator("#list .hist").first.get_by_role("link", name="12:").click()
    wanted = site.listed("xor-pretrained", kind="circuit", edges_min=12, edges_max=12)["total"]
    expect(tab.locator("#list [role=status]")).to_have_text(f"{wanted} explanations")
    tab.locator(".bar [data-theme-switch]").click()
    expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    expect(tab.locator("#list [role=status]")).to_have_text(f"{wanted} explanations")
    expect(tab.locator("#list input[data-compare]").first).to_be_hidden()  # only scripts could keep what is ticked
    tab.locator("#list th.name a").first.click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text("A circuit of")


def test_what_goes_wrong_in_a_tab_is_heard(tab, ear):
    """The guard of all these tests: a console error, an exception or a missing file fails its test."""
    tab.goto("/")
    tab.evaluate("() => console.error('said aloud')")
    tab.evaluate("() => { setTimeout(() => { throw new Error('thrown') }) }")
    tab.evaluate("() => fetch('/static/no-such-file.js')")
    eventually(tab, lambda: len(ear.heard), 3)
    heard = " | ".join(sorted(ear.heard))
    assert re.fullmatch(r"console error: said aloud \| exception: .*thrown.* \| status 404: .*/no-such-file\.js", heard)
    ear.heard.clear()


def test_networks_of_a_study_are_sorted_in_place_and_keep_their_filter(tab, expect):
    tab.goto("/studies/xor-width/outcomes?state=converged")
    tab.get_by_role("columnheader", name="Epochs").get_by_role("link").click()
    expect(tab).to_have_url(re.compile("state=converged.*sort=epochs|sort=epochs.*state=converged"))
    head = tab.get_by_role("columnheader", name="Epochs")
    expect(head).to_have_attribute("aria-sort", "ascending")
    epochs = [int(text) for text in tab.locator("#outcomes [data-l=Epochs]").all_inner_texts()]
    assert epochs == sorted(epochs)
    tab.get_by_label("stopped early").check()
    expect(tab).to_have_url(re.compile("state=stopped_early.*sort=epochs|sort=epochs.*state=stopped_early"))
    expect(tab.get_by_role("columnheader", name="Epochs")).to_have_attribute("aria-sort", "ascending")
