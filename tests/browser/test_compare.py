"""Comparisons in a browser: from a crucial experiment to a shared link, swapped, printed, on a phone."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import eventually, query

pytestmark = pytest.mark.browser
NETWORK = "xor-pretrained"
PARTED = ("i-2b0cf.0", "i-2b0cf.1")


def address(*refs: str, more: str = "") -> str:
    return f"/compare?network={NETWORK}&" + "&".join(f"e={ref}" for ref in refs) + more


@pytest.fixture
def expect(chromium):
    from playwright.sync_api import expect

    return expect


@pytest.fixture
def four() -> tuple[str, ...]:
    return ("c-081ff", *PARTED, "a-a2e8546f11f80df4.e3bd9b5eae0c1489")


def refs_of(tab) -> list[str]:
    return query(tab)["e"]


def test_a_crucial_experiment_is_found_and_its_link_is_shared(visitor, expect):
    tab = visitor()
    tab.goto(address(*PARTED))
    tab.get_by_role("link", name=re.compile("crucial experiments?$")).first.click()
    expect(tab).to_have_url(re.compile("#crucial$"))
    row = tab.locator("table.crucial tbody tr").first
    site, truth = row.locator("td").first.inner_text(), row.locator("td.truth").inner_text()
    row.get_by_role("link", name=re.compile("^Experiment")).click()
    panel = tab.get_by_role("region", name="One experiment")
    expect(panel).to_contain_text(site)
    expect(panel).to_contain_text("A crucial experiment")

    friend = visitor()
    friend.goto(tab.url)
    expect(friend.get_by_role("region", name="One experiment")).to_be_in_viewport()
    told = friend.get_by_role("region", name="One experiment").inner_text()
    assert told == panel.inner_text()
    assert f"decides {truth.split()[0]}" in " ".join(told.split())


def test_pages_of_experiments_and_who_against_whom(tab, expect, four):
    tab.goto(address(*four))
    tab.evaluate("() => { window.sameDocument = true }")
    expect(tab.locator("#crucial .pager")).to_contain_text("1 to 10 of")
    tab.get_by_role("navigation", name="Pages of crucial experiments").get_by_role("link", name="Next →").click()
    expect(tab.locator("#crucial .pager")).to_contain_text("11 to 20 of")
    assert tab.evaluate("() => window.sameDocument"), "only the list was exchanged"
    tab.go_back()
    expect(tab.locator("#crucial .pager")).to_contain_text("1 to 10 of")
    tab.get_by_role("link", name=re.compile("^Q against R")).click()
    expect(tab.locator("#crucial h2")).to_contain_text("between")
    eventually(tab, lambda: query(tab)["between"], ["QR"])


def test_swap_and_remove(tab, expect, four):
    tab.goto(address(*four))
    tab.get_by_role("link", name="Replace Q").click()
    expect(tab.locator(".notice")).to_contain_text("Replace one")
    tab.go_back()
    tab.get_by_role("link", name="Remove S").click()
    expect(tab.locator(".versus article")).to_have_count(3)
    assert refs_of(tab) == list(four[:3])


def test_verdicts_come_when_the_reader_does(tab, expect, four):
    tab.goto(address(*four))
    criteria = tab.locator("#criteria")
    criteria.scroll_into_view_if_needed()
    expect(criteria).to_contain_text("criteria tell some of them apart")
    expect(criteria.get_by_role("row", name=re.compile("^Output faithfulness"))).to_be_visible()
    tab.goto(f"/networks/{NETWORK}/explanations/c-081ff")
    tab.locator("#criteria-summary").click()
    expect(tab.locator("#criteria")).to_contain_text("Of 16 pairs of a base and a source")
