"""A kind of explanation that has a record, wherever explanations are: found by a job, listed, compared, verified."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.explanations.probes import PROBE
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.analyses import CRITERIA, EXPLANATIONS
from pluriscope.app.jobs.handlers import Handler
from pluriscope.app.jobs.stages import RECORDED_KINDS
from tests.clients import served
from tests.factories import pretrained_xor, real_analysis, save_analysis, small_network

LIST, API = "/networks/xor/explanations", "/api/v2"


def do(store, job_id: str, handler: Handler) -> None:
    """Run a job as a worker does."""
    with store.write() as session:
        job = session.get_one(JobRow, job_id)
        job.state, arguments = "done", dict(job.arguments)
        compute = handler.load(session, arguments)
    outcome = compute(DEFAULT_WORK)
    with store.write() as session:
        handler.save(session, arguments, outcome)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("recorded"), local=True) as client:
        store = client.app.state.store
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
        [asked] = [one for one in get(client, sandbox + now).json()["explanations"] if one["letter"]]
        return asked["says"], asked["reason"], asked["right"]

    assert said("11_1.0s10_1.1s10_1.2s10") == (1, "", True)
    assert said("01_1.0s11_1.1s11_1.2s11") == (0, "", True)
    for now in ("11", "11_1.0s10", "11_2.0s10_2.1s10_2.2s10"):
        assert said(now) == (-1, PROBE.silence, None)
    for now in ("11_1.0s10_1.1s10_1.2s01", "11_1.0z", "11_2.0.1s10"):
        says, reason, _ = said(now)
        assert (says, reason) == (-1, "a linear probe speaks of neurons that take their values from one source alone")


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
    assert "No search found such explanations here so far" in get(client, "/networks/later/explanations/p-1.2").text
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
