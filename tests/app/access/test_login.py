"""Logging in from a browser: what a form offers, where it leads back to, what the cookie is."""

import re
from html import escape
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from pluriscope.addresses.address import Addresses
from pluriscope.app.main import create_app
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.login import way_back
from pluriscope.page_kit.blocks import Action, Form
from pluriscope.page_kit.templating import Access, Place, rendering
from tests.app.access.conftest import CHOSEN, FAR, OWN, SITE, logged_in
from tests.factories import on_a_copy

CHANGE = "/jobs/nowhere/cancel"


def log_in(browser, **sent):
    return browser.post("/login", data=sent)


@pytest.mark.slow
def test_a_visitor_is_offered_the_login_and_comes_back_with_the_form(visit):
    browser = visit()
    form = "/networks/new?way=train&seed=7"
    page = browser.get(form).text
    assert 'name="way"' not in page
    offered = re.search(r'<p class="login-first"><a class="btn" href="([^"]+)"[^>]*>Start training</a>', page)
    assert offered[1] == f"/login?next={quote(form, safe='')}"
    login = browser.get(offered[1]).text
    assert f'name="next" value="{escape(form)}"' in login
    back = log_in(browser, token=CHOSEN, next=form)
    assert (back.status_code, back.headers["location"]) == (303, form)
    assert 'name="way"' in browser.get(form).text
    assert "Logged in" in browser.get("/glossary").text
    # the session may change things: there is no such job, but that is what it is told
    assert browser.post(CHANGE).status_code == 404


def test_while_read_only_nobody_is_offered_a_login():
    forms = Action("Go", "/x", changes=True), Form(ScopeOptions, "/x", "Go")
    assert all('method="post"' in form.html() for form in forms)
    for access in (Access(read_only=True), Access(by="", read_only=True)):
        with rendering(Place(), access):
            assert [form.html().strip() for form in forms] == ["", ""]
    with rendering(Place(), Access(by="")):
        assert all("Log in first." in form.html() and "<form" not in form.html() for form in forms)


def test_a_refused_change_leads_to_the_login_and_back(visit):
    browser = visit()
    refused = browser.post(CHANGE, headers={"referer": f"{SITE}/jobs?state=done"})
    assert refused.status_code == 403
    assert 'href="/login?next=%2Fjobs%3Fstate%3Ddone"' in refused.text
    foreign = browser.post(CHANGE, headers={"referer": "https://evil.example/x"})
    assert 'href="/login"' in foreign.text
    reply = browser.post("/api/v2/train", json={}).json()
    assert (reply["status"], reply["parent"]) == (403, "/login")
    assert "PLURISCOPE_TOKEN" in reply["error"]


def test_the_cookie_is_for_the_server_alone(visit):
    cookie = log_in(visit(), token=CHOSEN).headers["set-cookie"]
    assert re.fullmatch(
        r"pluriscope_session=\d+\.[0-9a-f]{64}; HttpOnly; Max-Age=86400; Path=/; SameSite=lax", cookie
    ), cookie
    safe = {"base_url": "https://lab.example", "headers": {"origin": "https://lab.example"}}
    assert "; Secure" in log_in(visit(**safe), token=CHOSEN).headers["set-cookie"]
    assert CHOSEN not in cookie


def test_logging_out_has_the_browser_forget_its_session(visit):
    browser = visit()
    log_in(browser, token=CHOSEN)
    page = browser.get("/login").text
    assert "Until " in page
    assert 'name="token"' not in page
    out = browser.post("/logout")
    assert (out.status_code, out.headers["location"]) == (303, "/")
    assert "pluriscope_session" not in browser.cookies
    assert "Logged in" not in browser.get("/glossary").text


def test_a_session_leaves_nothing_in_the_data_folder(application, visit):
    folder = application.state.settings.data
    browser = visit()
    assert log_in(browser, token=CHOSEN).status_code == 303
    assert browser.post(CHANGE).status_code == 404
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for secret in (CHOSEN, browser.cookies["pluriscope_session"].partition(".")[2]):
        assert secret.encode() not in kept
    assert not list(folder.glob("access*"))


def test_a_session_needs_a_page_of_ours(visit):
    browser = visit(headers={}, cookies=logged_in())
    assert browser.post(CHANGE, headers=OWN).status_code == 404
    assert browser.post(CHANGE, headers={"sec-fetch-site": "same-origin"}).status_code == 404
    for foreign in (
        {},  # nothing shows where it comes from
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", **OWN},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
    ):
        assert browser.post(CHANGE, headers=foreign).status_code == 403, foreign


def test_a_wrong_token_logs_nobody_in(visit):
    for wrong in (f"{CHOSEN}x", CHOSEN[:-1], CHOSEN.upper(), "", "ü", "\x00", "x" * 100_000):
        answer = log_in(visit(), token=wrong)
        assert answer.status_code == 403, wrong
        assert "set-cookie" not in answer.headers
    assert log_in(visit()).status_code == 403


def test_without_a_token_the_login_says_what_to_set(tmp_path):
    (tmp_path / "access.json").write_text("{")  # of an earlier version: nobody looks at it
    app = create_app(on_a_copy(data=tmp_path, token=""))
    with TestClient(app, base_url=SITE, client=FAR, headers=OWN, cookies=logged_in("")) as browser:
        page = browser.get("/login").text
        assert "PLURISCOPE_TOKEN" in page
        assert 'name="token"' not in page
        for given in ({"token": ""}, {}, {"token": CHOSEN}):
            answer = log_in(browser, **given)
            assert answer.status_code == 403
            assert "set-cookie" not in answer.headers
        for headers in ({}, {"authorization": "Bearer "}, {"authorization": f"Bearer {CHOSEN}"}):
            assert browser.post(CHANGE, headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"headers": {"authorization": f"Bearer {CHOSEN}"}}, 200),
        ({"cookies": logged_in()}, 200),
        ({}, 403),
        ({"headers": {"authorization": f"Bearer {CHOSEN}x"}}, 403),
        ({"cookies": logged_in("another-token")}, 403),
    ],
)
def test_who_may_change_things_sees_how_the_server_does(visit, sent, status):
    answer = visit(**sent).get("/admin")
    assert answer.status_code == status
    assert ("Administration</h1>" in answer.text) == (status == 200)
    assert ("/admin" in visit(**sent).get("/glossary").text) == (status == 200)


@pytest.mark.parametrize(
    "asked",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "/a\nSet-Cookie: x=1",
        "javascript:alert(1)",
        "",
        "/login?next=%2F",
        "x" * 9_000,
        "/" + "x" * 9_000,
    ],
)
def test_the_way_back_stays_on_this_site(visit, asked):
    assert way_back(Addresses(), asked) == "/"
    assert way_back(Addresses("/pluriscope"), asked) == "/pluriscope/"
    if len(asked) < 8_000:
        page = visit().get("/login", params={"next": asked})
        assert 'name="next" value="/"' in page.text
    assert way_back(Addresses("/pluriscope"), "/pluriscope/jobs?a=b") == "/pluriscope/jobs?a=b"
    assert way_back(Addresses("/pluriscope"), "/elsewhere") == "/pluriscope/"


def test_who_is_not_logged_in_sees_the_form_for_a_network_and_where_to_log_in(visit):
    page = visit().get("/networks/new").text
    assert 'name="text"' in page
    assert "Bringing in a network needs a login" in page
    assert "Log in first" not in page
