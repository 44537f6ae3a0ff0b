"""Claims as kept objects: sent in any form, listed, located, renamed, deleted, shared and verified."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from analysis.discovery.part_names import names_in
from analysis.networks.circuit import EdgeLayout
from tests.app.claims.conftest import SEVERAL, SLUG

LIST = f"/networks/{SLUG}/claims"
NAMES = list(names_in(EdgeLayout((2, 3, 3, 1))).numbers)


def kept(answer: Any) -> dict[str, Any]:
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


@pytest.mark.slow
def test_a_claim_is_kept_once_at_an_address_made_of_its_content(send, get) -> None:
    first = send("3b2cf", name="by hand", method="scissors", source="a notebook")
    again = send(json.dumps({"mask": "3b2cf", "name": "another name", "method": "scissors"}))
    assert (first.status_code, again.status_code) == (201, 200)
    one, other = kept(first), kept(again)
    assert one["url"] == other["url"] == first.headers["Location"]
    assert (one["form"], one["kept"], one["created"], other["created"]) == ("mask", 1, 1, 0)
    page = get(one["url"])
    assert (page["name"], page["method"], page["source"]) == ("by hand", "scissors", "a notebook")
    assert page["digest"].startswith(page["id"])
    assert page["place"]["valid"]
    assert page["place"]["excess"] == 2
    assert {one["key"] for one in page["baselines"]} == {"weights", "random"}


def test_a_claims_page_says_where_it_stands_beside_weights_and_a_random_order(send, client) -> None:
    url = kept(send("3b2ce"))["url"]
    text = client.get(url).text
    assert "not valid" in text
    assert "Largest weights" in text
    assert "Random order" in text
    assert "Compare with its nearest valid circuit" in text
    assert "Compare with the smallest valid circuit" in text
    assert 'property="og:image"' in text


@pytest.mark.slow
def test_the_comparison_with_the_nearest_and_the_smallest_circuit_is_there(send, client, get) -> None:
    page = get(kept(send("3b2ce"))["url"])
    for address in (page["nearest_url"], page["smallest_url"]):
        compared = get(address)
        assert len(compared["explanations"]) == 2
    valid = get(kept(send("3b2cf"))["url"])
    assert valid["nearest_url"] == ""
    assert valid["smallest_url"]


@pytest.mark.slow
def test_what_is_sent_is_located_by_a_job_and_listed_with_its_place(send, get, located, client) -> None:
    sent = kept(send("3f3ff", name="large"))
    assert len(sent["jobs"]) == 1
    before = get(LIST)
    assert before["waiting"] > 0
    saved = located()
    assert "claims are valid circuits" in saved.found
    page = get(LIST, q="large")
    assert (page["waiting"], len(page["items"])) == (0, 1)
    one = page["items"][0]
    assert (one["place"]["edges"], one["outcome"]) == (16, "found")
    assert {b["key"] for b in page["baselines"]} == {"weights", "random"}
    text = client.get(LIST).text
    assert "large" in text
    assert "Beside largest weights and a random order" in text


@pytest.mark.slow
def test_the_list_is_filtered_sorted_and_read_page_by_page(send, get, located) -> None:
    for mask in ("00001", "00003", "3ffff"):
        kept(send(mask, name=f"listed {mask}"))
    located()
    everything = get(LIST, q="listed", sort="edges", order="asc")
    edges = [one["place"]["edges"] for one in everything["items"]]
    assert edges == sorted(edges)
    assert [one["name"] for one in get(LIST, q="listed", valid="yes")["items"]] == ["listed 3ffff"]
    assert len(get(LIST, q="listed", valid="no")["items"]) == 2
    for sort in ("added", "name", "edges", "excess"):
        for order in ("asc", "desc"):
            whole = [one["id"] for one in get(LIST, q="listed", sort=sort, order=order)["items"]]
            found, page = [], get(LIST, q="listed", sort=sort, order=order, limit=1)
            while True:
                found += [one["id"] for one in page["items"]]
                if page["next"] is None:
                    break
                page = get(LIST, q="listed", sort=sort, order=order, limit=1, after=page["next"])
            assert found == whole


def test_the_table_has_every_claim_and_its_place(send, located, client, get) -> None:
    kept(send("3b2cf"))
    located()
    lines = [line for line in client.get(f"{LIST}.csv").text.splitlines() if not line.startswith("#")]
    assert lines[0].startswith("id,name,method,source,created_at,outcome,raw_mask,mask,edges")
    assert len(lines) - 1 == get(LIST)["kept"]


def test_scores_pick_a_mask_and_what_no_gradient_reaches_is_told(send, get) -> None:
    scores: list[Any] = [-0.1 * (n + 1) for n in range(18)]
    scores[0] = None
    page = get(kept(send(json.dumps(scores), name="scored", k=17))["url"])
    assert page["given"] == "scores"
    assert page["picking"]["k"] == 17
    assert page["raw_mask"] == "3fffe"
    assert [one["edge"] for one in page["scores"] if one["unknown"]] == [NAMES[0]]
    assert [one["edge"] for one in page["scores"] if not one["taken"]] == [NAMES[0]]


def test_a_claim_file_comes_back_as_it_was_sent(send, client, get) -> None:
    page = get(kept(send("2f1cf", name="to be taken away", source="here"))["url"])
    file = client.get(page["file_url"])
    assert file.headers["content-disposition"].startswith("attachment")
    again = kept(send(file.content))
    assert (again["form"], again["created"]) == ("claim-file", 0)


def test_a_file_of_several_claims_leads_to_the_list(send) -> None:
    claims = [{"name": f"n{n}", "kind": "circuit", "mask": f"{n:05x}"} for n in range(1, 6)]
    sent = kept(send(json.dumps({"format": "pluriscope-claim/1", "claims": claims})))
    assert (sent["kept"], sent["url"]) == (5, LIST)
    assert len(sent["claims"]) == 5


@pytest.mark.slow
def test_renaming_and_deleting_can_be_undone(send, client, get) -> None:
    url = kept(send("1b2cf", name="first name"))["url"]
    assert client.post(f"{url}/rename", data={"name": "second name"}).headers["Location"] == url
    page = get(url)
    assert (page["name"], page["former_name"]) == ("second name", "first name")
    assert "Rename it back" in client.get(url).text
    back = client.post(f"/api/v1{url}/rename", json={"name": "first name"})
    assert back.json()["name"] == "first name"
    assert client.post(f"{url}/rename", data={"name": " "}).status_code == 422
    assert "Delete it" in client.get(f"{url}/delete").text
    gone = client.post(f"{url}/delete")
    assert gone.headers["Location"] == f"{url}/delete"
    assert client.get(url).status_code == 410
    assert "Undo" in client.get(f"{url}/delete").text
    assert [one["restore_url"] for one in get("/deleted")["claims"]] == [f"{url}/restore"]
    assert f'action="{url}/restore"' in client.get("/deleted").text
    assert get(LIST, q="first name")["items"] == []
    assert client.post(f"{url}/restore").headers["Location"] == url
    assert get(url)["name"] == "first name"
    assert client.delete(f"/api/v1{url}").json()["deleted_at"]
    assert kept(send("1b2cf"))["created"] == 0
    assert client.get(url).status_code == 200


def test_what_was_deleted_long_ago_is_gone(send, client) -> None:
    from app.jobs.deletion import purge_deleted

    url = kept(send("1b2c0"))["url"]
    client.post(f"{url}/delete")
    purge_deleted(client.app.state.store, days=1)
    assert client.get(url).status_code == 410
    purge_deleted(client.app.state.store, days=0)
    assert client.get(url).status_code == 404


@pytest.mark.slow
def test_a_claim_is_shared_and_verified_as_other_explanations_are(send, client, get, located) -> None:
    url = kept(send("3b2cf"))["url"]
    located()
    assert client.get(f"{url}/card.png").headers["content-type"] == "image/png"
    assert "valid circuit" in client.get(f"{url}/card.svg").text
    assert client.get(f"{url}/drawing.svg").status_code == 200
    assert client.get(f"/embed{url}").status_code == 200
    told = client.get("/oembed", params={"url": f"http://127.0.0.1{url}"}).json()
    assert told["title"].endswith("claim about XOR, pretrained")
    checked = get(f"{url}/verify")
    assert checked["verdict"] == "equal"
    claim, circuit = checked["explanations"]
    assert (claim["kind"], circuit["kind"]) == ("claim", "circuit")
    figures = {one["key"]: one["status"] for one in claim["figures"]}
    assert figures["claim_digest"] == figures["mask"] == figures["excess"] == figures["nearest"] == "equal"
    assert set(figures.values()) == {"equal"}
    short = client.post("/api/v1/s", json={"address": url})
    assert short.status_code == 201
    assert client.get(f"/s/{short.json()['key']}").headers["Location"] == url


@pytest.mark.slow
def test_verification_tells_what_is_not_what_it_was(send, client, get, located) -> None:
    from app.db.claim_tables import ClaimPlaceRow

    url = kept(send("3b0cf"))["url"]
    located()
    with client.app.state.store.write() as session:
        for row in session.query(ClaimPlaceRow).filter_by(raw_mask="3b0cf"):
            row.place = {**row.place, "edges": 5}
    assert get(f"{url}/verify")["verdict"] == "differs"


@pytest.mark.slow
@pytest.mark.parametrize(("mask", "valid"), [("3a2cf", True), ("080c5", False)])
def test_a_place_stored_before_ablations_were_asked_says_what_its_criteria_say(
    send, client, get, located, mask, valid
) -> None:
    """Of a circuit that is not valid they say nothing, and then the page says nothing either."""
    from app.db.claim_tables import ClaimPlaceRow

    url = kept(send(mask))["url"]
    located()
    now = get(url)["place"]
    assert set(now["under"]) == {"zero", "mean", "resample"}
    assert now["valid"] == now["under"]["zero"] == valid
    with client.app.state.store.write() as session:
        for row in session.query(ClaimPlaceRow).filter_by(raw_mask=mask):
            row.place = {key: one for key, one in row.place.items() if key != "under"}
    before = get(url)
    assert before["stored"]
    assert before["place"]["under"] == (now["under"] if valid else {})
    assert ("Valid under" in client.get(url).text) == valid


def test_where_nothing_is_analysed_a_claim_is_kept_and_says_so(send, client, get) -> None:
    sent = send("3f", "untouched")
    page = get(kept(sent)["url"])
    assert page["state"] == "not_analysed"
    assert page["place"] is None
    assert client.get(page["url"]).status_code == 200
    assert client.get("/networks/untouched/claims").status_code == 200
    assert client.post("/api/v1/networks/untouched/claims/locate", json={}).status_code == 409


def test_a_network_of_several_outputs_must_be_told_which(send, get) -> None:
    mask = "3ffff"
    refused = send(mask, SEVERAL)
    assert refused.status_code == 422
    assert "names no output" in refused.json()["error"]
    sent = kept(send(mask, SEVERAL, output=2))
    assert sent["url"].endswith("?output=2")
    assert get(sent["url"])["scope"]["output"] == 2
    file = {"format": "pluriscope-claim/1", "output": 1, "claims": [{"name": "a", "kind": "circuit", "mask": mask}]}
    beyond = send(json.dumps({**file, "output": 7}), SEVERAL)
    assert beyond.status_code == 422
    assert "is about output 7, and the network has outputs 0 to 2" in beyond.json()["error"]
    assert kept(send(json.dumps(file), SEVERAL))["url"].endswith("?output=1")


@pytest.mark.slow
def test_the_form_takes_text_and_files_and_keeps_what_was_refused(client) -> None:
    kept = client.post(LIST, data={"text": "x0>1.0 x1>1.1 1.0>2.0 1.1>2.0 2.0>y0", "name": "from the form"})
    assert kept.status_code == 303
    assert client.get(kept.headers["Location"]).status_code == 200
    upload = client.post(
        LIST, files={"file": ("mine.csv", b"source,target,score\nx0,1.0,.5\nx1,1.0,.4\n")}, data={"k": "1"}
    )
    assert upload.status_code == 303
    assert "mine" in client.get(upload.headers["Location"]).text
    refused = client.post(LIST, data={"text": "a0.h1->m2", "name": "not ours"})
    assert refused.status_code == 422
    assert "a0.h1" in refused.text
    assert "no neuron of this network" in refused.text
    assert "not ours" in refused.text
    assert client.post(LIST, data={"text": "3b2cf", "pick": "best"}).status_code == 422


@pytest.mark.slow
@pytest.mark.parametrize("mask", ["00001", "00000", "20001"])
def test_what_is_no_possible_circuit_is_drawn_as_it_was_claimed(send, client, mask) -> None:
    url = kept(send(mask))["url"]
    page = client.get(url)
    assert page.status_code == 200
    assert "no possible circuit" in page.text
    assert client.get(f"{url}/card.png").status_code == 200
    assert client.get(f"/networks/{SLUG}/claim", params={"mask": mask}).status_code == 200


@pytest.mark.parametrize(
    ("body", "query", "words"),
    [
        ("zzz", {}, "18 edges"),
        ("fffff", {}, "beyond the network's 18"),
        ("3b2c", {}, "hex digits"),
        ("nan " * 18, {}, "no finite number"),
        (f"[NaN{', 1' * 17}]", {}, "Give a finite number, or null"),
        ("1.0 1.7 2.0", {}, "3 numbers"),
        ("[1]", {}, "1 number,"),
        ("1 " * 17, {}, "17 numbers"),
        ("1 " * 18, {"k": 19}, "k is 19"),
        ("1 " * 18, {"k": 2, "threshold": 0.5}, "together"),
        ("", {}, "empty"),
        (b"\x80\x04pickle", {}, "pickle"),
        ('{"edges": {"a0.h1->m2": {"score": 1, "in_graph": true}}}', {}, "'a0.h1'"),
        ('{"nodes": [{"id": "blocks.0.hook_mlp"}], "links": []}', {}, "'blocks.0.hook_mlp'"),
        ('{"format": "pluriscope-claim/1", "network": "abc", "claims": []}', {}, "network"),
        (
            '{"format": "pluriscope-claim/1", "claims": [{"name": "n", "kind": "circuit", "mask": "zz"}]}',
            {},
            "claim 1 (n)",
        ),
        ("3b2cf", {"output": 3}, "output"),
    ],
)
def test_what_cannot_be_read_is_refused_with_item_cause_and_cure(send, client, body, query, words) -> None:
    answer = send(body, **query)
    assert answer.status_code in (404, 422)
    assert words in answer.json()["error"]
    form = {"text": body if isinstance(body, str) else "", **{key: str(one) for key, one in query.items()}}
    if isinstance(body, str) and "output" not in query:
        page = client.post(LIST, data=form)
        assert page.status_code == 422


def test_a_claim_too_large_or_of_too_many_is_refused(send) -> None:
    assert "4,000,000 bytes" in send("0" * 4_000_001).json()["error"]
    claims = [{"name": "n", "kind": "circuit", "mask": "00001"}] * 10_001
    assert (
        "above the limit of 10,000"
        in send(json.dumps({"format": "pluriscope-claim/1", "claims": claims})).json()["error"]
    )


METHODS = f"/networks/{SLUG}/methods"


@pytest.mark.slow
def test_the_steps_of_a_method_lead_to_the_answer_that_is_listed(get, client) -> None:
    page = get(f"{METHODS}/acdc(tau=0.1)")
    listed = next(one for one in get(METHODS)["methods"] if one["key"] == "acdc")
    answer = next(one for one in listed["answers"] if one["text"] == "acdc(tau=0.1)")
    assert answer["path_url"] == page["url"]
    assert len(page["steps"]) == 19
    last = page["steps"][page["answer"]]
    assert (last["raw_mask"], last["mask"], last["valid"]) == (
        answer["place"]["raw_mask"],
        answer["place"]["mask"],
        answer["place"]["valid"],
    )
    assert last["chance_possible"] == answer["place"]["chance_possible"]
    assert {one["key"] for one in page["baselines"]} == {"weights", "random"}
    text = client.get(f"{METHODS}/acdc(tau=0.1)?step=3").text
    assert "Step 3 of 18" in text
    assert 'aria-current="step"' in text


@pytest.mark.slow
def test_every_listed_answer_has_its_steps(get) -> None:
    for method in get(METHODS)["methods"]:
        for one in [method["default"], *method["answers"][:3]]:
            page = get(one["path_url"])
            step = page["steps"][page["answer"]]
            assert step["raw_mask"] == one["place"]["raw_mask"], one["text"]


def test_steps_are_taken_away_as_a_table(client) -> None:
    text = client.get(f"{METHODS}/weights/steps.csv").text
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines[0].startswith("step,edges,kept,before,after,score")
    assert len(lines) == 20


@pytest.mark.parametrize(
    ("method", "query", "status", "words"),
    [
        ("nobody", {}, 404, "unknown"),
        ("acdc(tau=-1)", {}, 404, "tau"),
        ("acdc(", {}, 404, "cannot be read"),
        ("shapley", {}, 404, "no steps"),
        ("acdc", {"step": 99}, 400, "there are 18"),
        ("weights(k=19)", {}, 400, "uses? fewer|use fewer"),
    ],
)
def test_a_method_that_is_none_is_refused(client, method, query, status, words) -> None:
    for prefix in ("", "/api/v1"):
        answer = client.get(f"{prefix}{METHODS}/{method}", params=query)
        assert answer.status_code == status
        assert re.search(words, answer.text)


def test_a_method_that_learns_says_that_its_steps_are_not_stored(get, client) -> None:
    assert get(f"{METHODS}/edge-pruning")["state"] == "not_stored"
    assert "Run the methods that learn" in client.get(f"{METHODS}/edge-pruning").text
    assert get("/networks/untouched/methods/acdc")["state"] == "not_analysed"
