"""A transformer's sandbox: every state is an address, and what it shows is what the engine's run does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from analysis.models.attention import ATTENTION, read_attention
from analysis.models.attention_files import attention_document
from analysis.models.model import Change
from app.db.models import save_model
from app.main import create_app
from tests.analysis.models.attention_models import random_attention
from tests.analysis.models.test_attention_blocks import with_blocks
from tests.factories import on_a_copy

API = "/api/v1"
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


def test_every_choice_of_the_drawing_is_an_address_that_takes_itself_back(client, twin):
    start = f"{ONE}?row=3&source=17&tool=zero"
    page = twin(start)
    assert len(page["places"]) == 5 * 5
    place = next(one for one in page["places"] if (one["node"], one["at"]) == ("2.1", 4))
    changed = twin(place["url"])
    assert [one["token"] for one in changed["changes"]] == ["2.1~4_zero"]
    again = next(one for one in changed["places"] if (one["node"], one["at"]) == ("2.1", 4))
    assert (again["written"], again["after"], again["moved"]) == ("zero", 0.0, again["before"])
    assert again["url"] == start
    linked = set(re.findall(r'<a id="at-[^"]*" href="([^"]*)"', client.get(start).text.replace("&amp;", "&")))
    assert linked == {one["url"] for key in ("places", "patterns") for one in page[key]}


@pytest.mark.slow
def test_a_form_leads_to_the_address_of_what_it_asks_for(client):
    edit = f"{ONE}?change=1.0_mean&row=3&source=17&site=x-2.0.k&at=&how=zero"
    assert client.get(edit).headers["location"] == f"{ONE}?row=3&source=17&change=1.0_mean&change=x-2.0.k_zero"
    undo = f"{ONE}?change=1.0_mean&row=3&site=1.0&how=nothing"
    assert client.get(undo).headers["location"] == f"{ONE}?row=3"
    fragment = client.get(edit, headers={"HX-Request": "true"})
    assert fragment.headers["HX-Push-Url"].endswith("change=1.0_mean&change=x-2.0.k_zero")
    assert "<html" not in fragment.text


@pytest.mark.slow
def test_a_circuit_is_opened_with_all_else_cut(client, twin):
    circuit = twin("/models/induction/circuits/183dbfff?row=5")
    page = twin(circuit["sandbox_url"])
    bits = np.array([int(circuit["mask"], 16) >> bit & 1 for bit in range(29)], dtype=bool)
    assert page["kept"] == circuit["kept"] == bits.tolist()
    assert page["row"] == 5
    assert [one["after"] for one in page["outputs"]] == SPACE.run(bits[None])[0, 5].tolist()
    assert "all else is cut" in client.get(circuit["sandbox_url"]).text
    off = twin(f"{ONE}?circuit=1000000&row=5")
    assert [one["after"] for one in off["patterns"]] == [None] * 4
    assert client.get(f"{ONE}?circuit=1000000&row=5").text.count("No part of this circuit.") == 4


def test_rows_are_chosen_where_nobody_does(twin):
    page = twin(ONE)
    assert page["row"] == int(np.argmin([one["gap"] for one in _gaps()]))
    assert page["answer"] != page["source_answer"]
    assert page["changes"] == []
    assert not page["flips"]


@pytest.mark.slow
def test_the_page_of_a_model_of_the_largest_size_stays_below_600_kb(client, twin):
    large = attention_document(random_attention(0, (3, 8, 4, 2, 256, 32)))
    with client.app.state.store.write() as session:
        save_model(session, json.dumps(large).encode(), slug="large")
    many = "?" + "&".join(f"change={1 + at % 3}.{at % 8}~{10 + at}_source" for at in range(16))
    most = "those that moved most"
    for change, n_drawn, which in (("", 4, "the first ones"), ("?change=1.0_zero", 2, most), (many, 4, most)):
        address = "/models/large/sandbox" + change
        html = client.get(address).text
        assert len(html) < 600_000
        assert html.count('<a id="at-') == (24 + 16 if change is many else 24 + 25 * 32)
        assert f"These are {n_drawn} of 24 heads, {which};" in html
        moved = sorted(twin(address)["patterns"], key=lambda one: -one["moved"])
        assert set(re.findall(r"<b>Head (\d\.\d)</b>", html)) == {one["node"] for one in moved[:n_drawn]}


def _gaps():
    outputs = SPACE.run(WHOLE[None])[0]
    others = [np.delete(one, answer).max() for one, answer in zip(outputs, MODEL.answers, strict=True)]
    return [{"gap": one[answer] - other} for one, answer, other in zip(outputs, MODEL.answers, others, strict=True)]


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


def test_a_mask_that_is_none_is_not_found(client):
    assert client.get(f"{ONE}?circuit=zz").status_code == 404


@pytest.mark.slow
def test_a_model_with_mlp_blocks_is_drawn_listed_and_changed_by_hand(client, twin):
    """Its pages show a node for each MLP block, and say that its circuits are found by running each."""
    document = with_blocks(1, (2, 2, 4, 2, 3, 2), mlp="relu", norm=True)
    address = "/models/blocks"
    with client.app.state.store.write() as session:
        save_model(session, json.dumps(document).encode(), slug="blocks")
    page = twin(address)
    assert [node["label"] for node in page["graph"]["nodes"]][3::3] == ["MLP 1", "MLP 2"]
    facts = {one["label"]: one["value"] for one in page["facts"]}
    assert facts["MLP blocks"] == "one in each layer, 7 neurons, relu"
    assert "running each" in facts["Circuits are found by"]
    assert [page["rules"][at]["state"] for at in (0, -1)] == ["too_large", "not_searched"]
    assert "MLP 2" in client.get(address).text
    assert "the most are 4,194,304 of 64 bits. Use coarser rules" in client.get(f"{address}/circuits").text
    site = f"{address}/sandbox?row=1&change=2.mlp_zero"
    changed = twin(site)
    assert [one["label"] for one in changed["patterns"]] == ["head 1.0", "head 1.1", "head 2.0", "head 2.1"]
    assert changed["before"]["gap"] != changed["after"]["gap"]
    assert client.get(site).status_code == 200
    circuit = twin(f"{address}/circuits/36?rules=nodes")
    assert circuit["look"]["patterns"][0]["shares"] is None
