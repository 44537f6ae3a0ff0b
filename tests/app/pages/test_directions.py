"""Pages about directions: every class with its state, each alignment by its text, stored or not, and plain refusals."""

from __future__ import annotations

import re
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from analysis.directions.findings import CLOSED_FORM
from analysis.pipeline import analyse_output
from analysis.protocol import COMPLETE
from analysis.question import ask
from app.bundled import bundled_networks
from app.db.direction_tables import DirectionTextRow
from app.db.job_tables import JobRow
from app.db.tables import AnalysisRow
from app.db.writes import save_analysis, save_network
from app.jobs import directions as work
from app.jobs import queue
from app.jobs.definitions import direction_details
from app.main import create_app
from tests.factories import on_a_copy, pretrained_xor, real_analysis, small_network
from tests.golden_files import golden_network

pytestmark = pytest.mark.slow  # the everyday run opens the pages among all others
ALICE, BOB = "4b802e6dbc93680b", "a2e8546f11f80df4"
XORNET = "/networks/xornet"
LOCAL = ("127.0.0.1", 50_000)


def search(store, slug: str, *classes: str) -> None:
    """Do what the queued job does."""
    with store.write() as session:
        analysis = session.scalars(select(AnalysisRow).where(AnalysisRow.network.has(slug=slug))).one()
        job = queue.enqueue_about(session, analysis, "directions", **direction_details(classes))
        job.state = "done"
        arguments = dict(job.arguments)
    with store.read() as session:
        inputs = work.load_direction_inputs(session, arguments)
    outcome = work.compute_directions(inputs)
    with store.write() as session:
        work.save_found_directions(session, arguments, outcome)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("directions")))
    with TestClient(app, base_url="http://127.0.0.1", client=LOCAL, follow_redirects=False) as client:
        store = app.state.store
        with store.write() as session:
            file = next(one for one in bundled_networks() if one.slug == "alice-and-bob").file
            save_network(session, file, slug="xornet")
            save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0])))
            save_network(session, pretrained_xor(), slug="xor")
            save_analysis(session, real_analysis())
            save_network(session, small_network(2), slug="untouched")
        search(store, "xornet", *CLOSED_FORM)
        search(store, "xor", "orthogonal", "integer")
        yield client


def beside(client, **query):
    """The record of a comparison."""
    return client.get(f"/api/v2{XORNET}/compare", params=query).raise_for_status().json()


