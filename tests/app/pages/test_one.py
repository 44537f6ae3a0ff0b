"""The page of one explanation, of each kind: what it shows, what it refuses, where it was before, and its JSON."""

import re
from html import unescape

import pytest

from pluriscope.addresses.address import Addresses
from pluriscope.app.pages.kinds import find_document
from pluriscope.page_kit.blocks import More
from tests.app.pages.conftest import XOR
from tests.of_plugins import joined

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
ONES = {  # reference → what its page says, and what its JSON says
    "c-081ff": (
        "Circuit without n2.1 and n2.2",
        {"valid": True, "stored": True, "interpretations": 368, "observed": 17},
    ),
    "c-3fffe": ("not valid: ", {"valid": False, "stored": False, "interpretations": None}),
    "i-081ff.21": ("one of 368 interpretations", {"index": 21, "of": 368, "observed": 17}),
}
REFUSED = {  # below the network → status, and words of the refusal
    "/explanations/c-zzz": (404, "is not 5 lower-case hex digits"),
    "/explanations/c-3f": (404, "is not 5 lower-case hex digits"),  # of another network
    "/explanations/c-3f1cf": (404, "has an edge out but none in"),
    "/explanations/i-081ff.368": (404, "368"),
    "/explanations/i-081ff.x": (404, "is not a whole number"),
    "/explanations/i-3fffe.0": (404, "explanation i-3fffe.0"),
    "/explanations/i-081ff.0?start=3": (400, "is unknown here"),
    "/explanations/c-081ff@paper": (404, "names its protocol in the reference"),
    "/explanations/q-1": (404, "is no reference to an explanation"),
    "/explanations/p-9.9": (404, "p-9.9"),
    "/explanations/c-081ff?start=-1": (400, "start"),
    "/explanations/c-081ff?sort=edges": (400, "is unknown here. Use one of"),
    "/explanations/c-081ff?classes=some": (400, "classes"),
    "/explanations/c-081ff?output=9": (404, "output 9"),
    "/explanations/c-081ff?protocol=nothing": (404, "protocol"),
}
FOLDS = {  # of a circuit → what is in it
    "names": "Left out",
    "story": "None of them is about it",
    "surviving": "17 of 368",
    "criteria": "Zero ablation",
    "standing": "its interpretations do",
    "verify": "figures found again",
    "provenance": "c9a619c511f4",
    "cite": "@misc{pluriscope-c9a619c511f4-circuit",
} | joined("FOLDS")


def words(text):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text)))


@pytest.mark.parametrize("ref", ONES)
def test_an_explanation_has_a_page_and_a_record_that_draws_nothing(client, get, ref, monkeypatch):
    said, reply = ONES[ref]
    assert said in words(client.get(f"{XOR}/explanations/{ref}").raise_for_status().text)
    monkeypatch.delattr("pluriscope.figures.svg.elements.Markup")  # so whatever draws fails
    record = get(f"{XOR}/explanations/{ref}")
    assert record["url"] == f"{XOR}/explanations/{ref}"
    assert reply.items() <= record.items()


@pytest.mark.parametrize("address", REFUSED)
def test_a_refusal_has_the_same_words_in_both_faces(client, address):
    status, said = REFUSED[address]
    page = client.get(XOR + address)
    assert (page.status_code, said in words(page.text)) == (status, True)
    if status == 404:
        answer = client.get("/api/v2" + XOR + address)
        assert (answer.status_code, said in answer.json()["error"]) == (status, True)


@pytest.mark.parametrize("part", FOLDS)
def test_a_fold_is_computed_when_it_is_opened(client, part):
    address = f"{XOR}/explanations/c-081ff"
    assert FOLDS[part] not in words(client.get(address).text)
    assert FOLDS[part] in words(client.get(f"{address}?part={part}").text)  # without scripts: the page, unfolded
    alone = client.get(f"{address}?part={part}", headers=PARTIAL).text
    assert FOLDS[part] in words(alone)
    assert "<h1" not in alone


def test_every_fold_is_looked_at(app):
    with app.state.store.read() as session:
        blocks = find_document(session, Addresses(), "xor", "c-081ff").blocks
    assert {block.id for block in blocks if isinstance(block, More)} == FOLDS.keys() - {"verify", "cite"}


def test_interpretations_are_paged_by_any_number(client):
    address = f"{XOR}/explanations/c-081ff?classes=any&start=24"
    assert "25 to 36 of 368" in words(client.get(address).text)
    part = client.get(f"{address}&part=excerpt", headers=PARTIAL)
    assert "25 to 36 of 368" in words(part.text)
    assert part.headers["hx-push-url"] == address
