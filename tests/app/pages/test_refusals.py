"""Tests that refusals have the same words for people and programs, with their cause, their cure and a way on."""

import inspect
import re
from functools import cache
from html import unescape
from typing import Annotated

import pytest
from fastapi import Body
from fastapi.testclient import TestClient
from sqlalchemy import text

from pluriscope.addresses.address import Addresses
from pluriscope.analysis import errors as engine
from pluriscope.app.db import errors as store
from pluriscope.app.error_answers import STATUS
from pluriscope.app.main import create_app
from pluriscope.app.middleware import SECURITY_HEADERS
from tests.app.pages.conftest import XOR
from tests.factories import on_a_copy

REFUSED = [  # address, status, field, words
    ("/no/such/page", 404, "", "no page has this address"),
    ("/networks/unknown", 404, "network", "network 'unknown'"),
    ("/networks/" + "x" * 300, 404, "network", "is not stored here"),
    ("/networks/123456", 404, "network", "no stored digest begins so"),
    ("/networks/%F0%9F%A4%96", 404, "network", "is not stored here"),
    (XOR + "?output=1", 404, "output", "one output"),
    (XOR + "?output=-1", 400, "output", "greater than or equal to 0"),
    (XOR + "?output=first", 400, "output", "valid integer"),
    (XOR + "?output=1e3", 400, "output", "valid integer"),
    (XOR + "?output=99999999999999999999", 400, "output", "less than or equal to 999"),
    (XOR + "?protocol=fast", 404, "protocol", "protocol 'fast'"),
    (XOR + "?protocol=" + "p" * 65, 400, "protocol", "at most 64"),
    (XOR + "?data=abcdefabcdef", 404, "data", "data record 'abcdefabcdef'"),
    (XOR + "?data=zzz", 404, "data", "not 6 or more digits"),
    (XOR + "?colour=red", 400, "colour", "Allowed options: theme, output, protocol, data"),
    (XOR + "?theme=sepia", 400, "theme", "'light' or 'dark'"),
    ("/networks?limit=0", 400, "limit", "is not 1 to 200"),
    ("/networks?limit=201", 400, "limit", "is not 1 to 200"),
    ("/networks?q=" + "q" * 101, 400, "q", "more than 100"),
    ("/networks?protocol=mine", 400, "protocol", "Use complete or paper"),
    ("/networks?state=beauty", 400, "state", "Use done, truncated"),
    ("/networks?colour=red", 400, "colour", "is unknown"),
]


def test_a_refusal_is_a_sentence_where_its_cause_goes_on_from_its_item(client):
    assert "<b>network &#39;nope&#39; is not stored here.</b>" in client.get("/networks/nope").text
    other = client.get("/nowhere").text
    assert "<b>address &#39;/nowhere&#39;: no page has this address.</b>" in other


def test_whoever_comes_to_an_address_that_is_gone_may_search(client):
    for address, words in (("/networks/xor/analyses/edits-and-doses", "edits+and+doses"), ("/studies/list", "list")):
        page = client.get(address)
        assert (page.status_code, f'href="/search?q={words}"' in page.text) == (404, True)
        assert client.get(f"/search?q={words}").status_code == 200


@cache
def is_there(client, address):
    """Whether a page answers; many refusals lead to the same few."""
    return client.get(address).status_code == 200


@pytest.mark.parametrize(("address", "status", "field", "words"), REFUSED, ids=[r[0][:60] for r in REFUSED])
def test_bad_addresses_are_refused_in_html_and_json_alike(client, address, status, field, words):
    path = Addresses().twin(address)
    for answer in (client.get(path), client.get(address, headers={"accept": "application/json"})):
        assert answer.status_code == status, answer.text[:300]
        body = answer.json()
        assert set(body) == {"ok", "error", "errors", "status", "parent"}
        assert (body["ok"], body["status"]) == (False, status)
        assert words in body["error"]
        assert field in [error["field"] for error in body["errors"]]
        assert is_there(client, body["parent"])
    page = client.get(address)
    assert page.status_code == status
    assert page.headers["content-type"].startswith("text/html")
    shown = " ".join(unescape(re.sub(r"<[^>]+>", "", page.text)).split())
    assert " ".join(words.split()) in shown
    assert body["errors"][0]["message"].split(": ", 1)[1][:80].rstrip() in shown
    assert "Traceback" not in page.text


def test_everything_wrong_with_the_options_is_named_at_once(client):
    errors = client.get("/jobs?limit=0&state=beauty&colour=red", headers={"accept": "application/json"}).json()[
        "errors"
    ]
    assert {error["field"] for error in errors} == {"limit", "state", "colour"}


def test_a_prefix_that_fits_several_networks_is_not_guessed(app, client):
    from pluriscope.app.db.writes import save_network
    from tests.factories import small_network

    with app.state.store.write() as session:
        for seed, digest in ((90, "abcdef0"), (91, "abcdef1")):
            row = save_network(session, small_network(seed), slug=f"twin-{seed}")
            row.digest = digest + row.digest[7:]
    try:
        answer = client.get("/api/v2/networks/abcdef")
        assert answer.status_code == 404
        assert "several digests begin so" in answer.json()["error"]
        assert answer.json()["parent"] == "/networks?q=abcdef"
        assert client.get("/api/v2/networks/abcdef1", params={}).status_code == 200
    finally:
        with app.state.store.write() as session:
            session.execute(text("DELETE FROM networks WHERE slug LIKE 'twin-%'"))


def test_every_error_of_the_engine_and_the_store_has_a_status():
    known = [
        kind
        for module in (engine, store)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, (engine.AnalysisError, store.StoreError))
    ]
    without = {kind for kind in known if kind not in STATUS and not issubclass(kind, store.StoreUnavailable)}
    assert without == {store.StoreError, store.Damaged}, "which are trouble of our own"


