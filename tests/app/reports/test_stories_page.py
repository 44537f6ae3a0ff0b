"""Stories as a page, its twin and its table, as a filter of lists, and asking for them."""

from __future__ import annotations

import re
from html import unescape

import numpy as np
import pytest
from fastapi.testclient import TestClient

from analysis.circuits.search import search_circuits
from analysis.pipeline import analyse_output
from analysis.question import ask
from analysis.stories import search
from analysis.stories.search import Stories, find_stories
from analysis.tasks import named_task
from analysis.work import Work
from app.db.stories import CircuitSet, relation_column, stories_report
from app.db.writes import save_analysis, save_network
from app.jobs import stories
from app.jobs.definitions import arguments_about
from app.main import create_app
from tests.factories import on_a_copy, pretrained_xor, small_network
from tests.golden_files import golden_network

SLUG = "xor-pretrained"
PAGE = f"/networks/{SLUG}/stories"
NETWORK = "(A ∨ B) ∧ ¬(A ∧ B)"


def tell(store, arguments) -> None:
    with store.write() as session:
        inputs = stories.STORIES.load(session, arguments)
        stories.STORIES.save(session, arguments, stories.STORIES.compute(inputs))


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("stories")))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, client=("127.0.0.1", 5000)) as client:
        store = app.state.store
        for file, slug in ((pretrained_xor(), SLUG), (golden_network("and_3-3"), "and"), (small_network(3), "other")):
            with store.write() as session:
                save_network(session, file, slug=slug)
                row = save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0])))
                key = row.protocol_digest, row.data_digest, row.result_digest
            if slug != "other":
                tell(store, arguments_about(file.network.digest, 0, *key))
        with store.write() as session:
            save_network(session, small_network(4), slug="untouched")
        yield client


def test_the_page_says_what_all_circuits_carry(get) -> None:
    page = get(PAGE)
    assert page["state"] == "done"
    assert page["exact"]
    assert (page["asked"], page["of"]) == (197, 197)
    assert [one["formula"] for one in page["whole"]] == [NETWORK]
    assert {one["relation"]: one["circuits"]["agreed"] for one in page["relations"]} == {
        "same": 196,
        "narrower": 0,
        "wider": 0,
        "opposite": 0,
        "none": 1,
    }
    assert {one["interval"] for one in page["relations"]} == {None}
    assert page["findings"] == [
        f"The whole network carries {NETWORK}.",
        "Of its 197 valid circuits, 196 tell the same story.",
    ]
    assert sum(sum(row["circuits"]) for row in page["by_edges"]) == 197
    assert [(one["relation"], one["circuits"]) for one in page["stories"]] == [("same", 196), ("none", 1)]
    (contrast,) = page["contrasts"]
    assert contrast["relation"] == "none"
    assert contrast["carried_by_usual"]
    assert contrast["expected"] != contrast["decided"]


@pytest.mark.slow
def test_every_circuit_of_a_cell_is_in_the_list_that_it_leads_to(get) -> None:
    page = get(PAGE)
    shown = [one["relation"] for one in page["relations"]]
    for row in page["by_edges"]:
        for relation, number, url in zip(shown, row["circuits"], row["urls"], strict=True):
            assert bool(number) == bool(url)
            if number:
                listed = get(url)
                assert listed["total"] == number
                assert f"story={relation}" in url
                assert {item["edges"] for item in listed["items"]} == {row["edges"]}


@pytest.mark.slow
def test_lists_count_and_filter_by_story(get) -> None:
    listed = get(f"/networks/{SLUG}/explanations", kind="circuit", story="none")
    (odd,) = listed["items"]
    assert odd["mask"] in get(PAGE)["stories"][1]["examples"][0]["mask"]
    (facet,) = [one for one in listed["facets"] if one["name"] == "story"]
    assert [(one["value"], one["count"], one["chosen"]) for one in facet["choices"]] == [
        ("same", 196, False),
        ("none", 1, True),
    ]
    both = get(f"/networks/{SLUG}/explanations?kind=circuit&story=none&story=same")
    assert both["total"] == 197
    readings = get(f"/networks/{SLUG}/explanations", kind="interpretation", story="none")
    assert (readings["lines"], readings["total"]) == (1, int(odd["interpretations"]))


def test_the_table_has_a_row_for_each_size(client) -> None:
    text = client.get(f"{PAGE}.csv").text
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines[0] == "edges,same,narrower,wider,opposite,none"
    assert sum(int(cell) for line in lines[1:] for cell in line.split(",")[1:]) == 197
    assert "197 circuits, all that are valid" in text


def test_asking_queues_one_job(client) -> None:
    first, again = (client.post("/api/v1/networks/other/stories", json={}) for _ in range(2))
    assert first.status_code == 202
    assert first.headers["Location"] == again.headers["Location"]
    assert client.post("/api/v1/networks/untouched/stories", json={}).status_code == 409
    assert client.post("/networks/other/stories", data={"output": "0"}).status_code == 303


def test_wrong_options_are_refused(client) -> None:
    assert client.get(f"{PAGE}?size=3").status_code == 400
    assert client.get(f"/networks/{SLUG}/explanations?story=alice").status_code == 400


def test_draws_stand_for_all_circuits_and_the_smallest_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    question = ask(golden_network("xor_3-3_a").network, task=named_task("XOR", 2))
    masks = search_circuits(question).masks[::3]
    undrawn = tuple(int(mask) for mask in masks[:5])
    found = find_stories(question, masks)
    assert isinstance(found, Stories)
    counted = stories_report(found, (), None, CircuitSet(masks, undrawn, 10**12, "counted", True), question.layout)
    assert (counted.asked, counted.of, counted.exact, counted.drawn) == (len(masks) - 5, 10**12, False, True)
    assert sum(counted.counts.values()) == len(masks) - 5
    assert sum(one.circuits for one in counted.stories) == len(masks) - 5
    low, high = counted.intervals["same"]
    assert low <= counted.counts["same"] / counted.asked <= high
    cut_off = stories_report(found, (), None, CircuitSet(masks, (), len(masks), "listed", True), question.layout)
    assert (cut_off.exact, cut_off.drawn, cut_off.intervals) == (False, False, {})
    monkeypatch.setattr(search, "MAX_PRODUCTS", 1_680 * 20)
    some = find_stories(question, masks, Work())
    assert isinstance(some, Stories)
    column = relation_column(some, masks)
    assert np.count_nonzero(column != 255) == 20


@pytest.mark.slow
def test_a_circuits_page_tells_its_story_with_its_places(get, client) -> None:
    odd = get(PAGE)["stories"][1]["examples"][0]["mask"]
    usual = get(PAGE)["stories"][0]["examples"][0]["mask"]
    told = unescape(client.get(f"/networks/{SLUG}/explanations/c-{usual}?part=story").text)
    assert "exactly the algorithms that the whole network carries" in told
    assert f">{NETWORK}</a>" in told
    assert re.search(r" on n[12]\.", told)
    silent = unescape(client.get(f"/networks/{SLUG}/explanations/c-{odd}?part=story").text)
    assert "No irredundant algorithm of the task has a valid alignment" in silent
