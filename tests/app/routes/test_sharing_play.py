"""A state of Play passed on: card, drawing, embedding, citation."""

import pytest

from tests.factories import XOR_SLUG, stored_analysis

STATE = f"/networks/{XOR_SLUG}/sandbox?now=11_1.0s00_2.1z&e=i-081ff.0&e=c-081ff"


@pytest.fixture(autouse=True)
def _analysed(store):
    stored_analysis(store)


def made(name, state=STATE):
    return state.replace("/sandbox?", f"/sandbox/{name}?")


def test_an_embedding_says_what_everyone_foretold_and_leads_back(client):
    answer = client.get(f"/embed{STATE}")
    assert answer.status_code == 200
    assert "predicts 0, incorrect" in answer.text
    assert "makes no prediction" in answer.text
    assert "re-verify" not in answer.text


def test_a_state_that_cannot_be_read_has_no_card(client):
    assert client.get(f"/networks/{XOR_SLUG}/sandbox/card.svg?now=nonsense").status_code == 400
    assert client.get(f"/networks/{XOR_SLUG}/sandbox/card.svg?color=red").status_code == 400
    assert client.get("/networks/nowhere/sandbox/card.svg").status_code == 404
