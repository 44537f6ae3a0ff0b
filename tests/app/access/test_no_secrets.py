"""What lets somebody in stands in no log, no address of ours, no page and no error."""

import logging

import pytest

from app.settings import Settings
from tests.app.access.conftest import CHOSEN

OURS = ("pluriscope", "app", "uvicorn", "sqlalchemy", "fastapi", "starlette", "multipart", "python_multipart")


@pytest.fixture
def log(caplog):
    """Everything that is logged here, at its finest; the test's own client logs the addresses that it asks for."""
    caplog.set_level(logging.DEBUG)
    for name in OURS:
        caplog.set_level(logging.DEBUG, logger=name)

    def text():
        records = [one for one in caplog.records if not one.name.startswith(("httpx", "httpcore", "asyncio"))]
        return "\n".join(f"{one.getMessage()} {one.exc_text} {vars(one)}" for one in records)

    return text


@pytest.mark.slow
def test_no_log_has_a_token_a_link_or_a_cookie(visit, credentials, log):
    _, secret = credentials.make_token("editor")
    key = credentials.make_link("admin")
    browser = visit()
    assert browser.post("/login", data={"token": secret}).status_code == 303
    cookie = browser.cookies["pluriscope_session"]
    browser.get(f"/login?key={key}")
    browser.get(f"/networks/nowhere?token={secret}&key={key}")
    browser.get(f"/api/v2/jobs?token={secret}")
    browser.post("/login", data={"key": key, "next": f"/?key={key}"})
    for header in (f"Bearer {secret}", f"Bearer {CHOSEN}", f"Bearer {secret}x"):
        visit().post("/api/v2/train", headers={"authorization": header}, json={"hidden": "none"})
    written = log()
    assert "/login" in written  # the requests are there
    for one in (secret, key, cookie, CHOSEN):
        assert one not in written


def test_a_failure_tells_its_request_and_no_secret(application, visit, credentials, log, monkeypatch):
    def broken(*_arguments, **_named):
        raise RuntimeError("broken on purpose")

    token, secret = credentials.make_token("editor")
    monkeypatch.setattr(type(credentials), "begin_session", broken)
    answer = visit().post("/login?key=of-a-link-that-is-secret", data={"token": secret})
    assert answer.status_code == 500
    written = log()
    assert "broken on purpose" in written
    for one in (secret, "of-a-link-that-is-secret"):
        assert one not in written
    assert secret not in answer.text
    assert token.id not in answer.text


@pytest.mark.slow
def test_what_is_shown_of_settings_has_no_token(tmp_path, visit):
    for path in ("/scope", "/health", "/api/v2/health", "/api/v2/openapi.json", "/api/v2/login"):
        assert CHOSEN not in visit().get(path).text
    assert CHOSEN not in repr(Settings(data=tmp_path, token=CHOSEN))


def test_a_link_that_lets_in_does_not_go_on_into_other_addresses(visit, credentials):
    key = credentials.make_link("admin")
    page = visit().get(f"/login?key={key}")
    assert page.text.count(key) == 1  # in the form alone
    assert page.headers["referrer-policy"] == "same-origin"
