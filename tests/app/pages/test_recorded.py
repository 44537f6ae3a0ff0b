"""A kind of explanation that has a record, wherever explanations are: found by a job, listed, compared, verified."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from analysis.criteria.steps import default_steps
from analysis.explanations.explanation import REF
from analysis.explanations.probes import PROBE, find_probes
from analysis.pipeline import analyse_output
from analysis.question import ask
from analysis.work import DEFAULT_WORK
from app.addressing import Addresses
from app.db.job_tables import JobRow
from app.db.reads.verdicts import missing_steps
from app.db.recorded import StoredSearch, recorded_row, save_found, stored_refs, stored_searches
from app.db.rows import columns_of
from app.db.tables import AnalysisRow
from app.db.writes import save_network
from app.jobs.analyses import CRITERIA, EXPLANATIONS
from app.jobs.handlers import Handler
from app.jobs.stages import RECORDED_KINDS, enqueue_missing
from app.main import create_app
from tests.factories import on_a_copy, pretrained_xor, real_analysis, save_analysis, small_network

LOCAL = ("127.0.0.1", 50_000)
LIST, API = "/networks/xor/explanations", "/api/v2"


def do(store, job_id: str, handler: Handler) -> None:
    """What a worker does with a job."""
    with store.write() as session:
        job = session.get_one(JobRow, job_id)
        job.state, arguments = "done", dict(job.arguments)
        compute = handler.load(session, arguments)
    outcome = compute(DEFAULT_WORK)
    with store.write() as session:
        handler.save(session, arguments, outcome)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("recorded")))
    with TestClient(app, base_url="http://127.0.0.1", client=LOCAL, follow_redirects=False) as client:
        store = app.state.store
        with store.write() as session:
            save_network(session, pretrained_xor(), slug="xor")
            analysis = save_analysis(session, real_analysis())
            save_network(session, small_network(2), slug="untouched")
            job_ids = [job.id for job in RECORDED_KINDS.ask(session, analysis)]
        for job_id in job_ids:
            do(store, job_id, EXPLANATIONS)
        with store.write() as session:
            asked = session.scalars(select(JobRow).where(JobRow.kind == "criteria")).all()
            assert ["margin", "selective"] in [job.arguments["criteria"] for job in asked]
            criteria_ids = [job.id for job in asked]
        for criteria_id in criteria_ids:
            do(store, criteria_id, CRITERIA)
        yield client


def get(client, address: str, status: int = 200):
    answer = client.get(address)
    assert answer.status_code == status, answer.text[:400]
    return answer


def listed(client, options: str) -> dict:
    return get(client, f"/api/v2{LIST}?{options}").json()


def test_the_list_holds_them_where_they_are_asked_for(client):
    page = listed(client, "kind=probe&sort=kind")
    assert page["total"] == page["of"] == 14
    assert [item["ref"] for item in page["items"]] == [f"p-{n}.{f}" for n in (1, 2) for f in "84c2a6e"]
    first = page["items"][0]
    assert first["name"] == "A ∧ B on layer 1"
    assert {name: value for name, value in first.items() if name.startswith("probe_")} == {
        "probe_layer": 1,
        "probe_margin": first["margin"],
        "probe_inputs": 2,
        "probe_task": False,
        "probe_table": "0001",
    }
    everything = listed(client, "")
    kinds = next(facet for facet in everything["facets"] if facet["name"] == "kind")["choices"]
    assert {one["value"]: one["count"] for one in kinds}["probe"] == 14


def test_its_columns_are_facets_that_count_under_all_other_filters(client):
    page = listed(client, "kind=probe&probe_layer=1&probe_inputs=2")
    assert page["total"] == 5
    facets = {facet["name"]: facet["choices"] for facet in page["facets"]}
    assert {one["label"]: one["count"] for one in facets["probe_layer"]} == {"1": 5, "2": 5}
    assert {one["label"]: one["count"] for one in facets["probe_inputs"]} == {"1": 2, "2": 5}
    assert {one["value"]: (one["count"], one["chosen"]) for one in facets["probe_task"]} == {
        "no": (4, False),
        "yes": (1, False),
    }
    assert listed(client, "kind=probe&probe_inputs=2")["total"] == 10
    both = listed(client, "kind=probe&probe_task=yes&probe_task=no")
    assert both["total"] == 14


@pytest.mark.slow
def test_criteria_filter_them(client):
    page = listed(client, "kind=probe&passes=margin")
    assert page["total"] == 14
    assert not page["pending"]
    assert listed(client, "kind=probe&passes=selective")["total"] == 0
    assert listed(client, "kind=probe&fails=selective")["total"] == 14
    choices = next(facet for facet in page["facets"] if facet["name"] == "passes")["choices"]
    assert {one["value"]: one["count"] for one in choices} == {"margin": 14}
    assert listed(client, "kind=probe&passes=margin(least=.5)")["pending"] == ["margin(least=0.5)"]


@pytest.mark.slow
def test_one_by_itself_says_what_it_is(client):
    page = get(client, f"/api/v2{LIST}/p-1.6").json()
    assert (page["kind"], page["name"], page["stored"]) == ("probe", "A ⊕ B on layer 1", True)
    [claim] = page["claims"]
    assert claim["site"] == "−n1.0 + 0.565·n1.1 + 0.147·n1.2"
    assert claim["truth_table"] == [0, 1, 1, 0]
    html = get(client, f"{LIST}/p-1.6").text
    for words in ("A ⊕ B on layer 1", "One of", "which are all there are", "Inputs used", "read off layer 1"):
        assert words in html
    for made in ("drawing.svg", "drawing.png", "card.svg"):
        get(client, f"{LIST}/p-1.6/{made}")


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ("p-9.6", "layer 9 is no hidden layer"),
        ("p-1.7", "is no function of 2 inputs that is 0 on the first row"),
        ("p-", "is no reference to an explanation that has a page"),
        ("p-1.6@paper", "names its protocol in the reference"),
    ],
)
def test_other_references_are_refused_with_cause_and_cure(client, ref, words):
    assert words in get(client, f"{LIST}/{ref}", 404).text
    [error] = get(client, f"/api/v2{LIST}/{ref}", 404).json()["errors"]
    assert error["field"] == "ref"
    assert words in error["message"]


@pytest.mark.slow
def test_it_is_compared_with_any_other(client):
    circuit = listed(client, "kind=circuit")["items"][0]["mask"]
    address = f"/compare?network=xor&e=p-1.6&e=p-2.2&e=i-{circuit}.0"
    page = get(client, Addresses().twin(address)).json()
    first, second, third = page["explanations"]
    assert (first["kind"], first["name"], first["says"]) == ("probe", "A ⊕ B on layer 1", [])
    assert (first["predicted"], first["right"], second["predicted"]) == (12, 12, 0)
    assert "what can be read from a layer" in second["silent_because"]
    assert third["says"] == [0, 1, 1, 0]
    assert get(client, address).status_code == 200
    assert get(client, "/compare?network=xor&e=p-1.6&e=p-2.6").text.count("<p>None of them says") == 1


@pytest.mark.slow
def test_the_sandbox_asks_it_what_it_can_answer(client):
    sandbox = "/api/v2/networks/xor/play?e=p-1.6&now="

    def said(now: str) -> tuple[int, str, bool | None]:
        [asked] = get(client, sandbox + now).json()["explanations"]
        return asked["says"], asked["reason"], asked["right"]

    assert said("11_1.0s10_1.1s10_1.2s10") == (1, "", True)
    assert said("01_1.0s11_1.1s11_1.2s11") == (0, "", True)
    for now in ("11", "11_1.0s10", "11_2.0s10_2.1s10_2.2s10"):
        assert said(now) == (-1, PROBE.silence, None)
    for now in ("11_1.0s10_1.1s10_1.2s01", "11_1.0z", "11_2.0.1s10"):
        says, reason, _ = said(now)
        assert (says, reason) == (-1, "a linear probe speaks of neurons that take their values from one source alone")


@pytest.mark.slow
def test_verification_recomputes_each_figure(client):
    page = get(client, f"/api/v2/verified?url={LIST}/p-2.6").json()
    assert page["verdict"] == "equal"
    assert {one["key"]: one["status"] for one in page["figures"][3:]} == dict.fromkeys(
        ("layer", "margin", "inputs", "task", "table"), "equal"
    )
    assert "5 figures found again" in get(client, f"{LIST}/p-2.6?part=verify").text


def test_every_criterion_that_applies_has_its_verdict(client):
    verdicts = get(client, "/api/v2/networks/xor/explanations/p-1.6/criteria").json()
    assert {one["criterion"]: (one["outcome"], one["origin"]) for one in verdicts} == {
        "margin": ("passed", "stored"),
        "selective": ("failed", "stored"),
    }
    assert "3 of 3 of the functions with as many ones" in verdicts[1]["reason"]


@pytest.mark.slow
def test_the_funnel_asks_it_the_criteria_that_apply(client):
    path = "/networks/xor/analyses/funnel/chosen?criteria=margin&criteria=selective&criteria=necessity"
    report = get(client, f"/api/v2{path}").json()
    (funnel,) = [kind for kind in report["kinds"] if kind["kind"] == "probe"]
    assert (funnel["begin"], [row["left"] for row in funnel["rows"]]) == ("14", ["14", "0"])
    assert "kind=probe&amp;passes=margin" in get(client, path).text


@pytest.mark.slow
def test_a_search_that_was_not_made_can_be_asked_for(client):
    store = client.app.state.store
    file = small_network(3)
    with store.write() as session:
        save_network(session, file, slug="later")
        save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0])))
    page = get(client, "/api/v2/networks/later/explanations?kind=probe").json()
    assert page["pending"] == ["search for probe"]
    html = get(client, "/networks/later/explanations?kind=probe").text
    assert "The search for linear probes: nobody asked" in html
    form = re.search(r'<form[^>]*action="(/networks/later/explanations)".*?</form>', html, re.DOTALL)
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]+)"', form[0]))
    assert "not searched here" in get(client, "/networks/later/explanations/p-1.2").text
    answer = client.post(form[1], data=fields, headers={"origin": "http://127.0.0.1"})
    assert answer.status_code == 303
    job = get(client, API + answer.headers["location"]).json()
    assert job["title"] == "Random 3: linear probes under complete"
    assert "waiting for a worker" in get(client, "/networks/later/explanations?kind=probe").text
    do(store, job["id"], EXPLANATIONS)
    found = get(client, "/api/v2/networks/later/explanations?kind=probe").json()
    assert found["pending"] == []
    assert found["total"] > 0
    again = client.post(f"{API}/networks/later/explanations", json={"kind": "cat"})
    assert again.status_code == 422
    none = client.post(f"{API}/networks/untouched/explanations", json={"kind": "probe"})
    assert none.status_code == 409
    assert "nothing to search beside" in none.text


@pytest.mark.slow
def test_what_is_stored_is_what_was_found_and_goes_with_its_analysis(client):
    store, question = client.app.state.store, ask(pretrained_xor().network)
    expected = PROBE.frame(find_probes(question).explanations)
    with store.write() as session:
        analysis = session.scalars(select(AnalysisRow).where(AnalysisRow.network.has(slug="xor"))).one()
        frame = columns_of(session, analysis, PROBE.key, tuple(expected))
        assert {name: list(frame[name]) for name in expected} == {
            name: column.tolist() for name, column in expected.items()
        }
        assert stored_refs(session, analysis, PROBE) == tuple(expected[REF].tolist())
        assert recorded_row(session, analysis, PROBE, "1.6").table == "0110"
        assert recorded_row(session, analysis, PROBE, "1.60") is None
        assert stored_searches(session, analysis.id)["probe"].n == 14
        enqueue_missing(session, [RECORDED_KINDS])
        queued = select(JobRow).where(JobRow.state == "queued", JobRow.network_digest == analysis.network.digest)
        assert not session.scalars(queued).all()
        assert missing_steps(session, analysis, [("probe", step) for step in default_steps("probe")]) == ()
        empty = PROBE.frame([])
        save_found(session, analysis, PROBE, empty, StoredSearch(n=0, complete=True, note="", engine_version="0"))
        assert stored_refs(session, analysis, PROBE) == ()
        session.rollback()
