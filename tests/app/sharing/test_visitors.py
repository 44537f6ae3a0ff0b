"""Short keys for visitors who may change nothing else, and how little room they can take."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.db.errors import Conflict
from app.db.links import save_short_link
from app.db.tables import ShortLinkRow
from app.main import create_app
from app.routes.visitors import MAX_VISITOR_ADDRESS, Allowance
from tests.app.sharing.conftest import CIRCUIT, COMPARISON, FUNNEL, XOR
from tests.factories import on_a_copy

pytestmark = pytest.mark.slow
EXPLANATIONS = f"{XOR}/explanations"
CRITERIA = [
    "mean-ablation",
    "necessity",
    "minimal-alignment",
    "output-faithfulness(tolerance=0.2)",
    "resample-ablation",
]
FILTERS = {
    "kind": ["circuit", "interpretation", "alignment"],
    "edges_max": 10,
    "uses": ["n1.0", "A-n1.0", "!n2.0"],
    "irredundant": ["irredundant-gates", "irredundant-literals"],
}
SHORT = (
    EXPLANATIONS,
    f"{EXPLANATIONS}?kind=circuit&kind=alignment&uses=n1.0&uses=%21n2.0&sort=margin",
)
LONG = (
    f"{EXPLANATIONS}?{urlencode(FILTERS, doseq=True)}",
    f"{FUNNEL}/chosen?{urlencode({'criteria': ' '.join((*CRITERIA, 'causal-order', 'both-directions'))})}",
)


@pytest.fixture
def visitor(app):
    """Somebody on another machine, without a token, at a page of this site."""
    own = {"sec-fetch-site": "same-origin"}
    allowance = app.state.visitor_allowance
    app.state.visitor_allowance = Allowance(1_000, 0.001)
    yield TestClient(app, base_url="http://site.example", client=("203.0.113.9", 50_000), headers=own)
    app.state.visitor_allowance = allowance


def kept(app) -> int:
    with app.state.store.read() as session:
        return session.scalar(select(func.count()).select_from(ShortLinkRow)) or 0


@pytest.mark.parametrize("address", [*SHORT, *LONG, "/jobs?state=failed"])
def test_addresses_of_lists_get_keys_that_lead_to_the_very_list(visitor, address) -> None:
    made = visitor.post("/s", data={"address": address})
    assert made.status_code in (200, 201), made.text
    key = visitor.post("/api/v2/s", json={"address": f"http://site.example{address}"}).json()["key"]
    assert key in made.text
    led = visitor.get(f"/s/{key}", follow_redirects=False)
    assert led.headers["location"] == address
    assert visitor.get(address, follow_redirects=False).status_code == 200


@pytest.mark.parametrize("address", [*SHORT, *LONG])
def test_long_lists_offer_a_short_link_and_short_ones_do_not(visitor, address) -> None:
    text = visitor.get(address).text
    assert (f'<input type="hidden" name="address" value="{escape(address)}">' in text) == (address in LONG)
    assert ('action="/s"' in text) == (address in LONG)
    assert f'data-copy="{escape(address)}"' in text


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"{EXPLANATIONS}?anything=1", 400),
        (f"{EXPLANATIONS}?edges_max=few", 400),
        (f"{EXPLANATIONS}?edges_min=9&edges_max=8", 400),
        (f"{EXPLANATIONS}?kind=nonsense", 400),
        (f"{EXPLANATIONS}?sort=nonsense", 400),
        (f"{EXPLANATIONS}?output=7", 404),
        (f"{XOR}/circuits?edges_max=9", 404),
        ("/jobs?anything=1", 400),
        (f"{XOR}/circuits/zz", 404),
        (f"{EXPLANATIONS}?passes=nonsense", 400),
        ("/networks/none/explanations", 404),
        ("/compare?network=none&e=c-1", 404),
        (COMPARISON.replace("e=c-081ff", "e=c-zz"), 404),
        ("/glossary?anything=1", 400),
        (f"{CIRCUIT}/card.png", 404),
        (f"{EXPLANATIONS}.csv", 404),
        (f"{FUNNEL}/chosen?{urlencode([('criteria', f'input-noise(seed={n})') for n in range(90)])}", 400),
    ],
)
def test_what_names_no_page_or_unknown_options_is_not_kept_for_visitors(visitor, app, address, status) -> None:
    before = kept(app)
    assert visitor.post("/api/v2/s", json={"address": address}).status_code == status
    assert kept(app) == before
    assert len(address) > MAX_VISITOR_ADDRESS or "seed" not in address


def test_visitors_change_nothing_else_and_other_sites_nothing(visitor) -> None:
    assert visitor.post("/api/v2/networks/xor/rename", json={"slug": "mine"}).status_code == 403
    foreign = {"sec-fetch-site": "cross-site"}
    assert visitor.post("/api/v2/s", json={"address": XOR}, headers=foreign).status_code == 403
    wrong = {"authorization": "Bearer wrong"}
    assert visitor.post("/api/v2/s", json={"address": XOR}, headers=wrong).status_code == 403


def test_a_few_in_a_minute_for_all_visitors_together(visitor, app) -> None:
    now = [0.0]
    app.state.visitor_allowance = Allowance(2, 6.0, lambda: now[0])
    addresses = [f"{EXPLANATIONS}?edges_max={n}" for n in range(5, 9)]
    assert [visitor.post("/api/v2/s", json={"address": one}).status_code for one in addresses] == [201, 201, 503, 503]
    assert visitor.post("/api/v2/s", json={"address": addresses[0]}).status_code == 200  # is there: costs nothing
    now[0] = 6.0
    assert [visitor.post("/api/v2/s", json={"address": one}).status_code for one in addresses[2:]] == [201, 503]


def test_a_full_store_refuses_new_keys_and_keeps_the_old(tmp_path) -> None:
    app = create_app(on_a_copy(data=tmp_path, visitor_short_links=1))
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5)) as here:
        there = TestClient(app, base_url="http://site.example", client=("203.0.113.9", 5))
        first = there.post("/api/v2/s", json={"address": "/glossary"})
        assert first.status_code == 201
        answer = there.post("/api/v2/s", json={"address": "/scope"})
        assert answer.status_code == 409
        assert "long address" in answer.json()["error"]
        assert here.post("/api/v2/s", json={"address": "/scope"}).status_code == 201
        assert there.post("/api/v2/s", json={"address": "/scope"}).status_code == 200
        assert there.get(f"/s/{first.json()['key']}", follow_redirects=False).status_code == 302
        with app.state.store.write() as session, pytest.raises(Conflict):
            save_short_link(session, "/jobs", most=2)