@pytest.fixture
def broken(tmp_path):
    """An application of its own, with addresses that fail."""
    app = create_app(on_a_copy(data=tmp_path, max_body_bytes=1000))

    @app.get("/api/v2/broken")
    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("secret detail")

    @app.post("/api/v2/echo")
    def echo(body: Annotated[dict, Body()]) -> dict:
        return body

    app.router.routes.sort(key=lambda route: getattr(route, "path", "") == "/static")
    here = ("127.0.0.1", 50_000)  # from where bodies are read
    with TestClient(app, base_url="http://127.0.0.1", client=here, raise_server_exceptions=False) as client:
        yield client


@pytest.mark.slow
def test_what_nobody_foresaw_is_logged_whole_and_answered_with_an_id(broken, caplog):
    for address in ("/api/v2/broken", "/broken"):
        caplog.clear()
        answer = broken.get(address, headers={"x-request-id": "my-own.1"})
        assert answer.status_code == 500
        assert "secret detail" not in answer.text
        assert "my-own.1" in answer.text
        assert answer.headers["x-request-id"] == "my-own.1"
        assert answer.headers["content-security-policy"]
        assert "secret detail" in caplog.text


@pytest.mark.slow
def test_a_body_that_is_too_large_or_no_json_is_refused(broken):
    assert broken.post("/api/v2/echo", json={"a": 1}).json() == {"a": 1}
    large = broken.post("/api/v2/echo", content=b"[" + b" " * 2000 + b"]")
    assert large.status_code == 413
    assert "larger than 1,000 bytes" in large.json()["error"]
    assert broken.post("/api/v2/echo", content=iter([b"[" + b" " * 600] * 2)).status_code == 413  # without a length
    for content, cause in ((b"{", "is not JSON ("), (b"[1]", "is no JSON object"), (b"", "is no JSON object")):
        answer = broken.post("/api/v2/echo", content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 422
        assert answer.json()["ok"] is False
        assert answer.json()["error"].startswith(f"request body: {cause}")
        assert [error["field"] for error in answer.json()["errors"]] == ["body"]
    no_text = broken.post("/api/v2/echo", content=b'{"a": "\xff"}', headers={"content-type": "application/json"})
    assert no_text.status_code == 422
    assert no_text.json()["errors"][0]["field"] == "body"
    assert "no text in UTF-8" in no_text.json()["error"]


@pytest.mark.slow
def test_a_busy_database_is_reported_as_such(tmp_path, monkeypatch):
    monkeypatch.setattr("pluriscope.app.db.sqlite.BUSY_TIMEOUT_SECONDS", 0)
    monkeypatch.setattr("pluriscope.app.db.engine.TURN_SECONDS", 0.01)
    app = create_app(on_a_copy(data=tmp_path))
    mine = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1))
    with mine as client, app.state.store.write() as session:
        session.execute(text("SELECT 1"))  # takes the write lock
        answer = client.post("/jobs/abc/retry", headers={"accept": "application/json"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["error"] == (
        "the database: is busy or cannot be reached. Try again in a moment; nothing was changed."
    )


def test_a_wrong_method_says_which_are_right(client):
    answer = client.put(XOR)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert "Use GET, POST" in client.put("/networks/new", headers={"accept": "application/json"}).json()["error"]
    assert client.get(XOR + "/restore").headers["allow"] == "POST"


def test_headers(client):
    for address in ("/", "/api/v2/networks", "/nope", "/static/house.css"):
        answer = client.get(address)
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers[name] == value
        assert re.fullmatch("[0-9a-f]{12}", answer.headers["x-request-id"])
    assert "unsafe-eval" not in SECURITY_HEADERS["content-security-policy"]
    assert "script-src 'self';" in SECURITY_HEADERS["content-security-policy"]
    assert client.get("/", headers={"x-request-id": "bad id\x00"}).headers["x-request-id"] != "bad id\x00"
    assert client.get("/static/house.css?v=1").headers["cache-control"].startswith("public, max-age=31536000")
    assert client.get("/static/house.css").headers["cache-control"] == "no-cache"
    assert client.get("/static/../pyproject.toml").status_code == 404
    assert client.get("/static/%2e%2e/pyproject.toml").status_code == 404


def test_health(client, app, tmp_path):
    assert client.get("/health").json() == {"live": True, "ready": True, "database": "ok", "version": app.version}
    other = create_app(on_a_copy(data=tmp_path))
    with TestClient(other) as waiting:
        with other.state.store.write() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
        answer = waiting.get("/health")
        assert (answer.status_code, answer.json()["database"]) == (503, "behind")
        other.state.store.close()
        (tmp_path / "pluriscope.sqlite").write_bytes(b"no database at all" * 1000)
        answer = waiting.get("/health")
        assert (answer.status_code, answer.json()["database"]) == (503, "unreachable")


@pytest.mark.parametrize(
    ("address", "nearest"),
    [
        ("/networks/xor?output=x", "/networks/xor"),
        (f"/networks?q={'a' * 500}", "/networks"),
        ("/networks?limit=0&q=xor", "/networks?q=xor"),
    ],
)
def test_a_wrong_option_leads_to_the_same_page_without_it(client, address, nearest):
    answer = client.get(address)
    twin = client.get(Addresses().twin(address))
    named = client.get(address, headers={"accept": "application/json"})
    assert (twin.json()["parent"], named.json()["parent"]) == (nearest, nearest)
    main = answer.text.partition("<main")[2]
    assert answer.status_code == 400
    assert f'href="{nearest}" class="btn primary">Go to this page without ' in main
    assert client.get(nearest).status_code == 200
