"""Networks deleted in two steps: out of sight at once, gone for good when the time for undoing it is over.

    stored ──delete──▶ deleted ──purge, after the time──▶ gone
       ▲                  │
       └─────restore──────┘

A deleted network keeps everything; its addresses say that it is deleted, its work is cancelled, its slug stays taken.
Bundled networks are never purged, since the next start would only bring them back.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.errors import Conflict
from app.db.reads.jobs import UNFINISHED
from app.db.tables import JobRow, NetworkRow
from app.db.writes import delete_network
from app.jobs import queue

KEPT_ORIGIN: Final = "bundled"


def delete_softly(session: Session, row: NetworkRow, *, now: datetime | None = None) -> None:
    """Take a network out of sight and cancel its work; doing so again changes nothing.

    Args:
        session: of the writer.
        row: the network.
        now: the time, the present if not given.
    """
    if row.deleted_at is not None:
        return
    now = now or datetime.now(UTC)
    row.deleted_at = now
    for job in _jobs(session, row):
        if job.state in UNFINISHED:
            with suppress(Conflict):  # it has just ended
                queue.cancel(session, job.id, now=now)
    session.flush()


def restore(session: Session, row: NetworkRow, *, now: datetime | None = None) -> None:
    """Undo a deletion: the network is back with all that was found, and the work that it ended is queued again.

    Args:
        session: of the writer.
        row: the network.
        now: the time, the present if not given.
    """
    if row.deleted_at is None:
        return
    deleted_at, row.deleted_at = row.deleted_at, None
    for job in _jobs(session, row):
        ended_by_it = job.state == "cancelled" and job.finished_at is not None and job.finished_at >= deleted_at
        if ended_by_it or job.cancel_requested:
            with suppress(Conflict):
                queue.retry(session, job.id, now=now)
    session.flush()


def purge_deleted(session: Session, days: float, *, now: datetime | None = None) -> int:
    """Delete for good what was deleted so many days ago or earlier.

    Args:
        session: of the writer.
        days: how long a deletion can be undone.
        now: the time, the present if not given.

    Returns:
        How many networks are gone.
    """
    before = (now or datetime.now(UTC)) - timedelta(days=days)
    gone = session.scalars(
        select(NetworkRow).where(NetworkRow.deleted_at <= before, NetworkRow.origin != KEPT_ORIGIN)
    ).all()
    for row in gone:
        delete_network(session, row)
    return len(gone)


def unfinished_jobs(session: Session, row: NetworkRow) -> int:
    """How many jobs on a network wait or run."""
    return sum(job.state in UNFINISHED for job in _jobs(session, row))


def _jobs(session: Session, row: NetworkRow) -> list[JobRow]:
    return list(session.scalars(select(JobRow).where(JobRow.network_digest == row.digest)))
