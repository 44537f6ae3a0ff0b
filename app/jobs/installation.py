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


@dataclass(frozen=True)
class Sizes:
    """What is taken and what is left, in bytes.

    Args:
        store: the database.
        log: SQLite's write-ahead log; None for another database.
        free: left for the data folder's volume.
        total: of that volume.
    """

    store: int
    log: int | None
    free: int
    total: int


@dataclass(frozen=True)
class Installation:
    """Everything.

    Args:
        now: when it was looked at.
        jobs: (kind, state) → how many.
        ready: jobs that could be started now.
        delayed: jobs that wait after an attempt that failed.
        abandoned: running jobs whose lease has run out.
        set_aside: failed jobs that failed too often.
        oldest_seconds: how long the first ready job has waited; 0 if none is.
        workers: that showed themselves within the last day and did not leave.
        busy: a worker's name → jobs that it holds.
        sizes: see there.
    """

    now: datetime
    jobs: Mapping[tuple[str, str], int]
    ready: int
    delayed: int
    abandoned: int
    set_aside: int
    oldest_seconds: float
    workers: Sequence[WorkerRow]
    busy: Counter[str]
    sizes: Sizes

    @property
    def present(self) -> list[WorkerRow]:
        """Workers that showed themselves lately."""
        since = self.now - timedelta(seconds=PRESENT_SECONDS)
        return [worker for worker in self.workers if worker.seen_at >= since]

    @property
    def slots(self) -> int:
        """Jobs that they can do at once."""
        return sum(worker.slots for worker in self.present)


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
        return Installation(
            now=now,
            jobs={(kind, state): n for kind, state, n in counted},
            ready=_count(session, queued, is_ready),
            delayed=_count(session, queued, JobRow.not_before > now),
            abandoned=_count(session, running, JobRow.lease_until < now),
            set_aside=_count(session, JobRow.state == "failed", JobRow.set_aside.is_(True)),
            oldest_seconds=max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
            workers=session.scalars(select(WorkerRow).order_by(WorkerRow.started_at, WorkerRow.name)).all(),
            busy=Counter(str(owner).rpartition(":")[0] for owner in owners),
            sizes=sizes_of(store, settings, session),
        )


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(JobRow).where(*conditions)) or 0


def sizes_of(store: Store, settings: Settings, session: Session) -> Sizes:
    """What is taken and what is left."""
    usage = shutil.disk_usage(settings.data if settings.data.is_dir() else "/")
    if store.reader.dialect.name == "sqlite":
        file = sqlite.file_of(make_url(store.url))
        log = file.with_name(f"{file.name}-wal") if file is not None else None
        return Sizes(
            store=file.stat().st_size if file is not None and file.exists() else 0,
            log=log.stat().st_size if log is not None and log.exists() else 0,
            free=usage.free,
            total=usage.total,
        )
    size = session.scalar(text("SELECT pg_database_size(current_database())")) or 0
    return Sizes(store=int(size), log=None, free=usage.free, total=usage.total)


def metrics_of(found: Installation | None) -> Iterator[Metric]:
    """The same for Prometheus; without a store that answers, only that it does not."""
    yield _gauge("pluriscope_store_up", "Whether the database answers.", float(found is not None))
    if found is None:
        return
    jobs = GaugeMetricFamily("pluriscope_jobs", "Jobs by kind and state.", labels=["kind", "state"])
    for kind in sorted({*DEFINITIONS, *(kind for kind, _ in found.jobs)}):
        for state in STATES:
            jobs.add_metric([kind, state], found.jobs.get((kind, state), 0))
    yield jobs
    yield _gauge("pluriscope_queue_ready_jobs", "Jobs that could be started now.", found.ready)
    yield _gauge("pluriscope_queue_delayed_jobs", "Jobs that wait after an attempt that failed.", found.delayed)
    yield _gauge("pluriscope_queue_abandoned_jobs", "Running jobs whose lease has run out.", found.abandoned)
    yield _gauge("pluriscope_queue_oldest_seconds", "How long the first ready job has waited.", found.oldest_seconds)
    yield _gauge("pluriscope_jobs_set_aside", "Failed jobs that failed too often.", found.set_aside)
    yield _gauge("pluriscope_workers", "Workers that showed themselves lately.", len(found.present))
    yield _gauge("pluriscope_worker_slots", "Jobs that they can do at once.", found.slots)
    busy = GaugeMetricFamily("pluriscope_worker_busy_slots", "Jobs that a worker holds.", labels=["worker"])
    seen = GaugeMetricFamily(
        "pluriscope_worker_seen_seconds", "Seconds since a worker showed itself last.", labels=["worker"]
    )
    for worker in found.workers:
        busy.add_metric([worker.name], found.busy[worker.name])
        seen.add_metric([worker.name], max(0.0, (found.now - worker.seen_at).total_seconds()))
    yield busy
    yield seen
    yield _gauge("pluriscope_store_bytes", "Size of the database.", found.sizes.store)
    if found.sizes.log is not None:
        yield _gauge("pluriscope_store_log_bytes", "Size of SQLite's write-ahead log.", found.sizes.log)
    yield _gauge("pluriscope_volume_free_bytes", "Room left on the data folder's volume.", found.sizes.free)
    yield _gauge("pluriscope_volume_bytes", "Size of that volume.", found.sizes.total)


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=value)
