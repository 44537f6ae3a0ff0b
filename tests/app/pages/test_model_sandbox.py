"""A transformer's sandbox: every state is an address, and what it shows is what the engine's run does."""

from __future__ import annotations

import json
import re
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

API = "/api/v2"
ONE = "/models/induction/sandbox"
GOLDEN = Path(__file__).parents[2] / "golden/attention"
DOCUMENT = json.loads((GOLDEN / "induction_2x2_0.json").read_text())["network"]
MODEL = read_attention(DOCUMENT)
SPACE = MODEL.space(ATTENTION.default_rules)
WHOLE = np.ones(29, dtype=bool)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("sandbox")))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        with app.state.store.write() as session:
            save_model(session, json.dumps(DOCUMENT).encode(), slug="induction")
        yield client


@pytest.fixture
def twin(client):
    return lambda address: client.get(API + address).json()


def flipping():
    """A row, a source row and a head by whose patch the answer becomes another one."""
    heads = [number for number, node in enumerate(SPACE.graph.nodes) if node.removable]
    for row in range(0, len(MODEL.tokens), 7):
        given = SPACE.run_row(WHOLE, row).outputs.argmax()
        for source in range(0, len(MODEL.tokens), 11):
            for head in heads:
                if SPACE.run_row(WHOLE, row, [Change("node", head, None, "source")], source).outputs.argmax() != given:
                    return row, source, SPACE.graph.nodes[head].name
    raise AssertionError("no patch of a head turns an answer around")


@pytest.mark.slow
def test_a_patched_head_turns_the_answer_around_and_the_page_says_so(client, twin):
    row, source, head = flipping()
    address = f"{ONE}?row={row}&source={source}&change={head}_source"
    page = twin(address)
    change = Change("node", [node.name for node in SPACE.graph.nodes].index(head), None, "source")
    run = SPACE.run_row(WHOLE, row, [change], source)
    assert page["url"] == address
    assert [one["after"] for one in page["outputs"]] == run.outputs.tolist()
    assert [one["before"] for one in page["outputs"]] == SPACE.run(WHOLE[None])[0, row].tolist()
    assert page["flips"]
    assert page["after"]["given"] == MODEL.outputs[run.outputs.argmax()]
    assert {place["at"] for place in page["places"] if place["written"]} == {1, 2, 3, 4, 5}
    html = client.get(address).text
    flip = re.search(r"The answer flips from <b class=\"mono\">(.)</b> to <b class=\"mono\">(.)</b>", html)
    assert flip.groups() == (page["before"]["given"], page["after"]["given"])
    assert twin(page["changes"][0]["without_url"])["changes"] == []


@pytest.mark.slow
def test_a_circuit_is_opened_with_all_else_cut(client, twin):
    circuit = client.get("/networks/induction/explanations/c-183dbfff").text
    assert f'href="{ONE}?circuit=183dbfff"' in circuit
    page = twin(f"{ONE}?circuit=183dbfff&row=5")
    bits = np.array([0x183DBFFF >> bit & 1 for bit in range(29)], dtype=bool)
    assert page["kept"] == bits.tolist()
    assert [one["after"] for one in page["outputs"]] == SPACE.run(bits[None])[0, 5].tolist()
    off = twin(f"{ONE}?circuit=1000000&row=5")
    assert [one["after"] for one in off["patterns"]] == [None] * 4
    assert client.get(f"{ONE}?circuit=1000000&row=5").text.count("No part of this circuit.") == 4


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("change=2.0", "cannot be read"),
        ("change=3.0_zero", "is of nothing that the model has"),
        ("change=logits_zero", "is of nothing that the model has"),
        ("change=2.0~6_zero", "is beyond the 5 positions"),
        ("row=999", "is beyond the 324 rows"),
        ("source=999", "is beyond the 324 rows"),
        ("rules=heads&change=x-2.0.k_zero", "is of nothing that the model has"),
    ],
)
def test_what_the_model_has_not_is_refused(client, query, words):
    for address in (f"{API}{ONE}?{query}", f"{ONE}?{query}"):
        answer = client.get(address)
        assert answer.status_code == 400
        assert words in answer.text
        if query.startswith("change"):
            assert "the sandbox without it" in client.get(f"{ONE}?{query}").text


@pytest.mark.slow
def test_a_model_with_mlp_blocks_is_drawn_listed_and_changed_by_hand(client, twin):
    """Its pages show a node for each MLP block, and say that its circuits are found by running each."""
    document = with_blocks(1, (2, 2, 4, 2, 3, 2), mlp="relu", norm=True)
    address = "/networks/blocks"
    with client.app.state.store.write() as session:
        save_model(session, json.dumps(document).encode(), slug="blocks")
    page = client.get(f"{address}?part=counted").text
    for words in ("MLP 1", "MLP 2", "one in each layer, 7 neurons, relu", "running each"):
        assert words in page
    assert "the most are 4,194,304 of 64 bits. Use coarser rules" in client.get(f"{address}/explanations").text
    site = "/models/blocks/sandbox?row=1&change=2.mlp_zero"
    changed = twin(site)
    assert [one["label"] for one in changed["patterns"]] == ["head 1.0", "head 1.1", "head 2.0", "head 2.1"]
    assert changed["before"]["gap"] != changed["after"]["gap"]
    assert client.get(site).status_code == 200
    circuit = client.get(f"{address}/explanations/c-36?protocol=nodes").text
    assert "No part of it: head 1.0" in circuit
