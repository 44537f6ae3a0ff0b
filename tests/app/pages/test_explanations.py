"""The one list of explanations: as a page, JSON and CSV; its states, its redirects, its counts."""

import csv
import re
import time

import pytest
from fastapi.testclient import TestClient

from pluriscope.addresses.address import Addresses, ResultRef
from pluriscope.addresses.naming import Scope
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.bundled import bundled_networks
from pluriscope.app.db.listing import frame_of_analysis
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.analyses import CRITERIA, judge
from pluriscope.app.jobs.definitions import arguments_about
from pluriscope.app.main import create_app
from pluriscope.app.pages.explanation_list import VIEWS
from pluriscope.app.pages.place import locate
from pluriscope.kinds.circuits import OF_TRANSFORMERS
from pluriscope.kinds.listing import COLUMNS, OF_KIND
from pluriscope.kinds.placements import OF_SITES
from pluriscope.tables.table import read_query, toggled
from tests.app.pages.conftest import XOR
from tests.factories import on_a_copy, pretrained_xor, real_analysis, save_analysis

LIST = XOR + "/explanations"
API = "/api/v2" + LIST
WEIGHT = 147_899_020
FILTERS = (
    {},
    {"valid": ["any"]},
    {"valid": ["no"]},
    {"kind": ["circuit"], "passes": ["mean-ablation"]},
    {"kind": ["circuit"], "fails": ["resample-ablation"], "edges_max": ["14"]},
    {"kind": ["interpretation"], "uses": ["n1.0", "!A-n1.1"]},
    {"kind": ["alignment", "algorithm"], "irredundant": ["irredundant-gates"], "valid": ["any"]},
    {"neurons_min": ["2"], "neurons_max": ["4"], "fragile": ["no"]},
)


@pytest.fixture(scope="session")
def frame(app):
    with app.state.store.read() as session:
        place = locate(session, Addresses(), "xor", Scope())
        return frame_of_analysis(session, place.analysis, place.question, ResultRef("xor", Scope()))


@pytest.mark.slow
@pytest.mark.parametrize("options", FILTERS)
def test_each_count_of_each_kind_and_column_is_what_choosing_it_leaves(frame, options):
    query = read_query(COLUMNS, options)
    for facet in frame.select(query).facets:
        bare = query if facet.column.facet == "all" else query.but(facet.column.name)
        for choice in facet.choices:
            one = choice.query if facet.column.facet == "range" else toggled(bare, facet.column, choice.value)
            if not choice.chosen:
                assert frame.select(one, facets=False).total == choice.count, (facet.column.name, choice.value)


def test_the_list_holds_every_kind_and_counts_exactly(get):
    page = get(LIST)
    kinds = {
        one["value"]: one["count"] for facet in page["facets"] if facet["name"] == "kind" for one in facet["choices"]
    }
    assert kinds["circuit"] == 197
    assert kinds["interpretation"] == WEIGHT
    assert page["total"] == sum(kinds.values())
    assert (page["state"], page["pending"], page["undecided"]) == ("done", [], [])


def test_no_column_of_a_kind_stays_empty(frame):
    """But those that something else fills later, or other models than networks."""
    of_others = (*OF_TRANSFORMERS, *OF_SITES)
    later = {"story", "coverage", "accuracy", *(column.name for column in of_others)}
    for part in (one for one in frame.parts if one.n):
        filled = {*part.floats, *part.coded, *part.labels, *part.more(0)}
        assert {column.name for column in OF_KIND[part.kind]} - later <= filled, part.kind


def test_next_leads_through_the_whole_list(get, client):
    page = get(LIST, kind="circuit", sort="margin", limit=60)
    refs = [item["ref"] for item in page["items"]]
    while page["next"]:
        page = client.get(page["next"]).json()
        refs += [item["ref"] for item in page["items"]]
    assert refs == [item["ref"] for item in get(LIST, kind="circuit", sort="margin", limit=200)["items"]]
    assert len(set(refs)) == 197


