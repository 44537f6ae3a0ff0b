"""Claims: pasted or sent in any form, located at an address that holds them; those of earlier versions lead there."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.db.claim_tables import ClaimRow
from app.db.tables import NetworkRow
from app.main import create_app
from app.settings import Settings
from tests.app.claims.conftest import SEVERAL, SLUG
from tests.schemas import unpack

HERE = f"/networks/{SLUG}/claims"


def read(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_what_is_sent_is_located_at_an_address_that_holds_it(send, get, client) -> None:
    sent = read(send("3B2CE"))
    (claim,) = sent["claims"]
    assert (sent["form"], claim["url"]) == ("mask", f"{HERE}?mask=3b2ce")
    page = get(claim["url"])
    assert (page["place"]["valid"], page["place"]["edges"]) == (False, 11)
    assert {one["key"] for one in page["baselines"]} == {"weights", "random"}
    text = client.get(claim["url"]).text
    for words in ("not valid", "Largest weights", "Compare with its nearest valid", "Compare with the smallest valid"):
        assert words in text


@pytest.mark.slow
def test_the_comparison_with_the_nearest_and_the_smallest_circuit_is_there(get) -> None:
    page = get(HERE, mask="3b2ce")
    for address in (page["nearest_url"], page["smallest_url"]):
        assert len(get(address)["explanations"]) == 2
    valid = get(HERE, mask="3b2cf")
    assert valid["nearest_url"] == ""
    assert valid["smallest_url"]


def test_scores_are_sent_with_how_they_pick(send, get) -> None:
    scores: list[Any] = [-0.1 * (n + 1) for n in range(18)]
    scores[0] = None
    (claim,) = read(send(json.dumps(scores), k=17, signed=1))["claims"]
    page = get(claim["url"])
    assert (page["given"], page["place"]["raw_mask"]) == ("scores", "3fffe")
    assert (page["options"]["k"], page["options"]["signed"]) == (17, True)


def test_a_file_of_several_claims_has_an_address_for_each(send, client) -> None:
    claims = [{"name": f"n{n}", "kind": "circuit", "mask": f"{n:05x}"} for n in range(1, 6)]
    file = json.dumps({"format": "pluriscope-claim/1", "claims": claims})
    assert [one["name"] for one in read(send(file))["claims"]] == [f"n{n}" for n in range(1, 6)]
    refused = client.post(HERE, data={"text": file})
    assert refused.status_code == 422
    assert "holds 5 circuits" in refused.text


def test_a_network_of_several_outputs_is_asked_about_one_of_them(send, get) -> None:
    file = {"format": "pluriscope-claim/1", "claims": [{"name": "a", "kind": "circuit", "mask": "3ffff"}]}
    assert "names no output" in send(json.dumps(file), SEVERAL).json()["error"]
    assert "is about output 1, and 2 is" in send(json.dumps({**file, "output": 1}), SEVERAL, output=2).json()["error"]
    (claim,) = read(send(json.dumps({**file, "output": 2}), SEVERAL, output=2))["claims"]
    assert get(claim["url"])["scope"]["output"] == 2


def test_the_form_takes_text_and_files(client) -> None:
    text = client.post(HERE, data={"text": "x0>1.0 x1>1.1 1.0>2.0 1.1>2.0 2.0>y0"})
    assert text.status_code == 303
    assert client.get(text.headers["Location"]).status_code == 200
    upload = client.post(HERE, files={"file": ("mine.json", b'{"x0->1.0": 0.5, "x1->1.0": 0.4}')}, data={"k": "1"})
    assert upload.status_code == 303
    assert "k=1" in upload.headers["Location"]
    assert client.post(HERE, data={"text": "3b2cf", "pick": "best"}).status_code == 422


def test_where_nothing_is_analysed_the_page_says_so(send, get) -> None:
    (claim,) = read(send("3f", "untouched"))["claims"]
    assert get(claim["url"])["state"] == "not_analysed"


@pytest.mark.slow
@pytest.mark.parametrize("mask", ["00001", "00000", "20001"])
def test_what_is_no_possible_circuit_is_drawn_as_it_was_claimed(client, mask) -> None:
    page = client.get(HERE, params={"mask": mask})
    assert page.status_code == 200
    assert mask == "00000" or "no possible circuit" in page.text


@pytest.mark.parametrize(
    ("body", "query", "words"),
    [
        ("zzz", {}, "18 edges"),
        ("fffff", {}, "beyond the network's 18"),
        ("3b2c", {}, "hex digits"),
        ("nan " * 18, {}, "no finite number"),
        (f"[NaN{', 1' * 17}]", {}, "Give a finite number, or null"),
        ("[1]", {}, "1 number,"),
        ("1 " * 17, {}, "17 numbers"),
        ("1 " * 18, {"k": 19}, "k is 19"),
        ("1 " * 18, {"k": 2, "threshold": 0.5}, "together"),
        ("", {}, "empty"),
        (b"\x80\x04pickle", {}, "pickle"),
        ('{"edges": {"a0.h1->m2": {"score": 1, "in_graph": true}}}', {}, "'a0.h1'"),
        ('{"format": "pluriscope-claim/1", "network": "abc", "claims": []}', {}, "network"),
        (
            '{"format": "pluriscope-claim/1", "claims": [{"name": "n", "kind": "circuit", "mask": "zz"}]}',
            {},
            "claim 1 (n)",
        ),
        ("3b2cf", {"output": 3}, "output"),
        ("0" * 4_000_001, {}, "4,000,000 bytes"),
    ],
)
def test_what_cannot_be_read_is_refused_with_item_cause_and_cure(send, body, query, words) -> None:
    answer = send(body, **query)
    assert answer.status_code in (404, 422)
    assert words in answer.json()["error"]


# --- addresses that claims had while they were kept


def test_the_address_of_a_kept_claim_leads_to_where_it_stands(client) -> None:
    kept = {"network_id": 0, "output": 0, "name": "n", "method": "m", "source": "", "form": "scores"}
    said = {"kind": "circuit", "method": "m", "settings": {}, "source": ""}
    scores = {"scores": [None, *range(1, 18)], "pick": "top", "signed": True, "k": 3, "ablation": "zero"}
    with client.app.state.store.write() as session:
        kept["network_id"] = session.scalars(select(NetworkRow.id).where(NetworkRow.slug == SLUG)).one()
        for digest, document in (("a" * 64, said | {"mask": "3b2cf"}), ("b" * 64, said | scores)):
            session.add(ClaimRow(**kept, digest=digest, document=document, created_at=datetime.now(UTC)))
        gone = {"document": said | {"mask": "3b2cf"}, "created_at": datetime.now(UTC), "deleted_at": datetime.now(UTC)}
        session.add(ClaimRow(**kept, digest="c" * 64, **gone))
    for path in (HERE, f"/embed{HERE}"):
        answer = client.get(f"{path}/aaaaaaaaaaaa")
        assert (answer.status_code, answer.headers["Location"]) == (301, f"{HERE}?mask=3b2cf")
    assert client.get(f"{HERE}/aaaaaaaaaaaa/verify").headers["Location"] == f"{HERE}?mask=3b2cf"
    twin = client.get(f"/api/v1{HERE}/bbbbbbbbbbbb?protocol=paper")
    assert twin.headers["Location"].startswith(f"/api/v1{HERE}?protocol=paper&scores=null")
    options = client.get(f"{HERE}/bbbbbbbbbbbb").headers["Location"]
    page = read(client.get(f"/api/v1{options}"))
    assert (page["place"]["raw_mask"], page["options"]["signed"]) == ("00007", True)
    for ref in ("cccccccccccc", "dddddddddddd"):
        refused = client.get(f"/api/v1{HERE}/{ref}")
        assert refused.status_code == 404
        assert "is not kept" in refused.json()["error"]


@pytest.mark.slow
def test_a_claim_of_an_earlier_version_is_found(tmp_path) -> None:
    unpack("0024", tmp_path / "pluriscope.sqlite")
    app = create_app(Settings(data=tmp_path, database_url=""))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        with app.state.store.read() as session:
            (digest,) = session.scalars(select(ClaimRow.digest))
        there = client.get(f"/networks/kept-and/claims/{digest[:12]}")
        assert (there.status_code, there.headers["Location"]) == (301, "/networks/kept-and/claims?mask=0ff")
        assert read(client.get(f"/api/v1{there.headers['Location']}"))["place"]["edges"] == 6


def test_the_former_address_of_what_was_asked_leads_there_too(client) -> None:
    answer = client.get(f"/networks/{SLUG}/claim?mask=3b2cf&protocol=paper")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"{HERE}?mask=3b2cf&protocol=paper")
