"""Tests of health and of the page of the installation, for monitoring and for those who run it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.jobs.installation import PRESENT_SECONDS, is_present, look_at
from pluriscope.app.jobs.queue import Watch
from pluriscope.app.jobs.worker import show
from pluriscope.app.main import create_app
from pluriscope.app.settings import Settings
from tests.factories import on_a_copy

LOCAL = ("127.0.0.1", 50_000)
AWAY = ("203.0.113.7", 50_000)
TOKEN = "let-me-in-please-now"  # noqa: S105


def application(tmp_path_factory, **settings):
    return create_app(on_a_copy(data=tmp_path_factory.mktemp("watched"), token=TOKEN, **settings))


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    return application(tmp_path_factory)


@pytest.fixture
def client(app):
    with TestClient(app, base_url="http://127.0.0.1", client=LOCAL, follow_redirects=False) as client:
        with app.state.store.write() as session:
            session.execute(text("DELETE FROM jobs"))
            session.execute(text("DELETE FROM workers"))
        yield client


def add_job(app, name: str, **values) -> None:
    fields = {"kind": "analyse", "arguments": {}, "title": name, "state": "queued", "created_at": datetime.now(UTC)}
    with app.state.store.write() as session:
        session.add(JobRow(id=name, **(fields | values)))


def test_jobs_queue_and_workers_are_shown(client, app):
    now = datetime.now(UTC)
    add_job(app, "waits", created_at=now - timedelta(minutes=2))
    add_job(app, "delayed", not_before=now + timedelta(hours=1))
    add_job(app, "runs", state="running", owner="w:0", lease_seconds=60)
    add_job(app, "lost", state="running", owner="gone:0", lease_seconds=30)
    add_job(app, "aside", state="failed", set_aside=True, kind="train")
    show(app.state.store, "w", 3, started_at=now, now=now)
    long_ago = now - timedelta(seconds=2 * PRESENT_SECONDS)
    show(app.state.store, "silent", 5, started_at=long_ago, now=long_ago)
    at = iter((0, 40))
    watch = Watch(lambda: next(at))
    look_at(app.state.store, app.state.settings, now, watch)
    found = look_at(app.state.store, app.state.settings, now, watch)
    assert (found.jobs["analyse", "queued"], found.jobs["train", "failed"]) == (2, 1)
    reply = found.figures
    names = ("queue_ready_jobs", "queue_delayed_jobs", "queue_abandoned_jobs", "jobs_set_aside")
    assert [reply[name] for name in names] == [1, 1, 1, 1]
    assert 115 < reply["queue_oldest_seconds"] < 600
    assert (reply["workers"], reply["worker_slots"], found.busy["w"]) == (1, 3, 1)
    assert [is_present(worker, now) for worker in found.workers] == [False, True]
    assert reply["store_bytes"] > 0
    assert "1 wait, the first for " in client.get("/admin").text


@pytest.mark.slow
def test_the_page_is_for_those_who_run_it_and_shows_no_secret(client, app):
    answer = client.get("/admin").raise_for_status()
    assert TOKEN not in answer.text
    assert re.search(r'Networks</th>\s*<td\s*data-l="Value">0</td>', answer.text)
    answer = client.get("/admin?part=settings")
    assert TOKEN not in answer.text
    named = re.findall(r"<code>(PLURISCOPE_\w+)</code>", answer.text)
    assert named == [f"PLURISCOPE_{name.upper()}" for name in Settings.model_fields]
    assert re.search(r'PLURISCOPE_TOKEN</code>.*?data-l="Value">set</td>', answer.text, re.DOTALL)
    with TestClient(app, base_url="http://stats.example", client=AWAY, follow_redirects=False) as visitor:
        assert visitor.get("/admin").status_code in (303, 401, 403)
