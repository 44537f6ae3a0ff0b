"""A plugin in the application: its addresses and jobs while it is there, and what is said of them when it is gone."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import inspect, select, text

from pluriscope.app.db.engine import open_store
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.plugin_tables import PluginRow, keep_plugins
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.queue import cancel_unknown
from pluriscope.app.main import create_app
from pluriscope.app.settings import Settings
from tests.factories import pretrained_xor


@pytest.fixture
def settings(tmp_path):
    """Settings of a store that was once used with a plugin of a stranger, one job of which waits."""
    settings = Settings(data=tmp_path)
    with closing(open_store(settings)) as store:
        store.migrate()
        with store.write() as session:
            gone = PluginRow(name="of-stranger", version="1.0", paths=["/odd", "/odd/{name}"], kinds=["odd"])
            keep_plugins(session, [gone])
            save_network(session, pretrained_xor(), slug="xor")
            session.execute(text("CREATE TABLE odd_rows (id INTEGER PRIMARY KEY)"))
            for kind in ("odd", "never-heard-of"):
                job = JobRow(id=kind, kind=kind, arguments={}, title=kind, state="queued", created_at=datetime.now(UTC))
                session.add(job)
    return settings


@pytest.mark.slow
def test_of_a_plugin_that_is_gone_addresses_and_jobs_say_so_and_tables_stay(settings):
    with TestClient(create_app(settings), base_url="http://127.0.0.1", client=("127.0.0.1", 5000)) as client:
        for path in ("/odd", "/odd/one"):
            page, twin = client.get(path), client.get(f"/api/v2{path}")
            assert page.status_code == twin.status_code == 404
            assert "needs of-stranger, which is not in use here" in page.text
            assert "pip install of-stranger" in twin.json()["error"]
        assert "needs of-stranger" not in client.get("/even").text
        analysis = client.get("/networks/xor/analyses/odd")
        assert (analysis.status_code, "needs of-stranger" in analysis.text) == (404, True)
        job = client.get("/api/v2/jobs/odd").json()
        assert (job["state"], job["needs_plugin"]) == ("queued", "of-stranger")
        assert "Needs of-stranger" in client.get("/jobs/odd").text
        assert "of-stranger" in client.get("/admin").text
    with closing(open_store(settings)) as store:
        with store.write() as session:
            assert cancel_unknown(session) == 1
            assert session.get(JobRow, "odd").state == "queued"
        with store.reader.connect() as connection:
            assert inspect(connection).has_table("odd_rows")


@pytest.mark.slow
def test_what_plugins_bring_is_kept_with_the_store(settings):
    with TestClient(create_app(settings)) as client, client.app.state.store.read() as session:
        kept = {row.name: row.paths for row in session.scalars(select(PluginRow))}
        assert "/bench/{method}" in kept["pluriscope-bench"]
        assert {"/networks/{network}/edit", "/networks/{network}/training"} <= {*kept["pluriscope-edits"]}
