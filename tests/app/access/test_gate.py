"""Tests of what no route sees: changes from other sites or while read-only, wrong hosts, too much, too long."""

import pytest
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from pluriscope.addresses.address import Addresses
from pluriscope.app.access.callers import is_behind_proxy
from pluriscope.app.gate import MAX_ADDRESS_BYTES, MAX_HEADER_BYTES, Gate
from pluriscope.app.main import create_app
from pluriscope.app.settings import Settings
from tests.app.access.conftest import CHOSEN, FAR, OWN, SITE, filled, logged_in
from tests.bad_files import good_document
from tests.factories import on_a_copy

BEARER = {"authorization": f"Bearer {CHOSEN}"}
LOCAL = ("127.0.0.1", 50_000)
OPEN_TO_ALL = {("POST", "/login"), ("POST", "/logout")}
FILE = {"file": ("network.json", b"{}")}


def changing_routes(app):
    return [
        (method, filled(route.path))
        for route in app.routes
        for method in sorted(getattr(route, "methods", None) or ())
        if method not in ("GET", "HEAD", "OPTIONS")
    ]


@pytest.fixture
def gated(application):
    """The gate with settings of a test, before something that answers with who asks."""

    async def here(request):
        return PlainTextResponse(f"{request.client.host} {request.url.scheme}")

    def make(inside=here, **given):
        settings = Settings(data=application.state.settings.data, **given)
        inner = Starlette(routes=[Route("/{path:path}", inside, methods=["GET", "POST"])])
        inner.add_middleware(Gate, settings=settings)
        inner.state.settings, inner.state.addresses = settings, Addresses(settings.prefix)
        return TestClient(inner, base_url=SITE, client=FAR)

    return make


# ---------- pages of other sites ----------


@pytest.mark.slow
def test_no_route_takes_a_change_from_a_page_of_another_site(application, visit):
    """Whoever is let in, by whatever: this machine, or a session."""
    routes = changing_routes(application)
    assert len(routes) > 20
    here = visit("127.0.0.1", base_url="http://127.0.0.1", headers={})
    elsewhere = visit(cookies=logged_in(), headers={})
    for method, path in routes:
        for browser in (here, elsewhere):
            for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
                answer = browser.request(method, path, headers={**headers, "accept": "application/json"})
                assert answer.status_code == 403, (method, path)
                assert "another site" in answer.json()["error"], (method, path)


@pytest.mark.slow
def test_no_route_changes_anything_for_a_stranger(application, visit):
    """Without the token, from our own page: all but logging in and out."""
    routes = set(changing_routes(application)) - OPEN_TO_ALL
    for k, (method, path) in enumerate(sorted(routes)):
        answer = visit(f"198.51.100.{k}").request(method, path, headers={"accept": "application/json"}, json={})
        assert answer.status_code == 403, (method, path, answer.status_code)


@pytest.mark.slow
def test_nothing_of_what_a_stranger_sends_is_read(application, visit, monkeypatch):
    """However large it is, however broken, and in whatever form."""
    monkeypatch.setattr(Request, "stream", None)
    for method, path in {*changing_routes(application)} - OPEN_TO_ALL:
        for sent in ({"json": {}}, {"content": b"{", "headers": {"content-type": "application/json"}}, {"files": FILE}):
            assert visit().request(method, path, **sent).status_code in (303, 403), (method, path)
    here = visit("127.0.0.1", base_url="http://127.0.0.1", headers={})  # who may change something, and is read
    assert here.post("/api/v2/networks", json=good_document()).status_code in (400, 500)


@pytest.mark.slow
def test_a_bearer_is_no_page(visit):
    answer = visit(headers={}).post("/jobs/1/cancel", headers={**BEARER, "sec-fetch-site": "cross-site"})
    assert answer.status_code == 404  # let through: there is no such job
    basic = {"authorization": "Basic YTpi", "sec-fetch-site": "cross-site"}  # browsers send that by themselves
    assert visit(headers={}).post("/jobs/1/cancel", headers=basic).status_code == 403


# ---------- who is on this machine ----------


def cancel(settings, tmp_path, client=LOCAL, base="http://127.0.0.1:8000", **headers):
    app = create_app(on_a_copy(data=tmp_path, **settings))
    with TestClient(app, base_url=base, client=client) as browser:
        return browser.post("/jobs/1/cancel", headers={k.replace("_", "-"): v for k, v in headers.items()}).status_code


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings", [{"trusted_proxies": "127.0.0.1"}, {"prefix": "/pluriscope"}, {"public_url": "https://lab.example"}]
)
def test_behind_a_proxy_nobody_is_local_even_if_the_proxy_hides(settings, tmp_path):
    """A loopback peer, a loopback host, no forwarded header: it looks exactly like the machine itself."""
    assert is_behind_proxy(Settings(data=tmp_path, **settings))
    assert cancel(settings, tmp_path) == 403
    assert cancel({}, tmp_path) == 404
    assert cancel({"public_url": "http://localhost:8000"}, tmp_path) == 404


