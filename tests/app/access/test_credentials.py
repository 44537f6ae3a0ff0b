"""Tokens, links and sessions as the data folder keeps them."""

import stat
from datetime import timedelta

import pytest

from app.access import credentials as module
from app.access.credentials import MAX_SESSIONS, Credentials, NoSuchCredential

CHOSEN = "chosen-by-hand-and-long-enough"


@pytest.fixture
def kept(tmp_path):
    return Credentials(tmp_path)


def later(monkeypatch, hours):
    then = module.now() + timedelta(hours=hours)
    monkeypatch.setattr(module, "now", lambda: then)


def test_a_token_opens_and_its_file_does_not_tell_it(kept, tmp_path):
    token, secret = kept.make_token("editor", "notebook")
    assert kept.opens(secret) == ("editor", token.id)
    for wrong in ("", secret[:-1], secret + "x", token.hash, token.id):
        assert kept.opens(wrong) is None
    link, session = kept.make_link("admin"), kept.begin_session("editor", token.id, 1)
    text = (tmp_path / "access.json").read_text()
    assert not any(one in text for one in (secret, link, session))
    assert stat.S_IMODE((tmp_path / "access.json").stat().st_mode) == 0o600


def test_a_revoked_token_opens_nothing_and_ends_its_sessions_in_every_process(kept, tmp_path):
    other = Credentials(tmp_path)  # another process on the same folder
    token, secret = kept.make_token("editor")
    mine, others = other.begin_session("editor", token.id, 1), other.begin_session("admin", "link", 1)
    assert kept.session(mine).role == "editor"
    other.revoke_token(token.id)
    assert kept.opens(secret) is None
    assert kept.session(mine) is None
    assert kept.session(others).role == "admin"
    with pytest.raises(NoSuchCredential):
        kept.revoke_token(token.id)


def test_a_link_lets_in_once(kept):
    secret = kept.make_link("admin")
    assert kept.use_link("another") is None
    assert kept.use_link(secret) == "admin"
    assert kept.use_link(secret) is None


def test_a_link_and_a_session_expire(kept, monkeypatch):
    link, session = kept.make_link("admin", hours=2), kept.begin_session("admin", "link", 2)
    later(monkeypatch, 1.9)
    assert kept.session(session) is not None
    later(monkeypatch, 0.2)
    assert kept.use_link(link) is None
    assert kept.session(session) is None
    assert kept.sessions() == ()


def test_a_link_that_is_to_be_the_only_one_ends_those_that_were_not_used(kept):
    earlier, beside = kept.make_link("admin"), kept.make_link("editor")
    only = kept.make_link("admin", only=True)
    assert [kept.use_link(secret) for secret in (earlier, beside, only)] == [None, None, "admin"]


def test_ending_all_sessions_ends_links_too_and_leaves_tokens(kept):
    link, session = kept.make_link("admin"), kept.begin_session("admin", "link", 2)
    _, secret = kept.make_token("editor")
    assert kept.end_sessions() == 1
    assert (kept.session(session), kept.use_link(link)) == (None, None)
    assert kept.opens(secret) is not None


def test_the_token_of_the_settings_opens_as_long_as_it_is_set(tmp_path):
    before, after = Credentials(tmp_path, CHOSEN), Credentials(tmp_path, "another-one-that-was-chosen")
    assert before.opens(CHOSEN) == ("admin", "setting")
    session = before.begin_session("admin", "setting", 1)
    assert before.session(session) is not None
    assert after.opens(CHOSEN) is None
    assert after.session(session) is None
    assert Credentials(tmp_path).session(session) is None
    assert Credentials(tmp_path).opens("") is None


def test_sessions_are_bounded_and_end_alone_or_together(kept, monkeypatch):
    monkeypatch.setattr(module, "MAX_SESSIONS", 3)
    assert MAX_SESSIONS == 1_000
    first, *rest = [kept.begin_session("editor", "link", 1) for _ in range(4)]
    assert kept.session(first) is None
    assert all(kept.session(one) for one in rest)
    kept.end_session(rest[0])
    assert [bool(kept.session(one)) for one in rest] == [False, True, True]
    assert kept.end_sessions() == 2
    assert not any(kept.session(one) for one in rest)


def test_whether_somebody_must_be_let_in_first(kept, tmp_path):
    assert kept.lets_nobody_in()
    assert not Credentials(tmp_path, CHOSEN).lets_nobody_in()
    kept.make_link("admin")
    assert kept.lets_nobody_in()  # it may never be used
    kept.make_token("editor")
    assert not kept.lets_nobody_in()
