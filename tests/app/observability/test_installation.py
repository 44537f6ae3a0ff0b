"""What monitoring and those who run it are told: health, metrics, the page of the installation."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from app.db.job_tables import JobRow
from app.jobs.installation import PRESENT_SECONDS
from app.jobs.worker import show
from app.main import create_app
from app.settings import Settings
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


def figures(client, **headers) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.mark.slow
def test_requests_are_counted_by_the_template_of_their_address(client):
    before = figures(client)
    for slug in ("made-up-1", "made-up-2"):
        client.get(f"/networks/{slug}")
    client.get("/nowhere/at/all")
    client.request("BREW", "/")
    after = figures(client)

    def more(*key: str) -> float:
        return after.get(key, 0.0) - before.get(key, 0.0)

    assert more("pluriscope_http_requests_total", "GET", "/networks/{network}", "404") == 2
    assert more("pluriscope_http_requests_total", "GET", "unmatched", "404") == 1
    assert (
        more("pluriscope_http_requests_total", "other", "/", "405")
        + more("pluriscope_http_requests_total", "other", "unmatched", "405")
        == 1
    )
    assert more("pluriscope_http_request_seconds_count", "/networks/{network}") == 2
    assert not any("made-up" in part for key in after for part in key)


def test_jobs_queue_and_workers_are_told(client, app):
    now = datetime.now(UTC)
    add_job(app, "waits", created_at=now - timedelta(minutes=2))
    add_job(app, "delayed", not_before=now + timedelta(hours=1))
    add_job(app, "runs", state="running", owner="w:0", lease_until=now + timedelta(minutes=1))
    add_job(app, "lost", state="running", owner="gone:0", lease_until=now - timedelta(minutes=1))
    add_job(app, "aside", state="failed", set_aside=True, kind="train")
    show(app.state.store, "w", 3, "", started_at=now, now=now)
    long_ago = now - timedelta(seconds=2 * PRESENT_SECONDS)
    show(app.state.store, "silent", 5, "", started_at=long_ago, now=long_ago)
    told = figures(client)
    assert told[("pluriscope_jobs", "analyse", "queued")] == 2
    assert told[("pluriscope_jobs", "train", "failed")] == 1
    assert told[("pluriscope_queue_ready_jobs",)] == 1
    assert told[("pluriscope_queue_delayed_jobs",)] == 1
    assert told[("pluriscope_queue_abandoned_jobs",)] == 1
    assert told[("pluriscope_jobs_set_aside",)] == 1
    assert 115 < told[("pluriscope_queue_oldest_seconds",)] < 600
    assert (told[("pluriscope_workers",)], told[("pluriscope_worker_slots",)]) == (1, 3)
    assert told[("pluriscope_worker_busy_slots", "w")] == 1
    assert told[("pluriscope_worker_seen_seconds", "silent")] >= 2 * PRESENT_SECONDS
    assert told[("pluriscope_store_bytes",)] > 0


@pytest.mark.slow
def test_who_may_read_the_figures_is_a_setting(app, tmp_path_factory):
    for kind, status in (("admin", 403), ("open", 200), ("off", 404)):
        other = app if kind == "admin" else application(tmp_path_factory, metrics=kind)
        with TestClient(other, base_url="http://stats.example", client=AWAY) as visitor:
            assert visitor.get("/metrics").status_code == status
            if kind == "admin":
                assert visitor.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.slow
def test_the_page_is_for_those_who_run_it_and_tells_no_secret(client, app):
    answer = client.get("/admin")
    assert answer.status_code == 200
    assert TOKEN not in answer.text
    assert re.search(r'Networks</th>\s*<td\s*data-l="Value">0</td>', answer.text)
    answer = client.get("/admin?part=settings")
    assert TOKEN not in answer.text
    named = re.findall(r"<code>(PLURISCOPE_\w+)</code>", answer.text)
    assert named == [f"PLURISCOPE_{name.upper()}" for name in Settings.model_fields]
    assert re.search(r'PLURISCOPE_TOKEN</code>.*?data-l="Value">set</td>', answer.text, re.DOTALL)
    with TestClient(app, base_url="http://stats.example", client=AWAY, follow_redirects=False) as visitor:
        assert visitor.get("/admin").status_code in (303, 401, 403)
