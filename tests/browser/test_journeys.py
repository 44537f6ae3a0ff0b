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
    return tab.locator("table.circuits td.mono a").all_inner_texts()


def test_from_the_gallery_to_a_circuit(tab, expect):
    tab.goto("/")
    tab.get_by_role("table").get_by_role("link", name="XOR, pretrained by the authors").click()
    expect(tab).to_have_url(re.compile(f"{XOR}$"))
    tab.get_by_role("link", name=re.compile("^valid circuits of 9,625")).click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Circuits of XOR, pretrained by the authors")
    expect(tab.get_by_role("status").first).to_contain_text("197 valid circuits, of 9,625 possible")
    first = masks(tab)[0]
    tab.get_by_role("link", name=first, exact=True).click()
    expect(tab).to_have_url(re.compile(f"/explanations/c-{first}$"))
    expect(tab.locator(".verdicts")).to_contain_text("it classifies 4 of 4 rows correctly")


def test_filter_sort_next_and_back_keep_the_address_in_step(tab, expect, site):
    tab.goto(f"{XOR}/circuits")
    tab.evaluate("() => { window.sameDocument = true }")
    tab.get_by_label("Edges kept, most").fill("13")
    tab.get_by_label("Edges kept, most").press("Tab")
    status = tab.locator("#results [role=status]")
    wanted = site.twin(f"{XOR}/circuits?edges_max=13")["total"]
    expect(status).to_contain_text(f"{wanted} of 197 valid circuits pass the filter")
    eventually(tab, lambda: query(tab), {"edges_max": ["13"]})

    tab.get_by_role("columnheader", name="Edges").get_by_role("link").click()
    expect(tab.get_by_role("columnheader", name="Edges")).to_have_attribute("aria-sort", "descending")
    eventually(tab, lambda: query(tab), {"edges_max": ["13"], "order": ["desc"]})
    before = masks(tab)
    assert before == [item["mask"] for item in site.twin(tab.url.removeprefix(site.url))["items"]]

    sorted_at = tab.url
    tab.get_by_role("link", name="Next →").click()
    expect(tab.get_by_role("link", name="← First")).to_be_visible()
    eventually(tab, lambda: "after" in query(tab), True)
    after = masks(tab)
    assert after
    assert not set(after) & set(before)
    assert tab.evaluate("() => window.sameDocument"), "all this took no page load"

    tab.go_back()
    expect(tab).to_have_url(sorted_at)
    expect(tab.locator("table.circuits td.mono a").first).to_have_text(before[0])
    assert masks(tab) == before
    tab.reload()
    assert masks(tab) == before, "the address alone gives the same list"
    assert tab.get_by_label("Edges kept, most").input_value() == "13"


def test_from_the_algorithms_to_the_evidence_of_an_alignment(tab, expect, site):
    tab.goto(f"{XOR}/algorithms")
    tab.get_by_role("checkbox", name=re.compile("^with a valid alignment|aligned", re.IGNORECASE)).first.check()
    expect(tab).to_have_url(re.compile("aligned=1"))
    row = tab.locator("#results tbody tr")
    expect(row).to_have_count(1)
    row.get_by_role("link", name=re.compile("Best placement")).click()
    expect(tab).to_have_url(re.compile("/alignments/"))
    page = site.twin(urlsplit(tab.url).path)
    matrices = tab.locator(".heats .scroll-x > svg")
    expect(matrices).to_have_count(len(page["places"]))
    for number, view in enumerate(page["interchanges"]):
        values = [cell for row in view["outputs"] for cell in row]
        assert matrices.nth(number).locator("rect").count() >= len(values)
    tree, diagram = (tab.locator("figure.diagram svg").nth(k).bounding_box() for k in (0, 1))
    assert tree["x"] + tree["width"] <= diagram["x"], "the tree stands left of the network"
    assert abs(tree["y"] - diagram["y"]) < diagram["height"], "at the same height"


def test_figures_have_as_many_bars_as_the_model_says(tab, expect):
    tab.goto(XOR)
    expect(tab.locator("[data-plot][data-drawn=true]")).to_have_count(4)
    for number in range(4):
        bars = tab.locator("[data-plot]").nth(number).locator(".bars path")
        assert bars.count() > 3
        heights = bars.evaluate_all("paths => paths.map(path => path.getBBox().height)")
        assert max(heights) > 50


def fill_form(tab, **fields):
    tab.goto("/train")
    for label, value in fields.items():
        tab.get_by_label(re.compile(f"^{label.replace('_', ' ')}")).fill(value)


def test_a_waiting_job_is_cancelled_and_queued_again(tab, expect):
    fill_form(tab, Tasks="OR", Hidden_layers="2", Name="Never trained")
    tab.get_by_role("button", name="Start training").click()
    state = tab.locator("#job [role=status]")
    expect(state).to_contain_text("Waiting for a worker")
    tab.get_by_role("button", name="Cancel").click()
    expect(state).to_contain_text("Cancelled")
    tab.get_by_role("button", name="Try again").click()
    expect(state).to_contain_text("Waiting for a worker")
    tab.get_by_role("button", name="Cancel").click()
    expect(state).to_contain_text("Cancelled")
    tab.goto("/jobs?state=cancelled")
    expect(tab.get_by_role("link", name="Never trained")).to_be_visible()


def test_a_theme_once_chosen_stays(tab, expect):
    tab.goto("/")
    paper = tab.locator("body").evaluate("e => getComputedStyle(e).backgroundColor")
    tab.get_by_role("link", name="Switch between light and dark").click()
    expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    tab.goto(XOR)
    expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    assert tab.locator("body").evaluate("e => getComputedStyle(e).backgroundColor") != paper


def test_without_scripts_from_the_list_to_the_comparison(visitor, expect):
    tab = visitor(java_script_enabled=False)
    tab.goto(f"{XOR}/circuits")
    tab.get_by_label("Edges kept, most").fill("12")
    tab.get_by_role("button", name="Apply").click()
    expect(tab.locator("#results [role=status]")).to_contain_text("pass the filter")
    boxes = tab.locator("#results input[name=e]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    tab.get_by_role("button", name="Compare selected").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Two explanations of XOR, pretrained by the authors")
    tab.locator("[data-theme-switch]").click()
    expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    expect(tab.locator(".versus article")).to_have_count(2)


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
    heads = tab.locator("#results thead th").all_inner_texts()
    column = 1 + next(place for place, text in enumerate(heads) if text.startswith("Epochs"))
    epochs = [int(text) for text in tab.locator(f"#results tbody tr > :nth-child({column})").all_inner_texts()]
    assert epochs == sorted(epochs)
    tab.get_by_role("button", name="Show").click()
    expect(tab.get_by_role("columnheader", name="Epochs")).to_have_attribute("aria-sort", "ascending")
