"""A full volume, or a database that takes no change: reading goes on, changes are refused, and nothing is harmed."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
import time
from contextlib import closing, contextmanager

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.app import check
from pluriscope.app.cli.server import _prepare_store
from pluriscope.app.db.engine import open_store, store_at
from pluriscope.app.db.errors import StoreUnavailable
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.worker import Pace, Worker
from pluriscope.app.main import create_app
from pluriscope.app.settings import Settings
from tests.app.jobs.kinds import KINDS
from tests.app.jobs.test_worker import PATIENCE_SECONDS, wait_for
from tests.factories import XOR_SLUG, small_network, stored_analysis, temporary_store

LOCAL = ("127.0.0.1", 50_000)
AS_PAGE = {"accept": "text/html", "origin": "http://127.0.0.1", "sec-fetch-site": "same-origin"}


@contextmanager
def volume(folder, size: str):
    """A small volume in memory; only root can mount one."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small volume")
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"no volume can be mounted here ({mounted.stderr.decode().strip()})")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder) -> None:
    with (folder / "filler").open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4_096))
        except OSError:
            return


def stored_in(folder) -> None:
    store = temporary_store(folder)
    stored_analysis(store)
    store.close()
    with closing(sqlite3.connect(folder / "test.sqlite")) as connection:
        connection.execute("VACUUM")  # what migrations left free would be room
    (folder / "test.sqlite").rename(folder / "pluriscope.sqlite")


def is_sound(folder) -> bool:
    with closing(sqlite3.connect(folder / "pluriscope.sqlite")) as connection:
        sound = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return sound and connection.execute("PRAGMA foreign_key_check").fetchall() == []


def network_file(seed: int) -> dict:
    return network_file_json(small_network(seed))


@contextmanager
def serving(folder):
    with TestClient(create_app(Settings(data=folder)), base_url="http://127.0.0.1", client=LOCAL) as client:
        yield client


@pytest.mark.slow
def test_a_change_without_room_is_refused_with_507_and_changes_nothing(tmp_path):
    """Without a volume of its own: SQLite is told that the file may not grow."""
    stored_in(tmp_path)
    with serving(tmp_path) as client:
        store = client.app.state.store

        @event.listens_for(store.writer, "begin", insert=True)
        def no_more(connection):
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

        answers = [client.post("/api/v2/networks", json=network_file(seed)) for seed in range(200, 230)]
        refused = [answer for answer in answers if answer.status_code != 201]
        assert refused, "there was room: the test has proved nothing"
        assert {answer.status_code for answer in refused} == {507}
        body = refused[0].json()
        assert "no room left" in body["error"]
        assert "Make room" in body["error"]
        assert client.get(f"/networks/{XOR_SLUG}/explanations").status_code == 200
        event.remove(store.writer, "begin", no_more)
        with store.writer.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {1 << 30}")
    assert is_sound(tmp_path)


@pytest.mark.slow
def test_a_full_volume_and_then_room_again(tmp_path):
    with volume(tmp_path / "small", "6m") as folder:
        stored_in(folder)
        with serving(folder) as client:
            fill(folder)
            answer = client.post("/api/v2/networks", json=network_file(1))
            assert answer.status_code == 507, answer.text
            page = client.post(f"/networks/{XOR_SLUG}/rename", data={"slug": "other"}, headers=AS_PAGE)
            assert page.status_code == 507, page.text
            assert "no room left where the database is" in page.text
            assert "<html" in page.text
            assert client.get(f"/networks/{XOR_SLUG}/explanations").status_code == 200
            assert client.get("/health").json()["ready"]
            (folder / "filler").unlink()
            assert client.post("/api/v2/networks", json=network_file(1)).status_code == 201
        assert is_sound(folder)


@pytest.mark.slow
def test_a_job_whose_result_finds_no_room_is_saved_once_there_is(tmp_path):
    """It is neither failed nor lost, nor computed again, if no other worker is quicker when there is room again."""
    with volume(tmp_path / "small", "6m") as folder:
        stored_in(folder)
        store = open_store(Settings(data=folder))
        with store.write() as session:
            arguments = {"steps": 15, "seconds": 0.1}
            job_id = queue.enqueue(session, "count", arguments, definitions=KINDS).id

        def seen():
            with store.read() as session:
                row = queue.find_job(session, job_id)
                return row.state, row.attempts

        stop = threading.Event()
        pace = Pace(lease_seconds=2, poll_seconds=0.05, progress_seconds=0.05)
        worker = Worker(store, slots=1, stop=stop, pace=pace, definitions=KINDS)
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            wait_for(lambda: seen()[0] == "running")
            fill(folder)
            time.sleep(4)  # the computation ends meanwhile, and the lease runs out
            assert seen() == ("running", 1)
            (folder / "filler").unlink()
            wait_for(lambda: seen()[0] == "done")
            assert seen() == ("done", 1)
        finally:
            stop.set()
            thread.join(PATIENCE_SECONDS)
        store.close()
        assert is_sound(folder)


@pytest.mark.slow
def test_what_postgresql_cannot_hold_is_refused_as_bad(postgresql, tmp_path):
    app = create_app(Settings(data=tmp_path, database_url=postgresql.database()))
    with TestClient(app, base_url="http://127.0.0.1", client=LOCAL) as client:
        for path in ("/?q=%00", "/networks/a%00b", "/api/v2/jobs/%00", "/jobs?state=%00"):
            assert client.get(path).status_code in (400, 404, 422), path


@pytest.mark.slow
def test_a_postgresql_that_may_not_be_written_is_reported_as_read_only(postgresql, tmp_path):
    url = postgresql.database()
    store = store_at(url)
    stored_analysis(store)
    store.close()
    postgresql.run(f"ALTER DATABASE {url.rpartition('/')[2]} SET default_transaction_read_only = on")
    app = create_app(Settings(data=tmp_path, database_url=url))
    with TestClient(app, base_url="http://127.0.0.1", client=LOCAL) as client:
        assert client.get(f"/networks/{XOR_SLUG}/explanations").status_code == 200
        answer = client.post("/api/v2/networks", json=network_file(1))
        assert answer.status_code == 503
        assert "only be read" in answer.json()["error"]


@contextmanager
def read_only(folder):
    """The volume at a folder, which cannot be written meanwhile."""
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", folder], check=True)


def test_a_store_on_a_volume_that_is_read_only_is_served_and_checked_as_its_refusal_says(tmp_path, monkeypatch):
    with volume(tmp_path / "small", "6m") as folder:
        stored_in(folder)
        with read_only(folder):
            with pytest.raises(StoreUnavailable, match="not writable") as refused:
                open_store(Settings(data=folder))
            assert "PLURISCOPE_READ_ONLY=true" in refused.value.cure
            monkeypatch.setenv("PLURISCOPE_READ_ONLY", "true")
            monkeypatch.setenv("PLURISCOPE_DATA", str(folder))
            _prepare_store(settings := Settings(), bundled=True)
            with TestClient(create_app(settings)) as client:
                assert client.get("/health").status_code == client.get("/networks").status_code == 200
                assert client.post("/api/v2/networks", json={}).status_code == 403
            levels = {one.check: one.level for one in check.examine(dict(os.environ))}
            assert (levels["store"], levels["folder.room"]) == ("ok", "note")
