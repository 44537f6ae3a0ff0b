"""Alignments on directions in comparisons, verdicts, the sandbox and re-verification, like all others."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient

from app.bundled import ALICE, BOB
from app.jobs.seeding import add_bundled_networks
from app.main import create_app
from app.naming import ExplanationRef
from tests.app.reports.conftest import CAROL, COMPARED, XORNET
from tests.factories import on_a_copy

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def compared(get):
    return get("/compare", **COMPARED)


def test_references_on_directions_are_read_back() -> None:
    for text in ("d-4b802e6dbc93680b.0:1=0,1,-1;1:1=1,0,-0.5", "d-4b802e6dbc93680b.0123456789abcdef@paper"):
        assert str(ExplanationRef.parse(text)) == text
        assert ExplanationRef.parse(text).kind == "direction"
    with pytest.raises(ValueError, match="d-4b8"):
        ExplanationRef.parse("d-4b8")


def test_stored_ones_are_named_by_id(get) -> None:
    found = get(XORNET + "/directions", **{"class": "integer"})
    refs = [item["ref"] for one in found["items"] for item in one["items"] if item["valid"]]
    page = get("/compare", network="alice-and-bob", e=refs)
    assert [one["ref"] for one in page["explanations"]] == refs
    assert {one["kind"] for one in page["explanations"]} == {"direction"}


def test_they_are_silent_on_the_common_ground_and_say_why(compared) -> None:
    alice, bob, carol = compared["explanations"]
    assert alice["standing"]["predicted"] == bob["standing"]["predicted"] == 0
    assert "not applicable" in alice["silent_because"]
    assert carol["standing"]["predicted"] == 84
    assert [column["site"] for column in alice["columns"]] == ["n1.1 − n1.2", "n1.0 − n1.2"]
    assert compared["shared"]["output"] == [0, 1, 1, 0]


def test_their_standing_is_not_applicable(get, compared) -> None:
    told = get(XORNET + "/common-ground/standing", e=compared["explanations"][0]["ref"])
    assert (told["coverage"], told["accuracy"], told["place"]) == (None, None, "")
    assert "not applicable" in told["words"]


def test_own_swaps_part_them(compared, client) -> None:
    own = compared["own_swaps"]
    assert (own["n_swaps"], own["n_interventions"], own["bounded"]) == (12, 144, False)
    assert own["total"] > 0
    for row in own["shown"]:
        assert row["right"]
        assert row["wrong"]
        assert 0 in row["predictions"]
        assert 1 in row["predictions"]
    margins = [row["margin"] for row in own["shown"]]
    assert margins == sorted(margins, reverse=True)
    assert "Crucial experiments on each explanation’s own interventions" in client.get("/compare", params=COMPARED).text


def test_the_former_page_of_alice_and_bob_leads_here_and_what_is_not_stored_is_compared_too(client, tmp_path) -> None:
    for prefix in ("", "/api/v1"):
        there = client.get(f"{prefix}/alice-and-bob?order=cube")
        assert there.status_code == 301
        assert there.headers["location"].startswith(f"{prefix}/compare?network=alice-and-bob&e=d-")
        assert client.get(there.headers["location"]).status_code == 200
    app = create_app(on_a_copy(data=tmp_path))
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1)) as before:
        with app.state.store.write() as session:
            add_bundled_networks(session)
        page = before.get("/api/v1/alice-and-bob")
        assert page.json()["own_swaps"]["total"] > 0


def test_without_directions_there_are_no_own_swaps(get) -> None:
    page = get("/compare", network="alice-and-bob", e=[CAROL, "c-1f9"])
    assert page["own_swaps"] is None


def test_the_criteria_for_alignments_are_asked_of_them(get) -> None:
    page = get(XORNET + "/verdicts", e=[ALICE])
    (one,) = page["explanations"]
    outcomes = {verdict["criterion"]: verdict["outcome"] for verdict in one["verdicts"]}
    assert outcomes["both-directions"] == outcomes["joint-interchange"] == outcomes["causal-order"] == "passed"
    assert outcomes["margin"] == "passed"
    assert outcomes["minimal-alignment"] == "not_applicable"
    assert outcomes["irredundant-literals"] == "passed"  # of its algorithm


def test_what_fails_says_on_which_interchange(get) -> None:
    bad = ALICE.replace("0:1=0,1,-1", "0:1=1,1,1")
    (one,) = get(XORNET + "/verdicts", e=[bad])["explanations"]
    verdict = next(v for v in one["verdicts"] if v["criterion"] == "both-directions")
    assert verdict["outcome"] == "failed"
    assert verdict["numerator"] < verdict["denominator"] == 24


@pytest.mark.parametrize(
    "ref", ["d-4b802e6dbc93680b.0:1=1,1", "d-4b802e6dbc93680b.nothing", "d-4b802e6dbc93680b.0:9=1"]
)
def test_what_names_no_directions_is_refused(client, ref) -> None:
    answer = client.get("/api/v1/compare", params={"network": "alice-and-bob", "e": [ref, "c-1f9"]})
    assert answer.status_code == 404
    assert "explanation 1" in answer.json()["error"]


def test_they_say_nothing_of_neurons_changed_by_hand(client) -> None:
    page = client.get(XORNET + "/sandbox", params={"e": ALICE, "now": "01_1.0s10"})
    assert page.status_code == 200
    assert "directions do not speak about neurons" in page.text.lower()


def test_a_comparison_of_them_can_be_verified(client) -> None:
    answer = client.get("/api/v1/compare/verify", params=COMPARED)
    assert answer.status_code == 200, answer.text
    assert [one["kind"] for one in answer.json()["explanations"]] == ["direction", "direction", "interpretation"]


def test_the_list_of_all_tells_where_they_are(get, client) -> None:
    page = get(XORNET + "/explanations")
    assert page["on_directions"] >= 4  # two by small integers, two by their shortest read-outs
    assert client.get(page["directions_url"]).status_code == 200
    assert "listed here once each" in client.get(XORNET + "/explanations").text
    assert get("/networks/other/explanations")["on_directions"] == 0


def test_a_direction_is_changed_by_hand(get, client) -> None:
    own = "d1~0~1~-1s10"
    page = get(XORNET + "/sandbox", e=[ALICE, BOB], now="01_" + own)
    (change,) = page["along"]
    assert (change["name"], change["words"], change["signs"]) == ("n1.1 − n1.2", "patched from 10", "← 10")
    assert {one["neuron"] for one in change["landed"]} == {1, 2}
    assert page["words"] == "01 with n1.1 − n1.2 patched from 10"
    assert page["now"] == "01_" + own
    assert page["explanations"][0]["says"] == page["run"]["decisions"][1]["decision"] == 0
    assert page["explanations"][0]["right"]
    assert page["on"] == "neurons"
    assert page["directions"] == []
    html = client.get(XORNET + "/sandbox", params={"e": [ALICE, BOB], "now": "01_" + own, "on": "directions"}).text
    assert "moved" in html
    assert "n1.1 − n1.2" in html


def test_directions_to_choose_are_those_asked_and_those_found(get) -> None:
    page = get(XORNET + "/sandbox", e=[ALICE], on="directions")
    names = [one["name"] for one in page["directions"]]
    assert names[:2] == ["n1.1 − n1.2", "n1.0 − n1.2"]
    assert any("n1.0 + n1.1 − n1.2" in name for name in names[2:])
    assert len(names) == len({one["site"] for one in page["directions"]})
    assert page["directions"][0]["carries"][0].startswith("P: ")
    chosen = get(page["directions"][0]["url"].partition("?")[0], **_query(page["directions"][0]["url"]))
    assert chosen["along"][0]["name"] == "n1.1 − n1.2"
    assert chosen["on"] == "directions"
    assert not get(chosen["url"].partition("?")[0], **_query(chosen["along"][0]["without_url"]))["along"]
    assert get("/networks/other/sandbox", on="directions")["directions"] == []


def test_a_typed_direction_leads_to_an_address(client) -> None:
    form = {"along": "1: 1, 0, −1", "how": "value", "value": "0,5"}
    answer = client.get(XORNET + "/sandbox", params=form)
    assert answer.status_code == 303
    assert answer.headers["location"].endswith("now=00_d1~1~0~-1v0.5&on=directions")
    taken = {**_query(answer.headers["location"]), "along": "1: 1, 0, -1", "how": "nothing"}
    assert "d1~" not in client.get(XORNET + "/sandbox", params=taken).headers["location"]


@pytest.mark.parametrize(
    ("query", "cause"),
    [
        ({"along": "1, 0, -1"}, "is no layer with numbers"),
        ({"along": "1: 1, x, 2"}, "no numbers"),
        ({"along": "1: 1, 0"}, "has 2 numbers for the 3 neurons"),
        ({"along": "3: 1"}, "no hidden layer"),
        ({"along": "1: 0, 0, 0"}, "cannot be set"),
        ({"along": "1: 1, 0, -1", "how": "value", "value": "much"}, "no number from"),
        ({"now": "00_1.0z_d1~1~0~-1z"}, "neurons and directions changed at once"),
        ({"now": "00_d1~1~0~-1z_d1~2~0~-2z"}, "cannot be set at once"),
        ({"now": "00_d1~1~0z"}, "has 2 numbers"),
        ({"now": "00_dz"}, "no change along a direction"),
    ],
)
def test_directions_that_are_none_are_refused_with_a_way_on(client, query, cause) -> None:
    answer = client.get(XORNET + "/sandbox", params=query)
    assert answer.status_code in (400, 422)
    assert cause in answer.text
    assert "/networks/alice-and-bob/sandbox" in answer.text


def test_a_crucial_experiment_of_two_on_directions_is_one_of_their_own_swaps(get) -> None:
    page = get(XORNET + "/sandbox", e=[ALICE, BOB])
    (jump,) = page["jumps"]
    assert jump["pairs"] == ["PQ"]
    there = get(XORNET + "/sandbox", **_query(jump["url"]))
    said = [one["says"] for one in there["explanations"]]
    assert sorted(said) == [0, 1]
    assert [one["right"] for one in there["explanations"]].count(True) == 1


def _query(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)