def told(client, path: str, **query):
    answer = client.get("/api/v1" + path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_both_are_found_and_every_class_tells_its_state(client):
    page = told(client, XORNET + "/directions", **{"class": "integer"})
    assert {one["key"]: one["state"] for one in page["classes"]} == {
        "integer": "done", "integer-any": "done", "orthogonal": "done", "oblique": "done", "learned": "not_asked",
    }  # fmt: skip
    assert {one["key"]: one["search"]["n_valid"] for one in page["classes"] if one["search"]} == {
        "integer": 2, "integer-any": 3, "orthogonal": 2, "oblique": 2,
    }  # fmt: skip
    assert {item["algorithm"]["id"] for item in page["items"]} == {ALICE, BOB}
    for item in page["items"]:
        (one,) = item["items"]
        assert one["iia"] == {"agreed": 24, "of": 24}
        assert one["joint"] == {"agreed": 64, "of": 64}
        assert one["valid"]
        assert one["illusory"]
    sites = {place["site"] for item in page["items"] for one in item["items"] for place in one["places"]}
    assert sites == {
        "layer 1 along n1.1 − n1.2", "layer 1 along n1.0 − n1.2", "layer 1 along n1.0 + n1.1 − n1.2",
        "layer 1 along n1.2",
    }  # fmt: skip
    shown = words(client.get(XORNET + "/directions", params={"class": "integer"}).text)
    assert "under the protocol complete" in shown.replace("All under", "under")


def test_none_and_not_asked_and_not_analysed_are_not_confused(client):
    none = words(client.get("/networks/xor/directions", params={"class": "integer"}).text)
    assert "No algorithm with variables passes every single interchange, of 2 searched" in none
    assert "the search was exhaustive" in none
    assert "no read-out: the best one is off by" in none
    asked = words(client.get("/networks/xor/directions", params={"class": "oblique"}).text)
    assert "This class was not requested here" in asked
    assert "Not learned yet" in words(client.get("/networks/xor/directions", params={"class": "learned"}).text)
    fresh = told(client, "/networks/untouched/directions")
    assert {one["state"] for one in fresh["classes"]} == {"not_analysed"}
    assert "Not analysed yet" in words(client.get("/networks/untouched/directions").text)


def test_a_search_can_be_asked_for_once(client):
    order = {"classes": ["learned"], "seeds": 2, "steps": 50, "max_dimension": 1}
    first = client.post("/api/v1/networks/xor/directions", json=order)
    assert first.status_code == 202
    assert client.post("/api/v1/networks/xor/directions", json=order).headers["location"] == first.headers["location"]
    page = told(client, "/networks/xor/directions", **{"class": "learned"})
    state = {one["key"]: (one["state"], bool(one["job"])) for one in page["classes"]}
    assert state["learned"] == ("computing", True)
    assert state["orthogonal"] == ("done", False)
    form = client.post("/networks/xor/directions", data={"classes": "oblique", "protocol": "complete", "output": "0"})
    assert form.status_code == 303
    store = client.app.state.store
    with store.write() as session:
        for job in session.scalars(select(JobRow).where(JobRow.kind == "directions", JobRow.state == "queued")):
            job.state = "cancelled" if "learned" in job.arguments["classes"] else "failed"
    states = {one["key"]: one["state"] for one in told(client, "/networks/xor/directions")["classes"]}
    assert (states["learned"], states["oblique"]) == ("cancelled", "failed")
    for wrong in ({"classes": ["diagonal"]}, {"seeds": 0}, {"classes": []}, {"more": 1}):
        assert client.post("/api/v1/networks/xor/directions", json=wrong).status_code == 422
    assert client.post("/api/v1/networks/untouched/directions", json={}).status_code == 409


def test_one_alignment_is_all_in_its_address(client):
    lead = client.get(f"{XORNET}/algorithms/{ALICE}/directions", params={"at": "0@1=0,1,-1;1@1=1,0,-1"})
    assert lead.status_code == 302
    page = client.get("/api/v1" + lead.headers["location"]).json()
    assert page["url"] == lead.headers["location"]
    assert [one["key"] for one in page["found_in"]] == ["integer", "integer-any"]
    assert page["provenance"]["stored"]
    assert (page["iia"], page["joint"]) == ({"agreed": 24, "of": 24}, {"agreed": 64, "of": 64})
    assert [one["seen"] for one in page["rowspace"]] == [{"agreed": 7, "of": 12}] * 2
    assert all(one["separated"] and one["residual"] < 2e-6 for one in page["readings"])
    assert page["places"][0]["rows"][0]["projections"] == pytest.approx([0, 1, 0, 0], abs=1e-5)
    for view in page["interchanges"]:  # both directions of each pair
        assert sum(map(sum, view["tested"])) == 12
        assert all(view["tested"][i][j] == (i != j) for i in range(4) for j in range(4))
    assert client.get(lead.headers["location"]).status_code == 200
    stored_only = client.get(lead.headers["location"].partition("?")[0])
    assert stored_only.status_code == 200


def test_what_no_row_keeps_is_computed(client):
    lead = client.get(f"{XORNET}/algorithms/{ALICE}/directions", params={"at": "0@1=2,1,-1;1@1=1,0,0"})
    page = client.get("/api/v1" + lead.headers["location"]).json()
    assert not page["provenance"]["stored"]
    assert page["found_in"] == []
    assert not page["valid"]
    assert page["n_failing"] == page["iia"]["of"] - page["iia"]["agreed"] == len(page["failing"])
    assert page["joint_wrong"]["expected"] in (0, 1)
    assert page["families"] == [None, None]
    assert page["siblings"]
    assert client.get(lead.headers["location"]).status_code == 200
    plane = client.get(f"{XORNET}/algorithms/{ALICE}/directions", params={"at": "0@1=1,0,0_0,1,0;1@1=0,0,1"})
    several = client.get("/api/v1" + plane.headers["location"]).json()
    assert [place["dimension"] for place in several["places"]] == [2, 1]
    assert (several["readings"][0], several["rowspace"][0]) == (None, None)
    assert client.get(plane.headers["location"]).status_code == 200
    gone = client.get(lead.headers["location"].partition("?")[0])
    assert gone.status_code == 404
    untouched = client.get(f"/networks/untouched/algorithms/{ALICE}/directions", params={"at": "0@1=0,1;1@1=1,0"})
    assert client.get(untouched.headers["location"]).status_code == 200


@pytest.mark.parametrize(
    ("at", "part"),
    [
        ("foo", "'foo'"),
        ("0@1=1,0,-1", "no place to 1"),
        ("0@1=1,0,-1;1@2=1,0,-1", "layer 2 of variable 1"),
        ("0@1=1,0;1@1=1,0,-1", "direction of variable 0"),
        ("0@1=1,0,-1;1@1=2,0,-2", "cannot be set at once"),
        ("1@1=1,0,-1;0@1=0,1,-1", "use 0@1=0,1,-1;1@1=1,0,-1"),
        ("0@1=1,0,-1;1@1=0,1,nan", "decimal numbers"),
        ("0@1=1e300,0,-1;1@1=0,1,-1", "too large"),
        ("0@1=1,0,-1;00@1=1,1,1;1@1=0,1,-1", "'00'"),
    ],
)
def test_a_bad_text_is_refused_with_the_part_that_is_wrong(client, at, part):
    answer = client.get(f"/api/v1{XORNET}/algorithms/{ALICE}/directions", params={"at": at})
    assert answer.status_code == 404
    assert part.lower() in answer.json()["error"].lower()
    page = client.get(f"{XORNET}/algorithms/{ALICE}/directions/0123456789abcdef", params={"at": at})
    assert page.status_code == 404


def test_lists_are_narrowed_and_paged(client):
    first = told(client, XORNET + "/directions", limit=1)
    assert len(first["items"]) == 1
    second = client.get("/api/v1" + first["next_url"]).json()
    assert second["items"][0]["algorithm"]["id"] != first["items"][0]["algorithm"]["id"]
    assert second["next"] is None
    narrowed = told(client, XORNET + "/directions", algorithm=BOB)
    assert [item["algorithm"]["id"] for item in narrowed["items"]] == [BOB]
    assert narrowed["algorithm"]["id"] == BOB
    passing = told(client, "/networks/xor/directions", passing=1)
    assert len(passing["items"]) == 1
    assert told(client, "/networks/xor/directions", passing=1, **{"class": "integer"})["emptiness"] == "filtered_out"
    lead = client.get(f"{XORNET}/algorithms/{BOB}/directions")
    assert lead.headers["location"].endswith(f"/directions?algorithm={BOB}")


def test_tables_cards_and_verification(client):
    bob = {"at": "0@1=1,1,-1;1@1=0,0,1"}
    lead = client.get(f"{XORNET}/algorithms/{BOB}/directions", params=bob).headers["location"]
    path, _, query = lead.partition("?")
    verified = client.get("/api/v1/verified", params={"url": lead}).json()
    assert verified["verdict"] == "equal"
    (view,) = verified["explanations"]
    equal = {figure["key"] for figure in view["figures"] if figure["status"] == "equal"}
    assert {"directions", "iia", "joint", "valid", "causal_order", "margin", "residuals"} <= equal
    for made in ("drawing.svg", "card.svg", "figures/line-0-1.svg", "figures/interchange-2.svg"):
        answer = client.get(f"{path}/{made}?{query}")
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "image/svg+xml")
    assert client.get(f"/embed{lead}").status_code == 200
    rows = client.get(f"{path}/interchanges.json?{query}").json()["rows"]
    assert len(rows) == 32
    assert sum(row["agreed"] for row in rows if row["tested"]) == 24
    listed = client.get(f"{XORNET}/directions.json?class=integer").json()
    assert [row["at"] for row in listed["rows"]] == ["0@1=0,1,-1;1@1=1,0,-1", "0@1=1,1,-1;1@1=0,0,1"]
    assert "2 valid alignments" in " ".join(listed["about"])


