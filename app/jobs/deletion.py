"""Networks and studies deleted in two steps: out of sight at once, permanently when the time for undoing is over.

    stored ──delete──▶ deleted ──purge, after the time──▶ gone
       ▲                  │
       └─────restore──────┘

A deleted network keeps everything; its addresses say that it is deleted, its work is cancelled, its slug stays taken.
So does a deleted study. Its networks have pages of their own, which stay until the study is purged; then those that are
here as its outcomes and nothing else go too.
Each network that is purged goes in a transaction of its own, so that others may write between them.
Bundled networks and studies are never purged, since the next start would only bring them back.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.db.engine import Store
from app.db.errors import Conflict
from app.db.job_tables import JobRow
from app.db.reads.jobs import UNFINISHED
from app.db.reads.studies import networks_of_study_alone, study_jobs
from app.db.study_tables import StudyRow
from app.db.tables import NetworkRow
from app.db.writes import delete_network
from app.jobs import queue, study_queue

KEPT_ORIGIN: Final = "bundled"


def delete_softly(session: Session, row: NetworkRow) -> None:
    """Take a network out of sight and cancel its work; doing so again changes nothing.

    Args:
        session: of the writer.
        row: the network.
    """
    _delete(session, row, [job for job in _jobs(session, row) if job.state in UNFINISHED])


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


def delete_study(session: Session, row: StudyRow) -> None:
    """Take a study out of sight and cancel its work; doing so again changes nothing.

    Args:
        session: of the writer.
        row: the study.
    """
    _delete(session, row, study_jobs(session, row.digest, unfinished=True))


def _delete(session: Session, row: NetworkRow | StudyRow, unfinished: Iterable[JobRow]) -> None:
    if row.deleted_at is not None:
        return
    row.deleted_at = datetime.now(UTC)
    for job in unfinished:
        with suppress(Conflict):  # it has just ended
            queue.cancel(session, job.id, now=row.deleted_at)
    session.flush()


def restore_study(session: Session, row: StudyRow) -> None:
    """Undo a deletion: the study is back as it was, and goes on if it was running.

    Args:
        session: of the writer.
        row: the study.
    """
    if row.deleted_at is None:
        return
    row.deleted_at = None
    study_queue.schedule(session, row, again=True)
    session.flush()


def purge_deleted(store: Store, days: float, *, now: datetime | None = None) -> int:
    """Delete for good what was deleted so many days ago or earlier.

    Args:
        store: the store; others may write to it meanwhile.
        days: how long a deletion can be undone.
        now: the time, the present if not given.

    Returns:
        How many networks are gone, those of deleted studies among them.
    """
    before = (now or datetime.now(UTC)) - timedelta(days=days)
    n_gone = 0
    while True:
        with store.write() as session:
            _purge_studies(session, before)
            if not _purge_one(session, before):
                return n_gone
        n_gone += 1


def purge_beside(store: Store, days: float) -> None:
    """The same behind somebody's back: where the database is busy or full, it is done another time."""
    with suppress(OperationalError):
        purge_deleted(store, days)


def _purge_studies(session: Session, before: datetime) -> None:
    """Delete studies for good; networks that are here as their outcomes alone are then to be purged, one by one."""
    due = select(StudyRow).where(StudyRow.deleted_at <= before, StudyRow.origin != KEPT_ORIGIN)
    for row in session.scalars(due).all():
        own = NetworkRow.id.in_(networks_of_study_alone(row.id))
        session.execute(update(NetworkRow).where(own).values(deleted_at=row.deleted_at))
        session.execute(delete(JobRow).where(JobRow.network_digest == row.digest))
        session.delete(row)
        session.flush()


def _purge_one(session: Session, before: datetime) -> bool:
    """Delete one network for good; returns whether there was one."""
    due = select(NetworkRow).where(NetworkRow.deleted_at <= before, NetworkRow.origin != KEPT_ORIGIN)
    row = session.scalar(due.order_by(NetworkRow.id).limit(1))
    if row is None:
        return False
    # whoever still works on it is told so by its lease; nothing new comes
    session.execute(delete(JobRow).where(JobRow.network_digest == row.digest))
    delete_network(session, row)
    return True


def unfinished_jobs(session: Session, row: NetworkRow) -> int:
    """How many jobs on a network wait or run."""
    return sum(job.state in UNFINISHED for job in _jobs(session, row))


def _jobs(session: Session, row: NetworkRow) -> list[JobRow]:
    return list(session.scalars(select(JobRow).where(JobRow.network_digest == row.digest)))
