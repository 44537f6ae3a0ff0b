"""Play on transformers: every state is an address, and what it shows is what the engine's run does."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest

from pluriscope.analysis.subjects.sites import Site, run
from pluriscope.analysis.subjects.transformer.model import read_attention
from pluriscope.app.db.writes import save_network
from tests.clients import served

ONE = "/networks/induction/play"
DOCUMENT = json.loads((Path(__file__).parents[2] / "golden/attention/induction_2x2_0.json").read_text())["network"]
MODEL = read_attention(DOCUMENT)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("play")) as client:
        with client.app.state.store.write() as session:
            save_network(session, json.dumps(DOCUMENT).encode(), slug="induction")
        yield client


@pytest.mark.parametrize("site", ["2.0", "2.0~5", "1.0-2.0.k", "x-2.1.v~2", "x1~2", "2.1.a~5"])
def test_a_patch_does_what_the_engine_does_and_can_be_undone(client, site):
    address = f"{ONE}?row=7&source=40&change={site}"
    reply = client.get(f"/api/v2{address}").json()
    name, _, at = site.partition("~")
    source = run(MODEL, MODEL.tokens[[40]]).values[name.partition("-")[0].replace("x", "x0") if "-" in name else name]
    patched = run(MODEL, MODEL.tokens[[7]], [(Site(name, int(at) - 1 if at else None), source)])
    assert reply["url"] == address
    for found, ran in (("after", patched), ("before", run(MODEL, MODEL.tokens[[7]]))):
        assert list(reply[found]["values"].values()) == ran.logits[0].tolist()
    undo = re.search(r'<a href="([^"]+)" id="undo-0"', client.get(address).text)
    assert client.get("/api/v2" + unescape(undo[1])).json()["changes"] == []


def test_a_step_leads_to_its_address_and_a_row_has_a_source_of_another_answer(client):
    step = client.get(f"{ONE}?row=7&source=40&change=2.0&site=1.1~2")
    assert (step.status_code, step.headers["location"]) == (303, f"{ONE}?row=7&source=40&change=2.0&change=1.1~2")
    source = int(re.search(r"source=(\d+)", client.get(f"/api/v2{ONE}?row=7").json()["url"])[1])
    assert MODEL.answers[source] != MODEL.answers[7]


def test_a_row_is_named_by_its_tokens(client):
    row, source = (" ".join(MODEL.row_tokens(number)) for number in (7, 40))
    reply = client.get(f"/api/v2{ONE}", params={"row": f" {row}", "source": source}).json()
    assert reply["url"] == f"{ONE}?row=7&source=40"
    page = client.get(reply["url"]).text
    assert all(f'value="{one}"' in page for one in (row, source))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("row=Z+Z", "is not one of the 324 rows"),
        ("change=2.0_one", "cannot be read"),
        ("change=2.0~0", "cannot be read"),
        ("source=999", "is not one of the 324 rows"),
    ],
)
def test_what_the_model_has_not_is_refused(client, query, words):
    for address in (f"/api/v2{ONE}?{query}", f"{ONE}?{query}"):
        answer = client.get(address)
        assert (answer.status_code, words in answer.text) == (400, True)


def test_a_wrong_step_keeps_the_page_and_says_why(client):
    answer = client.get(f"{ONE}?row=7&change=2.0&site=9.9")
    assert answer.status_code == 400
    assert "9.9" in answer.text
    assert "is no site of this network" in answer.text
    assert "undo-0" in answer.text
