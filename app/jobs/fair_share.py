"""Whose turn it is: requesters share the workers in turns, however many jobs one of them has asked for.

Jobs of the same urgency are started by ``turn``, then by age. A requester's next job gets the turn after that of its
last one that still waits, but never one before the turn that is being served. So whoever has asked for a hundred jobs
is served once a round, and whoever comes later with one is served in the round that is under way, not after the
hundred. Nothing needs to be counted when a job is started: a claim is one step along an index.

Jobs that the application asks for itself share one turn-taker, the empty requester; what a job asks for when it ends
(the verdicts on an analysis, say) counts as asked for by whoever asked for that job.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db.job_tables import JobRow

CARRIED: Final = "requester"


def requester_in(session: Session) -> str:
    """Who asks in this session, as the route or the worker has set it; "" for the application itself."""
    return str(session.info.get(CARRIED, ""))


def next_turn(session: Session, requester: str, priority: int) -> int:
    """The turn of a job that begins to wait now.

    Args:
        session: of the writer; its transaction must hold the write lock, or two jobs may get the same turn, which
            then their age decides.
        requester: who asks for it.
        priority: its urgency; turns of different urgencies have nothing to do with each other.
    """
    waiting = (JobRow.state == "queued", JobRow.priority == priority)
    served = session.scalar(select(func.min(JobRow.turn)).where(*waiting)) or 0
    last = session.scalar(select(func.max(JobRow.turn)).where(*waiting, JobRow.requester == requester))
    return served if last is None else max(served, last + 1)
