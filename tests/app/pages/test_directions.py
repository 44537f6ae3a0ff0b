"""Pages about directions: every class with its state, each alignment by its text, stored or not, and plain refusals."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote

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


ONES = XORNET + "/explanations"


def written(text: str) -> str:
    """A text as references have it, in a path."""
    return quote(text.replace("@", ":").replace("/", "~"), safe="~")


def record(client, address: str):
    answer = client.get("/api/v2" + address)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_one_alignment_is_all_in_its_address(client):
    lead = client.get(f"{ONES}/g-{ALICE}", params={"at": "0@1=0,1,-1;1@1=1,0,-1"})
    assert lead.status_code == 302
    told = record(client, lead.headers["location"])
    assert told["url"] == lead.headers["location"] == f"{ONES}/d-{ALICE}.{told['alignment']}"
    assert record(client, f"{ONES}/d-{ALICE}.{written(told['text'])}") == told
    assert (told["found_by"], told["stored"]) == (["integer", "integer-any"], True)
    assert [told[name] for name in ("agreed", "tested", "joint_agreed", "joint_tested")] == [24, 24, 64, 64]
    for place in told["places"]:
        assert (place["seen"], place["tested"], place["illusory"]) == (7, 12, True)
        assert place["separated"]
        assert place["residual"] < 2e-6
        assert sum(map(sum, place["is_tested"])) == 12  # both directions of each pair
        assert not any(place["is_tested"][i][i] for i in range(4))
    assert told["places"][0]["projections"][0] == pytest.approx([0, 1, 0, 0], abs=1e-5)
    page = words(client.get(told["url"]).text)
    for said in (
        "24 of 24",
        "64 of 64",
        "found by the search of small integers that read it",
        "layer 1 along",
        "rank 1",
    ):
        assert said in page


def test_what_no_row_keeps_is_computed(client):
    address = f"{ONES}/d-{ALICE}.{written('0@1=2,1,-1;1@1=1,0,0')}"
    told = record(client, address)
    assert (told["url"], told["stored"], told["found_by"], told["valid"]) == (address, False, [], False)
    assert told["joint_wrong"]["expected"] in (0, 1)
    assert [place["family"] for place in told["places"]] == [None, None]
    page = words(client.get(address).text)
    assert "Interventions that fail" in page
    assert "first failure: base" in page
    several = f"{ONES}/d-{ALICE}.{written('0@1=1,0,0_0,1,0;1@1=0,0,1')}"
    place = record(client, several)["places"][0]
    assert (len(place["reads"]), place["gain"], place["rank"]) == (2, None, None)
    oblique = f"{ONES}/d-{ALICE}.{written('0@1=0,1,-1/0,1,0;1@1=1,0,-1')}"
    assert record(client, oblique)["places"][0]["swaps"] == [[0, 1, 0]]
    untouched = f"/networks/untouched/explanations/d-{ALICE}.{written('0@1=0,1;1@1=1,0')}"
    for one in (several, oblique, untouched):
        assert client.get(one).status_code == 200
    assert client.get(f"{ONES}/d-{ALICE}.{told['alignment']}").status_code == 404


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
    answer = client.get(f"{ONES}/g-{ALICE}", params={"at": at})
    assert (answer.status_code, part.lower() in words(answer.text).lower()) == (404, True)
    assert client.get(f"/api/v2{ONES}/d-{ALICE}.{written(at)}").status_code == 404


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


def test_tables_cards_and_verification(client):
    path = f"{ONES}/d-{BOB}.{written('0@1=1,1,-1;1@1=0,0,1')}"
    verified = client.get("/api/v2/verified", params={"url": path}).json()
    assert verified["verdict"] == "equal"
    equal = {figure["key"] for figure in verified["figures"] if figure["status"] == "equal"}
    assert {"directions", "iia", "joint", "valid", "causal_order", "margin", "residuals"} <= equal
    for made in ("drawing.svg", "card.svg", "figures/line-0-1.svg", "figures/interchanges.2.svg"):
        answer = client.get(f"{path}/{made}")
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "image/svg+xml")
    assert client.get(f"/embed{path}").status_code == 200
    lines = client.get(f"{path}/interchanges.all.csv").text.splitlines()
    assert sum(line.endswith("True,True") for line in lines) == 24
    listed = client.get(f"{XORNET}/directions.json?class=integer").json()
    assert [row["at"] for row in listed["rows"]] == ["0@1=0,1,-1;1@1=1,0,-1", "0@1=1,1,-1;1@1=0,0,1"]
    assert "2 valid alignments" in " ".join(listed["about"])


def test_what_earlier_searches_kept_leads_to_the_kept_alignment_by_text_and_by_id(client):
    """Three that three kernels wrote before directions had the same digits everywhere: id, text."""
    kept = told(client, f"{XORNET}/directions", **{"class": "oblique"})
    ids = {item["algorithm"]["id"]: item["items"][0]["id"] for item in kept["items"]}
    assert client.get(f"/api/v2{ONES}/d-{ALICE}.{FORMER[0][1]}").status_code == 404
    with client.app.state.store.write() as session:
        session.add_all(
            DirectionTextRow(algorithm_id=algorithm, alignment_id=former, text=text)
            for algorithm, former, text in FORMER
        )
    for algorithm, former, text in FORMER:
        other = BOB if algorithm == ALICE else ALICE
        for named in (text.replace("@", ":"), former):
            page = record(client, f"{ONES}/d-{algorithm}.{written(named)}")
            assert page["alignment"] == ids[algorithm] != former
            assert "oblique" in page["found_by"]
            assert (page["agreed"], page["joint_agreed"]) == (24, 64)
            compared = told(client, "/compare", network="xornet", e=[f"d-{algorithm}.{named}", f"g-{other}"])
            assert compared["explanations"][0]["ref"] == f"d-{algorithm}.{ids[algorithm]}"
        led = client.get(f"{XORNET}/algorithms/{algorithm}/directions/{former}", params={"at": text})
        assert client.get(led.headers["location"]).headers["location"] == page["url"]


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
        verdicts = client.get(f"{here}/{item['ref']}/criteria", params=scope).json()
        outcomes = {verdict["criterion"]: verdict["outcome"] for verdict in verdicts}
        assert (outcomes["one-direction"], outcomes["both-directions"]) == ("passed", "failed")
        for criterion, n in (("one-direction", 1), ("both-directions", 0)):
            listed = client.get(here, params={"kind": "direction", "passes": criterion, **scope}).json()
            assert listed["total"] == n, criterion


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