def test_files_hold_the_same_rows_as_the_list(get, client):
    query = {"kind": ["circuit", "alignment"], "valid": "any", "sort": "margin"}
    rows = get(LIST, limit=200, **query)["items"]
    answer = client.get(LIST + ".csv", params=query)
    assert answer.headers["content-disposition"] == 'attachment; filename="xor-explanations.csv"'
    lines = list(csv.DictReader(line for line in answer.text.splitlines() if not line.startswith("# ")))
    assert len(lines) == get(LIST, **query)["total"]
    for item, line in zip(rows, lines, strict=False):
        for name in ("ref", "url", "mask", "edges", "margin", "interpretations", "places", "minimal"):
            value = item.get(name)
            assert line[name] == ("" if value is None else str(value))


# --- the page


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_unfiltered_it_shows_a_few_of_each_kind_and_says_what_the_kind_is(client):
    page = client.get(f"{LIST}?view=list").text
    names = re.findall(r'aria-label="(Compare [^"]*)"', page)
    assert "Compare (A ∨ B) ∧ ¬(A ∧ B), row 8" in names
    assert len({*names}) == len(names)
    assert page.count('role="heading" aria-level="2"') == 3
    text = words(page)
    first, then = text.index("Where, then what Circuits Edges"), text.index("What, then where Placements An")
    assert first < then
    for heading in (
        "Placements An algorithm on neurons; 1 of 250 algorithms can be placed",
        "Interpretations A circuit with a gate read into each neuron; 7,836 that inputs can tell apart",
        "Circuits Edges that are enough to be right on every input, all others left out; 197 of 9,625",
    ):
        assert heading in text
    assert f"all {WEIGHT:,}" in text
    assert 'aria-sort="descending"' in client.get(f"{LIST}?kind=circuit&sort=margin&order=desc").text


@pytest.mark.parametrize("view", ["sheet", "list"])
def test_it_says_what_to_pick_where_there_are_boxes_and_calls_no_formula_a_near_miss(client, view):
    for query, boxes in (("", True), ("&kind=algorithm&valid=any", False), ("&edges_max=1", False)):
        page = client.get(f"{LIST}?view={view}{query}").text
        assert ("data-compare=" in page, "Pick two to six" in page, "near misses" in page) == (boxes, boxes, False)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("kind=circuit&start=99999", "193 to 197 of 197"),
        ("kind=circuit&start=99999", "197 explanations"),
        ("kind=algorithm&valid=any&view=list", "Algorithms Candidate formulas"),
    ],
)
def test_lists_end_on_their_last_page(client, query, message):
    assert message in words(client.get(f"{LIST}?{query}").text)


def test_each_interpretation_in_the_list_is_drawn_with_its_gates(client):
    page = client.get(f"{LIST}?kind=interpretation&view=list").text.partition("<tbody")[2]
    drawn = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(drawn) > 10
    assert all("tile" in one for one in drawn)
    assert len({*drawn}) == len(drawn)


def test_a_filter_about_another_kind_says_what_it_is_about(client):
    text = words(client.get(f"{LIST}?kind=circuit&passes=minimal-alignment").text)
    assert "it is about placements" in text
    assert "Take it off" in text


@pytest.mark.parametrize(
    ("network", "query", "said"),
    [
        ("queued", "", "waiting for a worker"),
        ("failed", "", "The analysis under complete failed"),
        ("cancelled", "", "The analysis under complete was cancelled"),
        ("untouched", "", "The analysis under complete: nobody asked"),
        ("xor", "?protocol=mine", "There may be more than is listed"),
        ("xor", "?kind=circuit&passes=knockout-completeness", "Verdicts of knockout-completeness: nobody asked"),
        ("xor", "?kind=alignment&sort=coverage", "common ground: nobody asked"),
        ("xor", "?kind=circuit&story=same", "algorithms that circuits carry: nobody asked"),
        ("none", "?kind=algorithm", "No explanation is here"),
    ],
)
def test_what_is_not_there_is_distinguished_from_none(client, network, query, said):
    assert said in words(client.get(f"/networks/{network}/explanations{query}").text)


def test_what_is_asked_for_and_not_judged_has_its_button_and_no_rows(app, client, get):
    owner = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000))
    html = owner.get(f"{LIST}?passes=knockout-completeness").text
    assert re.search(
        r'action="/networks/xor/analyses/funnel">.*?name="criteria" value="knockout-completeness"', html, re.DOTALL
    )
    page = get(LIST, passes="knockout-completeness")
    assert (page["items"], page["pending"], page["state"]) == ([], ["knockout-completeness"], "not_judged")
    assert (page["total"], page["of"], page["lines"]) == (None, None, None)
    table = client.get(f"{LIST}.csv?passes=knockout-completeness")
    assert (table.status_code, "is not judged yet" in table.text) == (409, True)
    assert client.get("/networks/queued/explanations.csv").status_code == 409


