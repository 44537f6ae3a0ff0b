"""Workers show themselves while they are there, idle or not, and nothing that goes wrong with that stops them."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import select

from app.db.job_tables import WorkerRow
from app.jobs import presence
from app.jobs.worker import Pace, Worker


def present(store) -> list[WorkerRow]:
    with store.read() as session:
        return list(session.scalars(select(WorkerRow)))


def wait_until(true) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_idle_worker_is_seen_again_and_again_and_leaves(store, monkeypatch):
    monkeypatch.setattr(presence, "SHOWN_EVERY_SECONDS", 0.05)
    worker = Worker(store, slots=2, cluster="tcp://scheduler:8786", pace=Pace(look_seconds=0.02))
    thread = threading.Thread(target=worker.run)
    thread.start()
    wait_until(lambda: present(store))
    (row,) = present(store)
    assert (row.name, row.slots, row.cluster) == (worker.name, 2, "tcp://scheduler:8786")
    first = row.seen_at
    wait_until(lambda: present(store)[0].seen_at > first)
    assert present(store)[0].started_at == row.started_at
    worker.stop.set()
    thread.join()
    assert present(store) == []


def test_a_store_that_refuses_does_not_stop_the_work(store, caplog):
    caplog.set_level("INFO")
    now = datetime.now(UTC)
    barred = replace(store, writer=store.reader)
    presence.show(barred, "w", 1, "", started_at=now, now=now)
    presence.leave(barred, "w")
    assert "could not show itself" in caplog.text
    assert "could not take itself off" in caplog.text
