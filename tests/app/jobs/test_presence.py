"""Workers show themselves while they are there, idle or not, and nothing that goes wrong with that stops them."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import select

from app.db.job_tables import WorkerRow
from app.jobs.presence import shown
from app.jobs.worker import Worker


def present(store) -> list[WorkerRow]:
    with store.read() as session:
        return list(session.scalars(select(WorkerRow)))


def wait_until(true) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_idle_worker_is_seen_again_and_again_and_leaves(store):
    worker = Worker(store, slots=2)
    with shown(store, worker.name, slots=2, cluster="tcp://scheduler:8786", every_seconds=0.05):
        wait_until(lambda: present(store))
        (row,) = present(store)
        assert (row.name, row.slots, row.cluster) == (worker.name, 2, "tcp://scheduler:8786")
        first = row.seen_at
        wait_until(lambda: present(store)[0].seen_at > first)
        assert present(store)[0].started_at == row.started_at
    assert present(store) == []


@pytest.mark.slow
def test_a_store_that_refuses_does_not_stop_the_work(store, caplog):
    caplog.set_level("INFO")
    done = threading.Event()
    from dataclasses import replace

    with shown(replace(store, read_only=True), "w", slots=1, every_seconds=0.01):
        done.wait(0.1)
    assert "could not show itself" in caplog.text
    assert "could not take itself off" in caplog.text
