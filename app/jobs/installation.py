"""What an installation is like at this moment: jobs, workers, sizes, room. Read from the store, cheaply, whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from pydantic import Field
from sqlalchemy import func, make_url, or_, select, text
from sqlalchemy.orm import Session

from analysis.by_name import ByName
from app.db import sqlite
from app.db.engine import Store
from app.db.job_tables import JobRow, WorkerRow
from app.jobs.definitions import DEFINITIONS
from app.jobs.presence import PRESENT_SECONDS
from app.settings import Settings

STATES: Final = ("queued", "running", "done", "truncated", "failed", "cancelled")


class Present(ByName):
    """A worker that showed itself within the last day and did not leave."""

    name: str = Field(description="As its jobs' owners begin.")
    host: str
    pid: int
    slots: int = Field(description="Jobs at a time.")
    busy: int = Field(description="Jobs that it holds.")
    cluster: str = Field(description="The scheduler that it computes on; empty: its own machine.")
    version: str
    started_at: datetime
    seen_at: datetime
    present: bool = Field(description="Whether it showed itself lately.")


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


class Queue(ByName):
    """What waits for a worker."""

    ready: int = Field(description="Jobs that could be started now.")
    delayed: int = Field(description="Jobs that wait after an attempt that failed.")
    abandoned: int = Field(description="Running jobs whose lease has run out.")
    set_aside: int = Field(description="Failed jobs that failed too often.")
    oldest_seconds: float = Field(description="How long the first ready job has waited; 0 if none is.")


@dataclass(frozen=True)
class Installation:
    """Everything."""

    jobs: Mapping[tuple[str, str], int]  # (kind, state) → how many
    queue: Queue
    workers: tuple[Present, ...]
    sizes: Sizes

    @property
    def n_present(self) -> int:
        """Workers that are there."""
        return sum(worker.present for worker in self.workers)

    @property
    def slots(self) -> int:
        """Jobs that they can do at once."""
        return sum(worker.slots for worker in self.workers if worker.present)


def look_at(store: Store, settings: Settings, now: datetime) -> Installation:
    """Look at an installation, in one snapshot of its store.

    Raises:
        SQLAlchemyError: the store does not answer.
    """
    with store.read() as session:
        counted = session.execute(select(JobRow.kind, JobRow.state, func.count()).group_by(JobRow.kind, JobRow.state))
        jobs = {(kind, state): n for kind, state, n in counted}
        return Installation(jobs, _queue(session, now), _workers(session, now), sizes_of(store, settings, session))


def _queue(session: Session, now: datetime) -> Queue:
    queued, running = JobRow.state == "queued", JobRow.state == "running"
    is_ready = or_(JobRow.not_before.is_(None), JobRow.not_before <= now)
    ready, oldest = session.execute(select(func.count(), func.min(JobRow.created_at)).where(queued, is_ready)).one()
    delayed = session.scalar(select(func.count()).select_from(JobRow).where(queued, JobRow.not_before > now)) or 0
    left = session.scalar(select(func.count()).select_from(JobRow).where(running, JobRow.lease_until < now)) or 0
    aside = session.scalar(select(func.count()).select_from(JobRow).where(JobRow.state == "failed", JobRow.set_aside))
    waited = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
    return Queue(ready=ready, delayed=delayed, abandoned=left, set_aside=aside or 0, oldest_seconds=waited)


def _workers(session: Session, now: datetime) -> tuple[Present, ...]:
    owners = session.scalars(select(JobRow.owner).where(JobRow.state == "running", JobRow.lease_until >= now)).all()
    held = [str(owner).rpartition(":")[0] for owner in owners]
    since = now - timedelta(seconds=PRESENT_SECONDS)
    return tuple(
        Present.showing(row, busy=held.count(row.name), present=row.seen_at >= since)
        for row in session.scalars(select(WorkerRow).order_by(WorkerRow.started_at, WorkerRow.name))
    )


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


def metrics_of(found: Installation | None, now: datetime) -> Iterator[Metric]:
    """The same for Prometheus; without a store that answers, only that it does not."""
    yield _gauge("pluriscope_store_up", "Whether the database answers.", float(found is not None))
    if found is None:
        return
    jobs = GaugeMetricFamily("pluriscope_jobs", "Jobs by kind and state.", labels=["kind", "state"])
    for kind in sorted({*DEFINITIONS, *(kind for kind, _ in found.jobs)}):
        for state in STATES:
            jobs.add_metric([kind, state], found.jobs.get((kind, state), 0))
    yield jobs
    queue = found.queue
    yield _gauge("pluriscope_queue_ready_jobs", "Jobs that could be started now.", queue.ready)
    yield _gauge("pluriscope_queue_delayed_jobs", "Jobs that wait after an attempt that failed.", queue.delayed)
    yield _gauge("pluriscope_queue_abandoned_jobs", "Running jobs whose lease has run out.", queue.abandoned)
    yield _gauge("pluriscope_queue_oldest_seconds", "How long the first ready job has waited.", queue.oldest_seconds)
    yield _gauge("pluriscope_jobs_set_aside", "Failed jobs that failed too often.", queue.set_aside)
    yield _gauge("pluriscope_workers", "Workers that showed themselves lately.", found.n_present)
    yield _gauge("pluriscope_worker_slots", "Jobs that they can do at once.", found.slots)
    busy = GaugeMetricFamily("pluriscope_worker_busy_slots", "Jobs that a worker holds.", labels=["worker"])
    seen = GaugeMetricFamily(
        "pluriscope_worker_seen_seconds", "Seconds since a worker showed itself last.", labels=["worker"]
    )
    for worker in found.workers:
        busy.add_metric([worker.name], worker.busy)
        seen.add_metric([worker.name], max(0.0, (now - worker.seen_at).total_seconds()))
    yield busy
    yield seen
    yield _gauge("pluriscope_store_bytes", "Size of the database.", found.sizes.store)
    if found.sizes.log is not None:
        yield _gauge("pluriscope_store_log_bytes", "Size of SQLite's write-ahead log.", found.sizes.log)
    yield _gauge("pluriscope_volume_free_bytes", "Room left on the data folder's volume.", found.sizes.free)
    yield _gauge("pluriscope_volume_bytes", "Size of that volume.", found.sizes.total)


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=value)
