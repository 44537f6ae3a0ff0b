"""A sandbox's state passed on: card, drawing, embedding, oEmbed, citation; never the answer that is to be predicted."""

import re

import pytest

from app.pages.sharing.facts import facts_of
from app.pages.sharing.targets import build_target, read_target
from tests.factories import XOR_SLUG, stored_analysis

pytestmark = pytest.mark.one_database

STATE = f"/networks/{XOR_SLUG}/sandbox?now=11_1.0s00_2.1z&e=i-081ff.0&e=c-081ff"
HIDDEN = f"/networks/{XOR_SLUG}/sandbox?now=00_1.0s11&e=i-081ff.0&game=1"


@pytest.fixture(autouse=True)
def _analysed(store):
    stored_analysis(store)


def made(name, state=STATE):
    return state.replace("/sandbox?", f"/sandbox/{name}?")


def test_the_page_tells_previews_what_it_is_and_offers_it_once(client):
    text = client.get(STATE).text
    assert 'property="og:image" content="http://127.0.0.1/networks/' in text
    assert "The network decides: 1, from an output of" in text
    assert text.count('id="share"') == 1
    assert "howpublished" in text
    assert "Re-verify now" not in text


def test_a_step_within_the_page_brings_its_own_address_along(client):
    part = client.get(STATE, headers={"HX-Request": "true"}).text
    assert "<html" not in part
    (link,) = re.findall(r'id="share-link"[^>]*>([^<]*)</textarea>', part)
    assert "now=11_1.0s00_2.1z" in link


@pytest.mark.parametrize("name", ["card.svg", "drawing.svg"])
def test_pictures_are_looked_at_and_not_clicked(client, name):
    answer = client.get(made(name))
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "n2.1 = 0" in answer.text
    assert "hx-get" not in answer.text
    assert "<a " not in answer.text


def test_an_embedding_says_what_everyone_foretold_and_leads_back(client):
    answer = client.get(f"/embed{STATE}")
    assert answer.status_code == 200
    assert "predicts 0, incorrect" in answer.text
    assert "makes no prediction" in answer.text
    assert "re-verify" not in answer.text
    found = client.get("/oembed", params={"url": f"http://127.0.0.1{STATE}"}).json()
    assert "/embed/networks/" in found["html"]


@pytest.mark.parametrize("address", [HIDDEN, made("card.svg", HIDDEN), f"/embed{HIDDEN}"])
def test_what_is_to_be_foretold_is_given_away_nowhere(client, address):
    text = client.get(address).text
    assert "hidden until you predict it" in text
    assert "from an output of" not in text


def test_a_state_that_cannot_be_read_has_no_card(client):
    assert client.get(f"/networks/{XOR_SLUG}/sandbox/card.svg?now=nonsense").status_code == 400
    assert client.get(f"/networks/{XOR_SLUG}/sandbox/card.svg?color=red").status_code == 400
    assert client.get("/networks/nowhere/sandbox/card.svg").status_code == 404
    assert client.get(f"/networks/{XOR_SLUG}/sandbox/verify").status_code == 404


def test_equal_states_are_cited_alike(store):
    from app.addressing import Addresses

    with store.read() as session:
        pages = [
            build_target(session, Addresses(), read_target(text, Addresses())) for text in (STATE, f"/embed{STATE}")
        ]
    assert facts_of(pages[0]) == facts_of(pages[1])
    assert "i-081ff.0" in facts_of(pages[0]).identity