def test_addresses_with_the_digits_of_other_machines_lead_to_the_kept_alignment(client):
    """Three that three kernels wrote before directions had the same digits everywhere: id, text."""
    kept = told(client, f"{XORNET}/directions", **{"class": "oblique"})
    ids = {item["algorithm"]["id"]: item["items"][0]["id"] for item in kept["items"]}
    for algorithm, former, text in FORMER:
        page = told(client, f"{XORNET}/algorithms/{algorithm}/directions/{former}", at=text)
        assert page["id"] == ids[algorithm] != former
        assert "oblique" in [one["key"] for one in page["found_in"]]
        assert (page["iia"], page["joint"]) == ({"agreed": 24, "of": 24}, {"agreed": 64, "of": 64})
        answer = client.get(f"/api/v1{XORNET}/algorithms/{algorithm}/directions", params={"at": text})
        assert former in answer.headers["location"]
        other = BOB if algorithm == ALICE else ALICE
        ref = f"d-{algorithm}.{text.replace('@', ':')}"
        compared = beside(client, e=[ref, f"g-{other}"])
        assert compared["explanations"][0]["ref"] == f"d-{algorithm}.{ids[algorithm]}"


def test_list_funnel_and_verdicts_agree_where_rules_test_one_direction_only(tmp_path):
    """One alignment of this network is right in one direction of every pair and wrong in another."""
    one_way = COMPLETE.model_copy(update={"name": "one way", "interchange_pairs": "one_direction"})
    app = create_app(on_a_copy(data=tmp_path))
    with TestClient(app, base_url="http://127.0.0.1", client=LOCAL, follow_redirects=False) as client:
        file = golden_network("xor_3-2")
        with app.state.store.write() as session:
            save_network(session, file, slug="oneway")
            save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0], protocol=one_way)))
        search(app.state.store, "oneway", "orthogonal")
        scope = {"protocol": one_way.digest[:12]}
        here = "/api/v2/networks/oneway/explanations"
        (item,) = client.get(here, params={"kind": "direction", **scope}).json()["items"]
        verdicts = told(client, "/networks/oneway/verdicts", e=item["ref"], **scope)
        outcomes = {row["criterion"]: (row["verdicts"][0] or {}).get("outcome") for row in verdicts["rows"]}
        assert (outcomes["one-direction"], outcomes["both-directions"]) == ("passed", "failed")
        for criterion, n in (("one-direction", 1), ("both-directions", 0)):
            listed = client.get(here, params={"kind": "direction", "passes": criterion, **scope}).json()
            assert listed["total"] == n, criterion


