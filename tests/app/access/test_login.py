"""Logging in from a browser: what a form offers, where it leads back to, what the cookie is."""

import re
from html import escape
from urllib.parse import quote

import pytest

from app.addressing import Addresses
from app.guarded_forms import Access, shown_to
from app.options import ScopeOptions
from app.pages.login import way_back
from pluriscope.blocks import Action, Form
from tests.app.access.conftest import CHOSEN, OWN, SITE

CHANGE = "/jobs/nowhere/cancel"


def log_in(browser, **sent):
    return browser.post("/login", data=sent)


@pytest.mark.slow
def test_a_visitor_is_offered_the_login_and_comes_back_with_the_form(visit, credentials):
    browser = visit()
    form = "/networks/new?way=train&seed=7"
    page = browser.get(form).text
    assert 'name="way"' not in page
    offered = re.search(r'<p class="login-first"><a class="btn" href="([^"]+)"[^>]*>Start training</a>', page)
    assert offered[1] == f"/login?next={quote(form, safe='')}"
    login = browser.get(offered[1]).text
    assert f'name="next" value="{escape(form)}"' in login
    _, secret = credentials.make_token("editor")
    back = log_in(browser, token=secret, next=form)
    assert (back.status_code, back.headers["location"]) == (303, form)
    assert 'name="way"' in browser.get(form).text
    assert "Logged in as editor" in browser.get("/glossary").text
    # the session may change things: there is no such job, but that is what it is told
    assert browser.post(CHANGE).status_code == 404


def test_while_read_only_nobody_is_offered_a_login():
    forms = Action("Go", "/x", changes=True), Form(ScopeOptions, "/x", "Go")
    assert all('method="post"' in form.html() for form in forms)
    for access in (Access(read_only=True), Access(role="", by="", read_only=True)):
        with shown_to(access):
            assert [form.html().strip() for form in forms] == ["", ""]
    with shown_to(Access(role="", by="")):
        assert all("Log in first." in form.html() and "<form" not in form.html() for form in forms)


def test_a_refused_change_leads_to_the_login_and_back(visit):
    browser = visit()
    refused = browser.post(CHANGE, headers={"referer": f"{SITE}/jobs?state=done"})
    assert refused.status_code == 403
    assert 'href="/login?next=%2Fjobs%3Fstate%3Ddone"' in refused.text
    foreign = browser.post(CHANGE, headers={"referer": "https://evil.example/x"})
    assert 'href="/login"' in foreign.text
    told = browser.post("/api/v2/train", json={}).json()
    assert (told["status"], told["parent"]) == (403, "/login")
    assert "pluriscope token make" in told["error"]


def test_the_cookie_is_for_the_server_alone(visit, credentials):
    _, secret = credentials.make_token("editor")
    cookie = log_in(visit(), token=secret).headers["set-cookie"]
    assert re.fullmatch(r"pluriscope_session=[\w-]{43}; HttpOnly; Max-Age=86400; Path=/; SameSite=lax", cookie), cookie
    safe = {"base_url": "https://lab.example", "headers": {"origin": "https://lab.example"}}
    assert "; Secure" in log_in(visit(**safe), token=secret).headers["set-cookie"]
    assert secret not in cookie


def test_logging_out_ends_the_session_not_only_the_cookie(visit, credentials):
    browser = visit()
    log_in(browser, token=CHOSEN)
    copied = browser.cookies["pluriscope_session"]
    out = browser.post("/logout")
    assert out.status_code == 303
    assert "pluriscope_session" not in browser.cookies
    thief = visit(cookies={"pluriscope_session": copied})
    assert "Logged in as" not in thief.get("/glossary").text
    assert thief.post(CHANGE).status_code == 403
    assert credentials.sessions() == ()


def test_a_session_needs_a_page_of_ours(visit, credentials):
    browser = visit(headers={})
    browser.cookies["pluriscope_session"] = credentials.begin_session("editor", "link", 1)
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


def test_a_link_is_used_up_by_its_button_and_not_by_looking(visit, credentials):
    browser, key = visit(), credentials.make_link("admin")
    for _ in range(2):  # a mail program that looks ahead
        page = browser.get(f"/login?key={key}")
        assert "Log in on this browser" in page.text
        assert page.headers["cache-control"] == "no-store"
    assert log_in(browser, key=key).status_code == 303
    assert "Logged in as admin" in browser.get("/glossary").text
    again = log_in(visit("203.0.113.10"), key=key)
    assert again.status_code == 403
    assert "used already" in again.text


def test_a_wrong_token_logs_nobody_in(visit):
    for wrong in ({"token": "plu_wrong"}, {"token": ""}, {}, {"key": "wrong"}, {"token": "x" * 100_000}):
        answer = log_in(visit(f"203.0.113.{20 + len(wrong)}"), **wrong)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


def test_the_role_editor_does_not_see_how_the_server_does(application, visit, credentials):
    from fastapi import Request

    from app.errors import LoginNeeded
    from app.routes.changes import check_admin

    def asked(**headers):
        encoded = [(name.encode(), value.encode()) for name, value in {"host": "lab.example", **headers}.items()]
        scope = {"type": "http", "method": "GET", "path": "/admin", "query_string": b"", "headers": encoded}
        check_admin(
            Request({**scope, "app": application, "client": ("203.0.113.9", 1), "scheme": "http", "server": None})
        )

    _, editor = credentials.make_token("editor")
    _, admin = credentials.make_token("admin")
    asked(authorization=f"Bearer {admin}")
    for headers in ({"authorization": f"Bearer {editor}"}, {}):
        with pytest.raises(LoginNeeded):
            asked(**headers)


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
