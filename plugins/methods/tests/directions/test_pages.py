"""Pages about directions: every class with its state, each alignment by its text, stored or not, and plain refusals."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote

import pytest
from sqlalchemy import select

from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.bundled import bundled_networks
from pluriscope.app.db.tables import AnalysisRow, DirectionTextRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.analyses import handler_of
from pluriscope_methods.analyses import DIRECTIONS
from tests.clients import served
from tests.factories import pretrained_xor, real_analysis, save_analysis, small_network
from tests.golden_files import golden_network

pytestmark = pytest.mark.slow  # the everyday run opens the pages among all others
ALICE, BOB = "4b802e6dbc93680b", "a2e8546f11f80df4"
XORNET = "/networks/xornet"


def search(store, slug: str) -> None:
    """Do what the queued job does."""
    work = handler_of(DIRECTIONS)
    with store.write() as session:
        analysis = session.scalars(select(AnalysisRow).where(AnalysisRow.network.has(slug=slug))).one()
        job = queue.enqueue_about(session, analysis, "directions", **DIRECTIONS.details())
        job.state, arguments = "done", dict(job.arguments)
        work.save(session, arguments, work.load(session, arguments)(DEFAULT_WORK))


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("directions"), local=True) as client:
        store = client.app.state.store
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


def reply(client, path: str, **query):
    return client.get("/api/v2" + path, params=query).raise_for_status().json()


def oblique(client) -> dict[str, str]:
    """Of each algorithm the alignment that the oblique search found."""
    kept = client.get(f"/api/v2{XORNET}/explanations", params={"kind": "direction", "classes": "oblique"}).json()[
        "items"
    ]
    return {item["algorithm"]: item["ref"].partition(".")[2] for item in kept}


def words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_page_counts_every_class_and_leads_to_the_list(client):
    listed = client.get(f"/api/v2{XORNET}/analyses/directions").json()
    classes = {one["direction_class"]: one for one in listed["report"]["classes"]}
    assert {key: (one["n_aligned"], int(one["n_valid"]), one["exact"]) for key, one in classes.items()} == {
        "integer": (2, 2, True), "integer-any": (2, 3, True), "orthogonal": (2, 2, True), "oblique": (2, 2, True),
    }  # fmt: skip
    assert classes["integer"]["by_layer"] == {"1": 2}
    html = client.get(f"{XORNET}/analyses/directions", follow_redirects=True).text
    assert "exhaustive" in words(html)
    assert f"{XORNET}/explanations?kind=direction&amp;classes=oblique" in html


ONES = XORNET + "/explanations"


def written(text: str) -> str:
    """A text as references have it, in a path."""
    return quote(text.replace("@", ":").replace("/", "~"), safe="~")


def record(client, address: str):
    return client.get("/api/v2" + address).raise_for_status().json()


def test_one_alignment_is_all_in_its_address(client):
    lead = client.get(f"{ONES}/g-{ALICE}", params={"at": "0@1=0,1,-1;1@1=1,0,-1"})
    assert lead.status_code == 302
    reply = record(client, lead.headers["location"])
    assert reply["url"] == lead.headers["location"] == f"{ONES}/d-{ALICE}.{reply['alignment']}"
    assert record(client, f"{ONES}/d-{ALICE}.{written(reply['text'])}") == reply
    assert (reply["found_by"], reply["stored"]) == (["integer", "integer-any"], True)
    assert [reply[name] for name in ("agreed", "tested", "joint_agreed", "joint_tested")] == [24, 24, 64, 64]
    for place in reply["places"]:
        assert (place["tested"], place["separated"]) == (12, True)
        assert place["residual"] < 2e-6
        assert sum(map(sum, place["is_tested"])) == 12  # both directions of each pair
        assert not any(place["is_tested"][i][i] for i in range(4))
    assert reply["places"][0]["projections"][0] == pytest.approx([0, 1, 0, 0], abs=1e-5)
    page = words(client.get(reply["url"]).text)
    for said in (
        "24 of 24",
        "64 of 64",
        "found by the search of small integer directions that read the variable",
        "layer 1 along",
    ):
        assert said in page


def test_what_no_row_keeps_is_computed(client):
    address = f"{ONES}/d-{ALICE}.{written('0@1=2,1,-1;1@1=1,0,0')}"
    reply = record(client, address)
    assert (reply["url"], reply["stored"], reply["found_by"], reply["valid"]) == (address, False, [], False)
    assert reply["joint_wrong"]["expected"] in (0, 1)
    page = words(client.get(address).text)
    assert "Interventions that fail" in page
    assert "first failure: base" in page
    several = f"{ONES}/d-{ALICE}.{written('0@1=1,0,0_0,1,0;1@1=0,0,1')}"
    place = record(client, several)["places"][0]
    assert (len(place["reads"]), place["gain"]) == (2, None)
    oblique = f"{ONES}/d-{ALICE}.{written('0@1=0,1,-1/0,1,0;1@1=1,0,-1')}"
    assert record(client, oblique)["places"][0]["swaps"] == [[0, 1, 0]]
    untouched = f"/networks/untouched/explanations/d-{ALICE}.{written('0@1=0,1;1@1=1,0')}"
    for one in (several, oblique, untouched):
        assert client.get(one).status_code == 200
    assert client.get(f"{ONES}/d-{ALICE}.{reply['alignment']}").status_code == 404


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


def test_tables_cards_and_verification(client):
    path = f"{ONES}/d-{BOB}.{written('0@1=1,1,-1;1@1=0,0,1')}"
    verified = client.get("/api/v2/verified", params={"url": path}).json()
    assert verified["verdict"] == "equal"
    equal = {figure["key"] for figure in verified["figures"] if figure["status"] == "equal"}
    assert {"alignment", "agreed", "joint_agreed", "valid", "causal_order", "margin"} <= equal
    for made in ("drawing.svg", "card.svg"):
        answer = client.get(f"{path}/{made}")
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "image/svg+xml")
    assert client.get(f"/embed{path}").status_code == 200
    lines = client.get(f"{path}/interchanges.all.csv").text.splitlines()
    assert sum(line.endswith("True,True") for line in lines) == 24


def test_what_earlier_searches_kept_is_read_by_text_and_by_id(client):
    """Two that two kernels wrote before directions had the same digits everywhere: id, text."""
    ids = oblique(client)
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
            assert page["alignment"] == former != ids[algorithm]
            assert (page["agreed"], page["joint_agreed"]) == (24, 64)
            pair = {"e": [f"d-{algorithm}.{named}", f"g-{other}"]}
            compared = client.get(f"/api/v2{XORNET}/compare", params=pair).raise_for_status().json()
            assert compared["explanations"][0]["ref"].startswith(f"d-{algorithm}.")


def test_list_funnel_and_verdicts_agree_where_rules_test_one_direction_only(tmp_path):
    """One alignment of this network is right in one direction of every pair and wrong in another."""
    one_way = COMPLETE.model_copy(update={"name": "one way", "interchange_pairs": "one_direction"})
    with served(tmp_path, local=True) as client:
        file = golden_network("xor_3-2")
        with client.app.state.store.write() as session:
            save_network(session, file, slug="oneway")
            save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0], protocol=one_way)))
        search(client.app.state.store, "oneway")
        scope = {"protocol": one_way.digest[:12]}
        here = "/api/v2/networks/oneway/explanations"
        (item,) = client.get(here, params={"kind": "direction", "classes": "orthogonal", **scope}).json()["items"]
        verdicts = client.get(f"{here}/{item['ref']}/criteria", params=scope).json()
        outcomes = {verdict["criterion"]: verdict["outcome"] for verdict in verdicts}
        assert (outcomes["one-direction"], outcomes["both-directions"]) == ("passed", "failed")
        for criterion, n in (("one-direction", 1), ("both-directions", 0)):
            wanted = {"kind": "direction", "classes": "orthogonal", "passes": criterion, **scope}
            listed = client.get(here, params=wanted).json()
            assert listed["total"] == n, criterion


FORMER = [
    (
        ALICE,
        "62f3747f29e769ff",
        "0@1=3.72671e-6,1.00001118004,-1.00001118004/1.8633133359189028e-6,0.49999441003902395,-0.49999441003902395;"
        "1@1=1.00001118004,3.72671e-6,-1.00001118004/0.49999441003902395,1.8633133359189028e-6,-0.49999441003902395",
    ),
    (
        BOB,
        "4f002385e4402d09",
        "0@1=-1.00001118004,-1.00001118004,1.00001118004/-0.3333296066949973,-0.3333296066949973,0.3333296066949973;"
        "1@1=-3.72671e-6,-3.72671e-6,1.00001118004/-3.7266266717601717e-6,-3.7266266717601717e-6,0.9999888200572159",
    ),
]
