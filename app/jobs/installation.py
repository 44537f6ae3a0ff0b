"""What an installation is like at this moment: jobs, workers, sizes, room. Read from the store, cheaply, whole."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import ColumnElement, func, make_url, or_, select, text
from sqlalchemy.orm import Session

from app.db import sqlite
from app.db.engine import Store
from app.db.job_tables import JobRow, WorkerRow
from app.jobs.definitions import DEFINITIONS
from app.settings import Settings

PRESENT_SECONDS: Final = 45.0
"""A worker that has not shown itself for longer is taken for gone; a busy database may swallow a sign or two."""
STATES: Final = ("queued", "running", "done", "truncated", "failed", "cancelled")
FIGURES: Final = {
    "queue_ready_jobs": "Jobs that could be started now.",
    "queue_delayed_jobs": "Jobs that wait after an attempt that failed.",
    "queue_abandoned_jobs": "Running jobs whose lease has run out.",
    "queue_oldest_seconds": "How long the first ready job has waited.",
    "jobs_set_aside": "Failed jobs that failed too often.",
    "workers": "Workers that showed themselves lately.",
    "worker_slots": "Jobs that they can do at once.",
    "store_bytes": "Size of the database.",
    "store_log_bytes": "Size of SQLite's write-ahead log.",
    "volume_free_bytes": "Room left on the data folder's volume.",
    "volume_bytes": "Size of that volume.",
}
"""Numbers of an installation and what they mean; of PostgreSQL no log is known."""


@dataclass(frozen=True)
class Installation:
    """Everything.

    Args:
        now: when it was looked at.
        jobs: (kind, state) → how many.
        workers: that showed themselves within the last day and did not leave.
        busy: a worker's name → jobs that it holds.
        figures: see :data:`FIGURES`.
    """

    now: datetime
    jobs: Mapping[tuple[str, str], int]
    workers: Sequence[WorkerRow]
    busy: Counter[str]
    figures: Mapping[str, float]


def is_present(worker: WorkerRow, now: datetime) -> bool:
    """Whether a worker showed itself lately."""
    return worker.seen_at >= now - timedelta(seconds=PRESENT_SECONDS)


def look_at(store: Store, settings: Settings, now: datetime) -> Installation:
    """Look at an installation, in one snapshot of its store.

    Raises:
        SQLAlchemyError: the store does not answer.
    """
    queued, running = JobRow.state == "queued", JobRow.state == "running"
    is_ready = or_(JobRow.not_before.is_(None), JobRow.not_before <= now)
    with store.read() as session:
        counted = session.execute(select(JobRow.kind, JobRow.state, func.count()).group_by(JobRow.kind, JobRow.state))
        oldest = session.scalar(select(func.min(JobRow.created_at)).where(queued, is_ready))
        owners = session.scalars(select(JobRow.owner).where(running, JobRow.lease_until >= now))
        workers = session.scalars(select(WorkerRow).order_by(WorkerRow.started_at, WorkerRow.name)).all()
        present = [worker for worker in workers if is_present(worker, now)]
        return Installation(
            now=now,
            jobs={(kind, state): n for kind, state, n in counted},
            workers=workers,
            busy=Counter(str(owner).rpartition(":")[0] for owner in owners),
            figures={
                "queue_ready_jobs": _count(session, queued, is_ready),
                "queue_delayed_jobs": _count(session, queued, JobRow.not_before > now),
                "queue_abandoned_jobs": _count(session, running, JobRow.lease_until < now),
                "queue_oldest_seconds": max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
                "jobs_set_aside": _count(session, JobRow.state == "failed", JobRow.set_aside.is_(True)),
                "workers": len(present),
                "worker_slots": sum(worker.slots for worker in present),
                **_sizes(store, settings, session),
            },
        )


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(JobRow).where(*conditions)) or 0


def _sizes(store: Store, settings: Settings, session: Session) -> dict[str, int]:
    """What is taken and what is left."""
    usage = shutil.disk_usage(settings.data if settings.data.is_dir() else "/")
    room = {"volume_free_bytes": usage.free, "volume_bytes": usage.total}
    if store.reader.dialect.name != "sqlite":
        return {"store_bytes": session.scalar(text("SELECT pg_database_size(current_database())")) or 0, **room}
    file = sqlite.file_of(make_url(store.url))
    files = {"store_bytes": file, "store_log_bytes": file and file.with_name(f"{file.name}-wal")}
    return {name: one.stat().st_size if one and one.exists() else 0 for name, one in files.items()} | room


def metrics_of(found: Installation | None) -> Iterator[Metric]:
    """The same for Prometheus; without a store that answers, only that it does not."""
    is_up = float(found is not None)
    yield GaugeMetricFamily("pluriscope_store_up", "Whether the database answers.", value=is_up)
    if found is None:
        return
    jobs = GaugeMetricFamily("pluriscope_jobs", "Jobs by kind and state.", labels=["kind", "state"])
    for kind in sorted({*DEFINITIONS, *(kind for kind, _ in found.jobs)}):
        for state in STATES:
            jobs.add_metric([kind, state], found.jobs.get((kind, state), 0))
    yield jobs
    busy = GaugeMetricFamily("pluriscope_worker_busy_slots", "Jobs that a worker holds.", labels=["worker"])
    words = "Seconds since a worker showed itself last."
    seen = GaugeMetricFamily("pluriscope_worker_seen_seconds", words, labels=["worker"])
    for worker in found.workers:
        busy.add_metric([worker.name], found.busy[worker.name])
        seen.add_metric([worker.name], max(0.0, (found.now - worker.seen_at).total_seconds()))
    yield busy
    yield seen
    for name, value in found.figures.items():
        yield GaugeMetricFamily(f"pluriscope_{name}", FIGURES[name], value=value)
