"""Tests that what lets somebody in is in no log, no address of ours, no page and no error."""

import logging

import pytest

from pluriscope.app.logs import configure
from pluriscope.app.settings import Settings
from tests.app.access.conftest import CHOSEN

OURS = ("pluriscope", "uvicorn", "sqlalchemy", "fastapi", "starlette", "multipart", "python_multipart")


@pytest.fixture
def log(caplog):
    """Log of everything here, at its finest; the test's own client logs the addresses that it asks for."""
    caplog.set_level(logging.DEBUG)
    for name in OURS:
        caplog.set_level(logging.DEBUG, logger=name)

    def text():
        records = [one for one in caplog.records if not one.name.startswith(("httpx", "httpcore", "asyncio"))]
        return "\n".join(f"{one.getMessage()} {one.exc_text} {vars(one)}" for one in records)

    return text


@pytest.mark.slow
def test_no_log_has_the_token_or_a_cookie(visit, log):
    browser = visit()
    assert browser.post("/login", data={"token": CHOSEN}).status_code == 303
    cookie = browser.cookies["pluriscope_session"]
    browser.get(f"/login?key={CHOSEN}")
    browser.get(f"/networks/nowhere?token={CHOSEN}&key={cookie}")
    browser.get(f"/api/v2/jobs?token={CHOSEN}")
    browser.post("/login", data={"token": f"{CHOSEN}x", "next": f"/?key={CHOSEN}"})
    for header in (f"Bearer {CHOSEN}", f"Bearer {CHOSEN}x"):
        visit().post("/api/v2/train", headers={"authorization": header}, json={"hidden": "none"})
    written = log()
    assert "/login" in written  # the requests are there
    for one in (CHOSEN, cookie, cookie.partition(".")[2]):
        assert one not in written


def test_a_form_that_cannot_be_read_leaves_nothing_in_the_log(visit, monkeypatch, capsys):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    configure()
    headers = {"content-type": "multipart/form-data; boundary=none"}
    assert visit().post("/login", content=f"--{CHOSEN}", headers=headers).status_code == 400
    assert capsys.readouterr().err.count("\n") == 1  # the request


def test_a_failure_states_its_request_and_no_secret(visit, log, monkeypatch):
    def broken(*_arguments, **_named):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("pluriscope.app.access.sessions.begin", broken)
    answer = visit().post("/login?key=something-secret", data={"token": CHOSEN})
    assert answer.status_code == 500
    written = log()
    assert "broken on purpose" in written
    for one in (CHOSEN, "something-secret"):
        assert one not in written
    assert CHOSEN not in answer.text


@pytest.mark.slow
def test_what_is_shown_of_settings_has_no_token(tmp_path, visit):
    for path in ("/scope", "/health", "/api/v2/health", "/api/v2/openapi.json", "/api/v2/login"):
        assert CHOSEN not in visit().get(path).text
    assert CHOSEN not in repr(Settings(data=tmp_path, token=CHOSEN))