@pytest.mark.slow
def test_traces_of_a_proxy_that_nobody_spoke_of(visit):
    here = visit("127.0.0.1", base_url="http://127.0.0.1:8000", headers={})
    assert here.post("/jobs/1/cancel").status_code == 404
    for trace in ("via", "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip"):
        assert here.post("/jobs/1/cancel", headers={trace: "127.0.0.1"}).status_code == 403, trace
    # a browser says which page it is on: not one of this machine
    page = {"sec-fetch-site": "same-origin", "origin": "https://lab.example"}
    assert here.post("/jobs/1/cancel", headers=page).status_code == 403


def test_http_1_0_is_how_nginx_asks_by_default(application):
    from starlette.requests import Request

    from pluriscope.app.access.callers import caller_of

    def asked(version):
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "query_string": b"",
            "client": LOCAL,
            "app": application,
        }
        return caller_of(Request({**scope, "headers": [(b"host", b"127.0.0.1:8000")], "http_version": version}))

    assert asked("1.1").by == "local"
    assert asked("1.0").by == ""


@pytest.mark.slow
def test_only_named_proxies_are_believed(tmp_path):
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

    app = create_app(on_a_copy(data=tmp_path, trusted_proxies="127.0.0.1,10.0.0.0/8"))
    assert next(one.cls for one in app.user_middleware) is ProxyHeadersMiddleware
    assert not any(one.cls is ProxyHeadersMiddleware for one in create_app(on_a_copy(data=tmp_path)).user_middleware)
    forwarded = {"x-forwarded-for": "198.51.100.7, 10.1.1.1", "x-forwarded-proto": "https"}
    for peer, secure in (("127.0.0.1", True), ("203.0.113.9", False)):
        with TestClient(app, client=(peer, 1), base_url=SITE) as browser:
            answer = browser.get("/health", headers=forwarded)
            assert ("strict-transport-security" in answer.headers) is secure


# ---------- read-only ----------


@pytest.mark.slow
def test_while_read_only_no_route_changes_anything_for_anybody(application, gated):
    browser = gated(read_only=True)
    for method, path in changing_routes(application):
        if path in ("/login", "/logout"):
            continue
        answer = browser.request(method, path, headers={**BEARER, "accept": "application/json"})
        assert answer.status_code == 403, (method, path)
        assert "reading only" in answer.json()["error"]
    reply = browser.post("/networks/new", headers=OWN)
    assert reply.status_code == 403
    assert "for reading only" in reply.text
    assert browser.get("/networks/new").status_code == 200


# ---------- hosts and lengths ----------


def test_only_named_hosts_are_answered(gated):
    named = {"trusted_hosts": "lab.example, *.lab.example"}
    for host in ("lab.example", "LAB.example:8000", "a.lab.example", "127.0.0.1", "localhost:8000", "[::1]"):
        assert gated(**named).get("/", headers={"host": host}).status_code == 200, host
    for host in ("evil.example", "lab.example.evil.example", "evillab.example", "", "[", "127.0.0.1.evil.example"):
        answer = gated(**named).get("/", headers={"host": host})
        assert answer.status_code == 400, host
    assert gated(public_url="https://lab.example").get("/", headers={"host": "evil.example"}).status_code == 400
    assert gated().get("/", headers={"host": "any.example"}).status_code == 200


def test_addresses_and_headers_are_bounded(gated):
    browser = gated()
    assert browser.get("/?a=" + "x" * (MAX_ADDRESS_BYTES - 100)).status_code == 200
    assert browser.get("/?a=" + "x" * MAX_ADDRESS_BYTES).status_code == 414
    assert browser.get("/", headers={"x-a": "x" * (MAX_HEADER_BYTES - 1_000)}).status_code == 200
    assert browser.get("/", headers={"x-a": "x" * MAX_HEADER_BYTES}).status_code == 431


def test_of_thousands_of_wrong_options_some_are_said(visit):
    options = "&".join(f"o{n}=" for n in range(4_000))
    answer = visit().get(f"/api/v2/networks?{options}")
    assert (answer.status_code, len(answer.json()["errors"])) == (400, 60)
