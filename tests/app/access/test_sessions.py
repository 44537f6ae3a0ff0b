"""The token and the signed cookie, and everything that is neither."""

import hmac
from datetime import timedelta
from hashlib import sha256

import pytest

from pluriscope.app.access import sessions
from pluriscope.app.access.sessions import begin, end_of, opens
from tests.app.access.conftest import CHOSEN

HOURS = 24.0


def later(monkeypatch, hours):
    then = sessions.now() + timedelta(hours=hours)
    monkeypatch.setattr(sessions, "now", lambda: then)


@pytest.mark.parametrize(
    ("token", "given", "opened"),
    [
        (CHOSEN, CHOSEN, True),
        ("schlüssel", "schlüssel", True),
        (CHOSEN, "", False),
        (CHOSEN, CHOSEN[:-1], False),
        (CHOSEN, f"{CHOSEN}x", False),
        (CHOSEN, "\ud800", False),
        ("", "", False),
        ("", CHOSEN, False),
    ],
)
def test_the_token_alone_opens(token, given, opened):
    assert opens(token, given) is opened


def test_a_session_lasts_for_its_hours(monkeypatch):
    cookie = begin(CHOSEN, HOURS)
    left = end_of(CHOSEN, cookie) - sessions.now()
    assert timedelta(hours=HOURS, seconds=-2) < left <= timedelta(hours=HOURS)
    later(monkeypatch, HOURS - 0.1)
    assert end_of(CHOSEN, cookie) is not None
    later(monkeypatch, 0.2)
    assert end_of(CHOSEN, cookie) is None


def hashed(text):
    return sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("token", "changed"),
    [
        ("another-token", lambda until, signature: f"{until}.{signature}"),  # the token was changed
        ("", lambda until, signature: f"{until}.{signature}"),  # or taken away
        ("", lambda until, _: begin("", HOURS)),  # which anybody can sign
        (CHOSEN, lambda until, _: begin("", HOURS)),
        (CHOSEN, lambda until, signature: f"{int(until) + 1}.{signature}"),
        (CHOSEN, lambda until, signature: f"{until}0.{signature}"),
        (CHOSEN, lambda until, signature: f"0{until}.{signature}"),
        (CHOSEN, lambda until, signature: f" {until}.{signature}"),
        (CHOSEN, lambda until, signature: f"{until}.{signature[:-1]}"),
        (CHOSEN, lambda until, signature: f"{until}.{signature[:-1]}{'0' if signature[-1] != '0' else '1'}"),
        (CHOSEN, lambda until, signature: f"{until}.{signature}0"),
        (CHOSEN, lambda until, signature: f"{until}.{signature.upper()}"),
        (CHOSEN, lambda until, _: f"{until}."),
        (CHOSEN, lambda *_: ""),
        (CHOSEN, lambda *_: "ü.\ud800"),
        (CHOSEN, lambda *_: "9" * 10_000 + "." + "0" * 64),
        (CHOSEN, lambda until, _: f"{until}.{hashed(until)}"),
        (CHOSEN, lambda until, _: f"{until}.{hashed(CHOSEN + until)}"),
        (CHOSEN, lambda until, _: f"{until}.{hmac.digest(CHOSEN.encode(), until.encode(), 'sha256').hex()}"),
    ],
)
def test_a_cookie_that_was_not_signed_as_it_is_with_this_token_is_none(token, changed):
    cookie = begin(CHOSEN, HOURS)
    assert end_of(CHOSEN, cookie) is not None
    assert end_of(token, changed(*cookie.split("."))) is None


def test_a_cookie_does_not_reveal_the_token():
    assert CHOSEN not in begin(CHOSEN, HOURS)
    assert begin(CHOSEN, HOURS).partition(".")[2] != begin("another-token", HOURS).partition(".")[2]


@pytest.mark.parametrize(
    ("cookie", "status"),
    [
        (begin(CHOSEN, HOURS), 404),  # let through: there is no such job
        (begin(CHOSEN, -1), 403),
        (begin("another-token", HOURS), 403),
        (begin(CHOSEN, HOURS)[:-1] + "x", 403),
        ("1" * 43, 403),  # of earlier versions
    ],
    ids=["holds", "over", "another token", "changed", "earlier"],  # cookies have the second in which they begin
)
def test_a_change_asks_for_a_cookie_that_holds(visit, cookie, status):
    browser = visit(cookies={"pluriscope_session": cookie})
    assert browser.post("/jobs/nowhere/cancel").status_code == status
    answer = browser.post("/jobs/nowhere/cancel", headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