def test_ids_that_an_earlier_search_kept_lead_on_without_their_text(client):
    kept = told(client, f"{XORNET}/directions", **{"class": "oblique"})
    ids = {item["algorithm"]["id"]: item["items"][0]["id"] for item in kept["items"]}
    unknown = client.get(f"/api/v1{XORNET}/algorithms/{ALICE}/directions/{FORMER[0][1]}")
    assert unknown.status_code == 404
    with client.app.state.store.write() as session:
        session.add_all(
            DirectionTextRow(algorithm_id=algorithm, alignment_id=former, text=text)
            for algorithm, former, text in FORMER
        )
    for algorithm, former, _ in FORMER:
        page = told(client, f"{XORNET}/algorithms/{algorithm}/directions/{former}")
        assert page["id"] == ids[algorithm] != former
        other = BOB if algorithm == ALICE else ALICE
        compared = beside(client, e=[f"d-{algorithm}.{former}", f"g-{other}"])
        assert compared["explanations"][0]["ref"] == f"d-{algorithm}.{ids[algorithm]}"


FORMER = [
    (
        ALICE,
        "62f3747f29e769ff",
        "0@1=3.72671e-6,1.00001118004,-1.00001118004/1.8633133359189028e-6,0.49999441003902395,-0.49999441003902395;"
        "1@1=1.00001118004,3.72671e-6,-1.00001118004/0.49999441003902395,1.8633133359189028e-6,-0.49999441003902395",
    ),
    (
        ALICE,
        "7e342b60fe8d8a40",
        "0@1=3.72671e-6,1.00001118004,-1.00001118004/1.8633133359189033e-6,0.49999441003902406,-0.49999441003902406;"
        "1@1=1.00001118004,3.72671e-6,-1.00001118004/0.49999441003902395,1.8633133359189028e-6,-0.49999441003902395",
    ),
    (
        BOB,
        "4f002385e4402d09",
        "0@1=-1.00001118004,-1.00001118004,1.00001118004/-0.3333296066949973,-0.3333296066949973,0.3333296066949973;"
        "1@1=-3.72671e-6,-3.72671e-6,1.00001118004/-3.7266266717601717e-6,-3.7266266717601717e-6,0.9999888200572159",
    ),
]
