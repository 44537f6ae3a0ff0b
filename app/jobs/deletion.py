"""Networks and what else has a name deleted in two steps: out of sight at once, for good when undoing is over.

    stored ──delete──▶ deleted ──purge, after the time──▶ gone
       ▲                  │
       └─────restore──────┘

What is deleted keeps everything; its addresses say that it is deleted, its work is cancelled, its slug stays taken.
What is bundled is never purged: the next start would only bring it back.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete as remove
from sqlalchemy import select
from sqlalchemy.orm import Session

from pluriscope.analysis.plugins import brought
from pluriscope.app.db.engine import Store
from pluriscope.app.db.errors import Conflict
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads.jobs import jobs_of_network
from pluriscope.app.db.table_base import Named
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.db.writes import delete_network
from pluriscope.app.jobs import queue

KEPT_ORIGIN: Final = "bundled"


def delete(session: Session, row: Named) -> None:
    """Take something out of sight and cancel the work on it; doing so again changes nothing."""
    if row.deleted_at is not None:
        return
    row.deleted_at = datetime.now(UTC)
    for job in jobs_of_network(session, row.digest, unfinished=True):
        with suppress(Conflict):  # it has just ended
            queue.cancel(session, job.id, now=row.deleted_at)
    session.flush()


def restore(session: Session, row: NetworkRow, *, now: datetime | None = None) -> None:
    """Undo the deletion of a network: what was found is back, and the work that it ended is queued again.

    Args:
        session: of the writer.
        now: the time, the present if not given.
    """
    if row.deleted_at is None:
        return
    deleted_at, row.deleted_at = row.deleted_at, None
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
        How many networks are gone.
    """
    before = (now or datetime.now(UTC)) - timedelta(days=days)
    with store.write() as session:
        for collection in brought("collections").values():
            collection.purge(session, before)
        gone = select(NetworkRow).where(NetworkRow.deleted_at <= before, NetworkRow.origin != KEPT_ORIGIN)
        networks = session.scalars(gone).all()
        for network in networks:
            # a worker that still computes one notices when it renews its lease; no new job begins
            session.execute(remove(JobRow).where(JobRow.network_digest == network.digest))
            delete_network(session, network)
    return len(networks)
