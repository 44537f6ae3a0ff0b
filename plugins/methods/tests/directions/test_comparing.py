"""Alignments on directions in comparisons, verdicts, the sandbox and re-verification, like all others."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import unquote

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.app.bundled import ALICE, ALICE_AND_BOB, BOB
from pluriscope.app.db.tables import AnalysisRow
from pluriscope.app.jobs.analyses import handler_of
from pluriscope.app.jobs.definitions import arguments_about
from pluriscope.app.jobs.seeding import add_bundled_networks
from pluriscope.app.main import create_app
from pluriscope_methods.analyses import DIRECTIONS
from tests.factories import on_a_copy

pytestmark = pytest.mark.slow
XORNET = f"/networks/{ALICE_AND_BOB}"
CAROL = "i-1f9.24"
"""An interpretation of the same network whose joint interchanges are all right as well."""
COMPARED = [ALICE, BOB, CAROL]


@pytest.fixture(scope="module")
def client(analysed):
    """With directions stored."""
    work = handler_of(DIRECTIONS)
    with analysed.app.state.store.write() as session:
        of_xornet = AnalysisRow.network.has(slug=ALICE_AND_BOB)
        row = session.scalars(select(AnalysisRow).where(of_xornet)).one()
        key = row.network.digest, 0, row.protocol_digest, row.data_digest, row.result_digest
        arguments = arguments_about(*key, **DIRECTIONS.details())
        work.save(session, arguments, work.load(session, arguments)(DEFAULT_WORK))
    return analysed


@pytest.fixture(scope="module")
def compared(get):
    return get(f"{XORNET}/compare", e=COMPARED)


def test_they_are_asked_each_others_own_interventions(compared, client) -> None:
    alice, bob, carol = compared["explanations"]
    assert (compared["trials"], compared["of"], compared["bounded"]) == ("own interventions", 144, "")
    assert [claim["site"] for claim in alice["claims"]] == ["n1.1 − n1.2", "n1.0 − n1.2"]
    assert [one["predicted"] for one in (alice, bob, carol)] == [138, 136, 105]
    assert compared["n_contradictions"] > 0
    for one in compared["contradictions"]:
        assert set(one["says"].values()) == {"0", "1"}
        assert one["right"]
        assert one["url"] == ""  # Play changes neurons and edges alone
    page = client.get(compared["url"]).text
    assert f"{compared['n_contradictions']} of their own 144 interventions" in page


def test_what_is_not_stored_is_compared_too(tmp_path) -> None:
    app = create_app(on_a_copy(data=tmp_path))
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1)) as before:
        with app.state.store.write() as session:
            add_bundled_networks(session)
        beside = before.get(Addresses().compare(ALICE_AND_BOB, (ALICE, BOB))).text
        assert "Alice (P) and Bob (Q) contradict each other on" in beside
        assert 'aria-current="true">Alice’s and Bob’s</a>' in beside
        page, paper = before.get("/networks/alice-and-bob").text, before.get("/paper").text
        for one in before.get("/api/v2/networks/alice-and-bob/compare").json()["explanations"]:
            for text in (page, paper):  # what each reads is written in one way
                assert f"reads {' and '.join(claim['label'] for claim in one['claims'])}" in text
        for name, leads in (("Compare Alice’s with Bob’s", "/compare"), ("Alice’s", ALICE), ("Bob’s", BOB)):
            [url] = re.findall(rf'href="([^"]*)"[^>]*>{name}</a>', page)
            assert leads in unquote(unescape(url))
            assert before.get(unescape(url)).status_code == 200
        text = before.get("/networks/superposition-5-2-5").text  # what it answers, and what rules count, on one page
        assert "it answers A on 20 of 32 inputs" in text
        assert "it is wrong on 12 of 32 rows" in text


def test_the_criteria_for_alignments_are_asked_of_them(get) -> None:
    one = get(f"{XORNET}/explanations/{ALICE}/criteria")
    outcomes = {verdict["criterion"]: verdict["outcome"] for verdict in one}
    assert outcomes["both-directions"] == outcomes["joint-interchange"] == outcomes["causal-order"] == "passed"
    assert outcomes["margin"] == "passed"
    assert outcomes["minimal-alignment"] == "not_applicable"
    assert outcomes["irredundant-literals"] == "passed"  # of its algorithm


@pytest.mark.parametrize(
    "ref", ["d-4b802e6dbc93680b.0:1=1,1", "d-4b802e6dbc93680b.nothing", "d-4b802e6dbc93680b.0:9=1"]
)
def test_what_names_no_directions_is_refused(client, ref) -> None:
    answer = client.get(f"/api/v2{XORNET}/compare", params={"e": [ref, "c-1f9"]})
    assert answer.status_code == 404
    assert "explanation 1" in answer.json()["error"]


def test_a_direction_is_not_changed_by_hand_and_alignments_on_them_say_so(get, client) -> None:
    asked = get(XORNET + "/play", e=[ALICE, BOB], now="01_1.0s10")["explanations"]
    assert [(one["says"], "directions do not speak" in one["reason"]) for one in asked] == [(-1, True)] * 2
    answer = client.get(XORNET + "/play", params={"e": [ALICE, BOB], "now": "01_d1~0~1~-1s10_1.0z"})
    assert answer.status_code in (400, 422)
    assert "cannot be read" in answer.text
    assert "change=h1%5B0%5D_zero" in answer.text  # the way on keeps what can be
