"""Networks and studies deleted in two steps: out of sight at once, permanently when the time for undoing is over.

    stored ──delete──▶ deleted ──purge, after the time──▶ gone
       ▲                  │
       └─────restore──────┘

What is deleted keeps everything; its addresses say that it is deleted, its work is cancelled, its slug stays taken. The
networks of a deleted study have pages of their own, which stay until the study is purged; then those that are here as
its outcomes and nothing else go too. Bundled networks and studies are never purged, since the next start would only
bring them back.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete as remove
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pluriscope.app.db.engine import Store
from pluriscope.app.db.errors import Conflict
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads.jobs import jobs_of_network
from pluriscope.app.db.reads.studies import networks_of_study_alone, tidy_parts
from pluriscope.app.db.study_tables import StudyRow
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.db.writes import delete_network
from pluriscope.app.jobs import queue, study_queue

KEPT_ORIGIN: Final = "bundled"


def delete(session: Session, row: NetworkRow | StudyRow) -> None:
    """Take a network or a study out of sight and cancel its work; doing so again changes nothing."""
    if row.deleted_at is not None:
        return
    row.deleted_at = datetime.now(UTC)
    for job in jobs_of_network(session, row.digest, unfinished=True):
        with suppress(Conflict):  # it has just ended
            queue.cancel(session, job.id, now=row.deleted_at)
    session.flush()


def restore(session: Session, row: NetworkRow | StudyRow, *, now: datetime | None = None) -> None:
    """Undo a deletion: what was found is back, and the work that it ended is queued again; a study that was running
    goes on.

    Args:
        session: of the writer.
        now: the time, the present if not given.
    """
    if row.deleted_at is None:
        return
    deleted_at, row.deleted_at = row.deleted_at, None
    if isinstance(row, StudyRow):
        study_queue.go_on(session, row)
    else:
        for job in session.scalars(select(JobRow).where(JobRow.network_digest == row.digest)).all():
            ended_by_it = job.state == "cancelled" and job.finished_at is not None and job.finished_at >= deleted_at
            if ended_by_it or job.cancel_requested:
                with suppress(Conflict):
                    queue.retry(session, job.id, now=now)
    session.flush()


def purge_deleted(store: Store, days: float, *, now: datetime | None = None) -> int:
    """Delete for good what was deleted so many days ago or earlier.

    Args:
        days: how long a deletion can be undone.
        now: the time, the present if not given.

    Returns:
        How many networks are gone, those of deleted studies among them.
    """
    before = (now or datetime.now(UTC)) - timedelta(days=days)
    with store.write() as session:
        due = select(StudyRow).where(StudyRow.deleted_at <= before, StudyRow.origin != KEPT_ORIGIN)
        for study in session.scalars(due).all():
            own = NetworkRow.id.in_(networks_of_study_alone(session, study))
            session.execute(update(NetworkRow).where(own).values(deleted_at=study.deleted_at))
            session.execute(remove(JobRow).where(JobRow.network_digest == study.digest))
            session.delete(study)
            session.flush()
        gone = select(NetworkRow).where(NetworkRow.deleted_at <= before, NetworkRow.origin != KEPT_ORIGIN)
        networks = session.scalars(gone).all()
        for network in networks:
            # whoever still works on it is told so by its lease; nothing new comes
            session.execute(remove(JobRow).where(JobRow.network_digest == network.digest))
            delete_network(session, network)
        tidy_parts(session)
    return len(networks)
