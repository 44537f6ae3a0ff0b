"""The present state of an installation: jobs, workers, sizes, free room. Read from the store in a few queries."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, func, make_url, or_, select, text
from sqlalchemy.orm import Session

from pluriscope.app.db import sqlite
from pluriscope.app.db.engine import Store
from pluriscope.app.db.job_tables import JobRow, WorkerRow
from pluriscope.app.jobs.definitions import DEFINITIONS
from pluriscope.app.jobs.queue import SEEN, Watch
from pluriscope.app.settings import Settings

PRESENT_SECONDS: Final = 45.0
"""A worker that has not shown itself for longer is taken for gone; a busy database may swallow a sign or two."""
STATES: Final = ("queued", "running", "done", "truncated", "failed", "cancelled")


@dataclass(frozen=True)
class Installation:
    """State of an installation at one time.

    Args:
        now: when it was looked at.
        jobs: (kind, state) → how many.
        workers: that showed themselves within the last day and did not leave.
        busy: a worker's name → jobs that it holds.
        figures: jobs that could be started now, that wait after a failed attempt, whose lease has run out while this
            process looked, that failed too often; seconds that the first ready one has waited; workers present and
            what they do at once; bytes of the database, of SQLite's log, and of the data folder's volume.
    """

    now: datetime
    jobs: Mapping[tuple[str, str], int]
    workers: Sequence[WorkerRow]
    busy: Counter[str]
    figures: Mapping[str, float]


def is_present(worker: WorkerRow, now: datetime) -> bool:
    """Whether a worker showed itself lately."""
    return worker.seen_at >= now - timedelta(seconds=PRESENT_SECONDS)


def look_at(store: Store, settings: Settings, now: datetime, watch: Watch = SEEN) -> Installation:
    """Look at an installation, in one snapshot of its store.

    Args:
        watch: has looked before; leases run out while it looks.

    Raises:
        SQLAlchemyError: the store does not answer.
    """
    queued, running = JobRow.state == "queued", JobRow.state == "running"
    is_over = or_(JobRow.not_before.is_(None), JobRow.not_before <= now)
    is_ready = and_(is_over, JobRow.kind.in_(DEFINITIONS))  # what waits for a plugin can be started by nobody
    with store.read() as session:
        counted = session.execute(select(JobRow.kind, JobRow.state, func.count()).group_by(JobRow.kind, JobRow.state))
        oldest = session.scalar(select(func.min(JobRow.created_at)).where(queued, is_ready))
        lapsed = {job for job, _ in watch.lapsed(session)}
        owners = session.scalars(select(JobRow.owner).where(running, JobRow.id.not_in(lapsed)))
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
                "queue_abandoned_jobs": len(lapsed),
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
    """Bytes of the database, of its log, and of the data folder's volume, by name."""
    usage = shutil.disk_usage(settings.data if settings.data.is_dir() else "/")
    room = {"volume_free_bytes": usage.free, "volume_bytes": usage.total}
    if store.reader.dialect.name != "sqlite":
        return {"store_bytes": session.scalar(text("SELECT pg_database_size(current_database())")) or 0, **room}
    file = sqlite.file_of(make_url(store.url))
    files = {"store_bytes": file, "store_log_bytes": file and file.with_name(f"{file.name}-wal")}
    return {name: one.stat().st_size if one and one.exists() else 0 for name, one in files.items()} | room