@pytest.mark.slow
def test_what_a_criterion_could_not_decide_is_counted(tmp_path):
    app = create_app(on_a_copy(data=tmp_path))
    with TestClient(app) as client, app.state.store.write() as session:
        save_network(session, pretrained_xor(), slug="xor", origin="bundled", position=0)
        row = save_analysis(session, real_analysis())
        digests = (row.protocol_digest, row.data_digest, row.result_digest)
        arguments = arguments_about(row.network.digest, 0, *digests, criteria=["necessity"])
        subject, _, _ = CRITERIA.load(session, arguments).args
        steps = (("circuit", CriterionStep.parse("necessity")),)
        outcome = judge(subject, steps, 0, Work(clock=time.perf_counter))
        CRITERIA.save(session, arguments, outcome)
        session.commit()
        page = client.get(f"{API}?kind=circuit&passes=necessity").json()
        text = words(client.get(f"{LIST}?kind=circuit&passes=necessity").text)
    (one,) = page["undecided"]
    assert (one["criterion"], one["kind"], one["of"]) == ("necessity", "circuit", 197)
    assert f"could not decide about {one['n']} of 197 circuits" in text
    assert "budget of 0 seconds" in text


# --- refusals


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("colour=red", "colour"),
        ("kind=rule", "use circuit, interpretation, algorithm"),
        ("passes=nonsense", "nonsense"),
        ("passes=output-faithfulness(tolerance=-1)", "tolerance"),
        ("uses=n9.9", "n9.9"),
        ("uses=A-n2.0", "A-n2.0"),
        ("edges_min=12&edges_max=10", "swap them"),
        ("edges_min=many", "whole number"),
        ("sort=colour", "use kind, name"),
        ("view=cloud", f"use {', '.join(VIEWS)}"),
        ("by=beauty", "use size, predictions, nearness"),
        ("limit=1000", "1 to 200"),
        ("output=first", "number of an output"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_each_form(client, query, said):
    for path in (LIST, API, LIST + ".csv"):
        answer = client.get(f"{path}?{query}")
        assert answer.status_code == 400, path
        assert said.lower() in answer.text.lower()


@pytest.mark.slow
def test_interpretations_whose_verdicts_are_numbers_are_not_counted_as_failing(tmp_path):
    [file] = [one.file for one in bundled_networks() if one.slug == "alice-and-bob"]
    keys = ("interchange", "observed-class", "representative")
    app = create_app(on_a_copy(data=tmp_path))
    with TestClient(app) as client:
        with app.state.store.write() as session:
            save_network(session, file, slug="two")
            row = save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0])))
            digests = (row.protocol_digest, row.data_digest, row.result_digest)
            arguments = arguments_about(row.network.digest, 0, *digests, criteria=[*keys])
        url = "/networks/two/explanations?kind=interpretation&passes="
        waiting = client.get(f"/api/v2{url}interchange").json()
        assert waiting["pending"] == ["interchange"], "what nobody judged is no 0"
        assert (waiting["total"], waiting["of"], waiting["state"]) == (None, None, "not_judged")
        with app.state.store.write() as session:
            load = CRITERIA.load(session, arguments)
            CRITERIA.save(session, arguments, load(Work(clock=time.perf_counter)))
        for key, passing in (("interchange", 4), ("observed-class", 8), ("observed-class&fails=interchange", 8)):
            for path in (f"/api/v2{url}", url, url.replace("?", ".csv?")):
                reply = client.get(f"{path}{key}")
                assert reply.status_code == 400
                assert f"{passing} of 128 interpretations pass" in (
                    reply.text if "/api/" in path else words(reply.text)
                )
        beside = client.get("/api/v2/networks/two/explanations?passes=representative").json()
        assert [one["kind"] for one in beside["undecided"]] in ([], ["interpretation"])
        offered = [facet for facet in client.get(f"/api/v2{url}").json()["facets"] if facet["name"] == "passes"]
        names = {choice["value"] for facet in offered for choice in facet["choices"]}
        assert not names & {"interchange", "observed-class"}
