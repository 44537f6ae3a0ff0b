"""Play on transformers: every state is an address, and what it shows is what the engine's run does."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from analysis.models.attention import ATTENTION, read_attention
from analysis.models.model import Change
from app.db.models import save_model
from app.main import create_app
from tests.analysis.models.test_attention_blocks import with_blocks
from tests.factories import on_a_copy

ONE = "/networks/induction/play"
GOLDEN = Path(__file__).parents[2] / "golden/attention"
DOCUMENT = json.loads((GOLDEN / "induction_2x2_0.json").read_text())["network"]
MODEL = read_attention(DOCUMENT)
SPACE = MODEL.space(ATTENTION.default_rules)
WHOLE = np.ones(29, dtype=bool)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("play")))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        with app.state.store.write() as session:
            save_model(session, json.dumps(DOCUMENT).encode(), slug="induction")
            blocks = with_blocks(1, (2, 2, 4, 2, 3, 2), mlp="relu", norm=True)
            save_model(session, json.dumps(blocks).encode(), slug="blocks")
        yield client


@pytest.fixture
def record(client):
    return lambda address: client.get("/api/v2" + address).json()


def flipping():
    """A row, a source row and a head by whose patch the answer becomes another one."""
    heads = [number for number, node in enumerate(SPACE.graph.nodes) if node.removable]
    for row in range(0, len(MODEL.tokens), 7):
        given = SPACE.run_row(WHOLE, row).outputs.argmax()
        for source in range(0, len(MODEL.tokens), 11):
            for head in heads:
                change = Change(head, None, "source")
                if SPACE.run_row(WHOLE, row, [change], source).outputs.argmax() != given:
                    return row, source, change
    raise AssertionError("no patch of a head turns an answer around")


def test_a_patched_head_turns_the_answer_around_and_the_page_says_so(client, record):
    row, source, change = flipping()
    head = SPACE.graph.nodes[change.node].name
    address = f"{ONE}?row={row}&source={source}&change={head}_source"
    page, run = record(address), SPACE.run_row(WHOLE, row, [change], source)
    assert page["url"] == address
    assert list(page["after"]["outputs"].values()) == run.outputs.tolist()
    assert list(page["before"]["outputs"].values()) == SPACE.run(WHOLE[None])[0, row].tolist()
    assert page["after"]["looks"].keys() == {"1.0", "1.1", "2.0", "2.1"}
    assert page["after"]["gives"] == MODEL.outputs[run.outputs.argmax()]
    html = client.get(address).text
    assert f"turns from {page['before']['gives']} to {page['after']['gives']}" in html
    without = re.search(r'<a id="undo-0" href="([^"]+)"', html)
    assert record(unescape(without[1]))["changes"] == []


def test_a_circuit_is_opened_with_all_else_cut(client, record):
    assert f'href="{ONE}?circuit=183dbfff"' in client.get("/networks/induction/explanations/c-183dbfff").text
    bits = np.array([0x183DBFFF >> bit & 1 for bit in range(29)], dtype=bool)
    page = record(f"{ONE}?circuit=183dbfff&row=5")
    assert list(page["after"]["outputs"].values()) == SPACE.run(bits[None])[0, 5].tolist()
    assert record(f"{ONE}?circuit=1000000&row=5")["after"]["looks"] == {}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("change=2.0", "cannot be read"),
        ("change=3.0_zero", "is of no node that the model has"),
        ("change=logits_zero", "is of no node that the model has"),
        ("change=2.0~6_zero", "is beyond the 5 positions"),
        ("row=999", "is beyond the 324 rows"),
        ("source=999", "is beyond the 324 rows"),
        ("change=x-2.0.k_zero", "is of no node that the model has"),
        ("now=01", "is unknown here"),
    ],
)
def test_what_the_model_has_not_is_refused(client, query, words):
    for address in (f"/api/v2{ONE}?{query}", f"{ONE}?{query}"):
        answer = client.get(address)
        assert answer.status_code == 400
        assert words in answer.text
    assert ("the same without it" in answer.text) == ("of no node" in words or "change=" in query)


def test_a_transformer_with_mlp_blocks_is_changed_by_hand_and_its_pages_name_them(client, record):
    """Its pages show a node for each MLP block, and say that its circuits are found by running each."""
    page = client.get("/networks/blocks?part=counted").text
    for words in ("MLP 1", "MLP 2", "one in each layer, 7 neurons, relu", "running each"):
        assert words in page
    assert "the most are 4,194,304 of 64 bits. Use coarser rules" in client.get("/networks/blocks/explanations").text
    changed = record("/networks/blocks/play?row=1&change=2.mlp_zero")
    assert changed["before"]["margin"] != changed["after"]["margin"]
    assert client.get(changed["url"]).status_code == 200
    assert "Head or MLP" in client.get("/networks/blocks/explanations/c-36?protocol=nodes").text


def test_earlier_addresses_lead_here(client):
    answer = client.get("/models/induction/sandbox?rules=heads&circuit=3&row=5&change=1.0_zero")
    assert answer.headers["location"] == f"{ONE}?protocol=heads&circuit=3&row=5&change=1.0_zero"
