"""Tests of what people come for, from end to end."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

import pytest

from pluriscope.app.bundled import bundled_models
from pluriscope.app.db.engine import open_store
from pluriscope.app.db.reads.analyses import find_network
from pluriscope.app.db.writes import delete_network
from pluriscope.app.settings import Settings
from tests.browser.conftest import eventually
from tests.factories import searched

pytestmark = pytest.mark.browser
XOR = "/networks/xor-pretrained"


def test_from_the_algorithms_to_the_evidence_of_an_alignment(tab, expect, site):
    tab.goto(f"{XOR}/explanations?kind=algorithm&valid=any&view=list")
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


def test_a_circuit_is_found_among_all(tab, expect):
    tab.goto(f"{XOR}/explanations?view=tree")
    tab.get_by_label("Find a circuit").fill("c-183bf")
    tab.get_by_role("button", name="Find", exact=True).click()
    boxes = tab.locator(".tree li > a")
    shadows = boxes.evaluate_all("(all) => all.map((e) => [e.ariaCurrent, getComputedStyle(e).boxShadow])")
    drawn = {current: {shadow for one, shadow in shadows if one == current} for current in (None, "true")}
    assert len(shadows) == 14
    assert drawn[None].isdisjoint(drawn["true"]), "those that hold it stand out"
    tree, last = tab.locator(".tree").bounding_box(), boxes.last.bounding_box()
    assert round(last["x"] + last["width"]) == round(tree["x"] + tree["width"]), "the last ones reach to the end"
    boxes.get_by_text("24 keep B→n1.2").click()
    expect(tab.locator("#list [data-says]")).to_have_text("24 pictures")
    expect(tab.locator("#list a[href*='c-183bf']").first).to_be_visible()


def test_without_scripts_a_list_is_filtered_and_leads_on(visitor, expect, site):
    tab = visitor(java_script_enabled=False)
    tab.goto(f"{XOR}/explanations?kind=circuit&view=list")
    tab.locator("#list .hist").first.get_by_role("link", name="12:").press("Enter")
    wanted = site.listed("xor-pretrained", kind="circuit", edges_min=12, edges_max=12)["total"]
    expect(tab.locator("#list [data-says]")).to_have_text(f"{wanted} explanations")
    tab.locator(".bar [data-theme-switch]").click()
    expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    expect(tab.locator("#list [data-says]")).to_have_text(f"{wanted} explanations")
    expect(tab.locator("#list input[data-compare]").first).to_be_hidden()  # only scripts could keep what is ticked
    tab.locator("#list th.name a").first.click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Circuit without")


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


def test_a_visitor_finds_nothing_that_the_one_before_left(lent, site):
    kept = "() => [document.cookie, localStorage.length, history.length, innerWidth]"
    for _ in range(2):
        with lent(base_url=site.url) as tab:
            tab.goto("/glossary")
            assert tab.evaluate(kept) == ["", 0, 2, 1440]
            tab.evaluate("() => { localStorage.a = 'b'; document.cookie = 'a=b' }")
            tab.set_viewport_size({"width": 390, "height": 844})
            tab.goto("/scope")
            assert tab.evaluate(kept) == ["a=b", 1, 3, 390]


def test_from_an_algorithm_of_ones_own_to_its_placement(tab, expect, site):
    store = open_store(Settings(data=site.data))
    try:
        with store.write() as session:
            document = json.loads(bundled_models()["parity-3-elman"])
            document["biases"][-1] = [one + 0.125 for one in document["biases"][-1]]  # which decides nothing
            searched(session, json.dumps(document).encode(), slug="written-upon")
        tab.goto("/networks/written-upon/analyses/algorithms")
        tab.get_by_role("link", name="Write your own").click()
        main = tab.get_by_role("main")
        tab.get_by_label("Algorithm").fill("p1 = a; p2 = (p1 + b) % 2; y = (p2 + c) % 2")
        tab.get_by_role("button", name="See what it does").click()
        expect(main).to_contain_text("computes the task")
        tab.get_by_role("button", name="Place it").click()
        expect(main).to_contain_text("Algorithms on sites")
        site.work("algorithms")
        tab.reload()  # a job that the page asked for by itself may have been shown before this one
        expect(main).to_contain_text("algorithms that compute the task are placed among")
        tab.get_by_role("link", name="p1 = a; p2 = (p1 + b) % 2; y = (p2 + c) % 2").first.click()
        tab.get_by_role("link", name="p1: h1[1]; p2: h2[1]").click()
        expect(main).to_contain_text("placed: every interchange is right")
        expect(main).to_contain_text("512 of 512")
        expect(tab.locator("svg.graph").first).to_contain_text("h2.1: p2")
        tab.locator("#interchanges summary").click()
        expect(main).to_contain_text("112 interchanges")
        main.get_by_role("link", name="Play", exact=True).click()
        expect(tab.locator("#asked")).to_contain_text("its p1, p2")
        tab.get_by_role("link", name="Undo unit 1 of the state after step 2").click()
        said = tab.locator("#asked tbody tr")
        expect(tab.locator("#asked")).to_contain_text(re.compile(r"its p1\b(?!,)"))
        unit = tab.locator("#at-h1-1")
        unit.focus()
        for asked in (0, said.count()):
            tab.keyboard.press("Enter")
            expect(said).to_have_count(asked)
            expect(unit).to_be_focused()
    finally:
        with store.write() as session:
            delete_network(session, find_network(session, "written-upon"))
        store.close()
