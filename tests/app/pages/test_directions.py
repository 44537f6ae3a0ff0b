"""Pages about directions: every class with its state, each alignment by its text, stored or not, and plain refusals."""

from __future__ import annotations

import re
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from analysis.pipeline import analyse_output
from analysis.protocol import COMPLETE
from analysis.question import ask
from app.bundled import bundled_networks
from app.db.direction_tables import DirectionTextRow
from app.db.tables import AnalysisRow
from app.db.writes import save_analysis, save_network
from app.jobs import queue
from app.jobs.analyses import handler_of
from app.main import create_app
from pluriscope.analyses.registry import DIRECTIONS
from tests.factories import on_a_copy, pretrained_xor, real_analysis, small_network
from tests.golden_files import golden_network

pytestmark = pytest.mark.slow  # the everyday run opens the pages among all others
ALICE, BOB = "4b802e6dbc93680b", "a2e8546f11f80df4"
XORNET = "/networks/xornet"
LOCAL = ("127.0.0.1", 50_000)


def search(store, slug: str) -> None:
    """Do what the queued job does."""
    work = handler_of(DIRECTIONS)
    with store.write() as session:
        analysis = session.scalars(select(AnalysisRow).where(AnalysisRow.network.has(slug=slug))).one()
        job = queue.enqueue_about(session, analysis, "directions", **DIRECTIONS.details())
        job.state, arguments = "done", dict(job.arguments)
        work.save(session, arguments, work.compute(work.load(session, arguments)))


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
        search(store, "xornet")
        search(store, "xor")
        yield client


def told(client, path: str, **query):
    answer = client.get("/api/v1" + path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def oblique(client) -> dict[str, str]:
    """Of each algorithm the alignment that the oblique search found."""
    kept = client.get(f"/api/v2{XORNET}/explanations", params={"kind": "direction", "map": "oblique"}).json()["items"]
    return {item["algorithm"]: item["ref"].partition(".")[2] for item in kept}


def words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_list_says_which_classes_found_each(client):
    items = client.get(f"/api/v2{XORNET}/explanations", params={"kind": "direction", "map": "integer"}).json()["items"]
    assert {item["algorithm"] for item in items} == {ALICE, BOB}
    for item in items:
        assert (item["agreed"], item["of"], item["joint_agreed"], item["joint_of"]) == (24, 24, 64, 64)
        assert set(item["map"]) >= {"integer", "integer-any"}


def test_the_page_counts_every_class_and_leads_to_the_list(client):
    told_of = client.get(f"/api/v2{XORNET}/analyses/directions").json()
    classes = {one["direction_class"]: one for one in told_of["report"]["classes"]}
    assert {key: (one["n_aligned"], int(one["n_valid"]), one["exact"]) for key, one in classes.items()} == {
        "integer": (2, 2, True), "integer-any": (2, 3, True), "orthogonal": (2, 2, True), "oblique": (2, 2, True),
    }  # fmt: skip
    assert classes["integer"]["by_layer"] == {"1": 2}
    page = words(client.get(f"{XORNET}/analyses/directions").text)
    assert "exhaustive" in page
    assert "There is more" in page
    opened = words(client.get("/networks/xor/analyses/directions?part=integer").text)
    assert "the best read-out is off by" in opened
    html = client.get(f"{XORNET}/analyses/directions").text
    assert f"{XORNET}/explanations?kind=direction&amp;map=oblique" in html


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


def test_tables_cards_and_verification(client):
    bob = {"at": "0@1=1,1,-1;1@1=0,0,1"}
    lead = client.get(f"{XORNET}/algorithms/{BOB}/directions", params=bob).headers["location"]
    path, _, query = lead.partition("?")
    verified = client.get("/api/v1/verified", params={"url": lead}).json()
    assert verified["verdict"] == "equal"
    (view,) = verified["explanations"]
    equal = {figure["key"] for figure in view["figures"] if figure["status"] == "equal"}
    assert {"directions", "iia", "joint", "valid", "causal_order", "margin"} <= equal
    for made in ("drawing.svg", "card.svg", "figures/line-0-1.svg", "figures/interchange-2.svg"):
        answer = client.get(f"{path}/{made}?{query}")
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "image/svg+xml")
    assert client.get(f"/embed{lead}").status_code == 200
    rows = client.get(f"{path}/interchanges.json?{query}").json()["rows"]
    assert len(rows) == 32
    assert sum(row["agreed"] for row in rows if row["tested"]) == 24


def test_addresses_with_the_digits_of_other_machines_lead_to_the_kept_alignment(client):
    """Three that three kernels wrote before directions had the same digits everywhere: id, text."""
    ids = oblique(client)
    for algorithm, former, text in FORMER:
        page = told(client, f"{XORNET}/algorithms/{algorithm}/directions/{former}", at=text)
        assert page["id"] == ids[algorithm] != former
        assert "oblique" in [one["key"] for one in page["found_in"]]
        assert (page["iia"], page["joint"]) == ({"agreed": 24, "of": 24}, {"agreed": 64, "of": 64})
        answer = client.get(f"/api/v1{XORNET}/algorithms/{algorithm}/directions", params={"at": text})
        assert former in answer.headers["location"]
        other = BOB if algorithm == ALICE else ALICE
        ref = f"d-{algorithm}.{text.replace('@', ':')}"
        compared = told(client, "/compare", network="xornet", e=[ref, f"g-{other}"])
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
        search(app.state.store, "oneway")
        scope = {"protocol": one_way.digest[:12]}
        here = "/api/v2/networks/oneway/explanations"
        (item,) = client.get(here, params={"kind": "direction", "map": "orthogonal", **scope}).json()["items"]
        verdicts = told(client, "/networks/oneway/verdicts", e=item["ref"], **scope)
        outcomes = {row["criterion"]: (row["verdicts"][0] or {}).get("outcome") for row in verdicts["rows"]}
        assert (outcomes["one-direction"], outcomes["both-directions"]) == ("passed", "failed")
        for criterion, n in (("one-direction", 1), ("both-directions", 0)):
            wanted = {"kind": "direction", "map": "orthogonal", "passes": criterion, **scope}
            listed = client.get(here, params=wanted).json()
            assert listed["total"] == n, criterion


def test_ids_that_an_earlier_search_kept_lead_on_without_their_text(client):
    ids = oblique(client)
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
        compared = told(client, "/compare", network="xornet", e=[f"d-{algorithm}.{former}", f"g-{other}"])
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
