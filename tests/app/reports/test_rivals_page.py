"""The most different circuits as a page, its twin and its table, the backbone on lists, and asking for them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from fastapi.testclient import TestClient

from analysis.criteria.steps import default_steps
from analysis.pipeline import analyse_output
from analysis.question import ask
from app.db.reports import RivalsReport
from app.db.tables import AnalysisRow
from app.db.writes import save_analysis, save_network
from app.jobs import judging, rivals
from app.jobs.definitions import arguments_about
from app.jobs.stages import RIVALS, enqueue_missing
from app.main import create_app
from tests.factories import exact_xor, hand_made_analysis, on_a_copy, pretrained_xor, real_analysis, small_network

SLUG = "xor-pretrained"
PAGE = f"/networks/{SLUG}/rivals"
CIRCUITS = f"/networks/{SLUG}/circuits"
MASKS = hand_made_analysis().circuits.masks


def compared(store, arguments, **changes) -> None:
    """Do the work of a job; without interpretations, which hand-made analyses have none of, unless told."""
    with store.write() as session:
        inputs = replace(rivals.RIVALS.load(session, arguments), observed=(), **changes)
        rivals.RIVALS.save(session, arguments, rivals.RIVALS.compute(inputs))


def saved(store, file, slug, analysis) -> dict:
    """Store a network with its analysis; arguments of a job that goes on from it."""
    with store.write() as session:
        save_network(session, file, slug=slug)
        row = save_analysis(session, analysis)
        return arguments_about(file.network.digest, 0, row.protocol_digest, row.data_digest, row.result_digest)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("rivals")))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, client=("127.0.0.1", 5000)) as client:
        store = app.state.store
        compared(store, saved(store, pretrained_xor(), SLUG, hand_made_analysis()))
        none = small_network(3)
        compared(store, saved(store, none, "none", analyse_output(ask(none.network, task=none.tasks[0]))))
        exact = exact_xor()
        saved(store, exact, "waiting", analyse_output(ask(exact.network, task=exact.tasks[0])))
        with store.write() as session:
            save_network(session, small_network(4), slug="untouched")
        yield client


def test_the_most_different_two_stand_first_and_lead_to_their_comparison(get, client):
    page = get(PAGE)
    assert page["state"] == "done"
    assert (page["of"], page["complete"]) == (197, True)
    assert [one["mask"] for one in page["pair"]["circuits"]] == ["18b9f", "2f0ef"]
    assert (page["pair"]["shared"], page["pair"]["either"], page["pair"]["exact"]) == (6, 17, True)
    assert page["pair"]["distance"] == {"agreed": 11, "of": 17}
    assert page["findings"][0].startswith("Of the 197 valid circuits no two are farther apart than 18b9f and 2f0ef")
    assert client.get(page["pair"]["compare_url"]).status_code == 200
    assert client.get(PAGE).status_code == 200


def test_six_are_mutually_most_different(get):
    chosen = get(PAGE)["different"]
    assert [one["mask"] for one in chosen["circuits"]] == ["081ff", "18b9f", "2b0cf", "3a3ef", "3ddff", "3f29f"]
    assert (chosen["distance"], chosen["exact"]) == ({"agreed": 5, "of": 14}, True)


def test_the_map_has_every_circuit_with_its_distortion(get, client):
    drawn = get(PAGE)["map"]
    assert [one["mask"] for one in drawn["items"]] == [f"{mask:05x}" for mask in MASKS.tolist()]
    assert {one["role"] for one in drawn["items"]} == {"", "pair", "different"}
    assert 0 < drawn["kept"] < 1
    assert 0 < drawn["correlation"] < 1
    table = client.get(PAGE + ".csv").text
    assert "\nmask,x,y,n_edges,role" in table.replace("\r", "").replace('"', "")
    assert table.count("pair") >= 2


@pytest.mark.slow
def test_the_map_shows_criteria_once_they_are_judged(get, client):
    assert get(PAGE, by="minimal-local")["map"]["missing"] == "Verdicts of minimal-local are not stored yet."
    assert client.get("/api/v1" + PAGE, params={"by": "iia"}).status_code == 400
    assert client.get("/api/v1" + PAGE, params={"by": "nonsense"}).status_code == 400
    store = client.app.state.store
    steps = [one for one in default_steps() if one.key in ("minimal-cardinal", "minimal-subset")]
    with store.write() as session:
        row = session.query(AnalysisRow).filter(AnalysisRow.circuits_valid == 197).one()
        digests = row.network.digest, 0, row.protocol_digest, row.data_digest, row.result_digest
        arguments = arguments_about(*digests, criteria=[*map(str, steps)])
        inputs = judging.CRITERIA.load(session, arguments)
    outcome = judging.CRITERIA.compute(inputs)
    with store.write() as session:
        judging.CRITERIA.save(session, arguments, outcome)
    items = get(PAGE, by="minimal-cardinal")["map"]["items"]
    assert [one["shows"] for one in items].count("passes") == 3


def test_reports_of_earlier_versions_are_read(client):
    kept = RivalsReport(of=0, complete=False, pair=None, different=None, contradicting=None, map=None)
    earlier = {"diagnostics": None, "core_of_smallest": None, "core_of_different": None}
    assert RivalsReport.model_validate(kept.model_dump() | earlier) == kept


def test_asking_queues_one_job(client):
    first = client.post("/api/v1/networks/waiting/rivals", json={})
    again = client.post("/api/v1/networks/waiting/rivals", json={})
    assert first.status_code == 202
    assert first.headers["Location"] == again.headers["Location"]
    assert client.post("/api/v1/networks/untouched/rivals", json={}).status_code == 409
    assert client.get("/api/v1/networks/waiting/rivals").json()["state"] == "computing"
    assert "Still computing" in client.get("/networks/waiting/rivals").text
    form = client.post("/networks/waiting/rivals", data={"output": "0", "protocol": "complete", "data": ""})
    assert form.status_code == 303


def test_analyses_of_earlier_versions_are_compared_too(client):
    with client.app.state.store.write() as session:
        assert enqueue_missing(session, [RIVALS]) == 1


@pytest.mark.slow
def test_interpretations_that_contradict_each_other_most_lead_to_their_comparison(tmp_path):
    app = create_app(on_a_copy(data=tmp_path))
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5000)) as client:
        store = app.state.store
        arguments = saved(store, pretrained_xor(), SLUG, real_analysis())
        with store.write() as session:
            inputs = rivals.RIVALS.load(session, arguments)
            rivals.RIVALS.save(session, arguments, rivals.RIVALS.compute(inputs))
        found = client.get("/api/v1" + PAGE).json()["contradicting"]
        assert (found["differ"], found["of"], found["complete"]) == ({"agreed": 320, "of": 756}, 7_836, True)
        compare = client.get("/api/v1" + found["compare_url"]).json()
        assert compare["n_crucial"] == 320
        assert Fraction(found["differ"]["agreed"], found["differ"]["of"]) == Fraction(80, 189)
