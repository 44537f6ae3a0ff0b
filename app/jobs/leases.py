"""Jobs that somebody works on: claimed with a lease, renewed by a heartbeat, every change fenced by the owner.

All functions work in the caller's write transaction. On SQLite that transaction holds the write lock from its
beginning; on other databases the claim skips rows that another transaction has locked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from analysis.progress import Progress
from app.db.tables import JobRow
from app.jobs.definitions import DEFINITIONS, JobDefinition
from app.jobs.queue import add_log

LEASE_SECONDS: Final = 30.0


class LeaseLost(Exception):
    """The job is no longer this owner's: its lease ran out and another took it up, or it was deleted."""


@dataclass(frozen=True)
class Claim:
    """A job that an owner holds.

    Args:
        job_id: the job's public id.
        kind: key of its definition.
        arguments: as enqueued.
        owner: who holds it; every later change is fenced by it.
        attempt: 1 on the first try.
        losses: how often its process was lost before.
    """

    job_id: str
    kind: str
    arguments: Mapping[str, Any]
    owner: str
    attempt: int
    losses: int


def claimable(now: datetime) -> ColumnElement[bool]:
    """Whether a job waits for somebody: queued, or running under a lease that has run out."""
    expired = and_(JobRow.state == "running", JobRow.lease_until < now)
    return or_(JobRow.state == "queued", expired)


def claim(
    session: Session,
    owner: str,
    *,
    lease_seconds: float = LEASE_SECONDS,
    definitions: Mapping[str, JobDefinition] = DEFINITIONS,
    now: datetime | None = None,
) -> Claim | None:
    """Take the most urgent job there is, None if there is none; exactly one owner gets it."""
    now = now or datetime.now(UTC)
    _end_hopeless(session, definitions, now)
    candidate = (
        select(JobRow.id)
        .where(claimable(now), JobRow.kind.in_(definitions))
        .order_by(JobRow.priority, JobRow.created_at, JobRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)  # SQLite has no such thing and needs none: the transaction is exclusive
    )
    taken = session.execute(
        update(JobRow)
        .where(JobRow.id == candidate.scalar_subquery())
        .values(
            state="running",
            owner=owner,
            lease_until=now + timedelta(seconds=lease_seconds),
            attempts=JobRow.attempts + 1,
            started_at=now,
        )
        .returning(JobRow.id, JobRow.kind, JobRow.arguments, JobRow.attempts, JobRow.losses)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if taken is None:
        return None
    job_id, kind, arguments, attempt, losses = taken
    message = "taken up" if attempt == 1 else f"taken up again, attempt {attempt}"
    add_log(session, job_id, message, now=now)
    return Claim(job_id, kind, arguments, owner, attempt, losses)


def _end_hopeless(session: Session, definitions: Mapping[str, JobDefinition], now: datetime) -> None:
    """End abandoned jobs that nobody should take up: those asked to stop, and those that were lost too often."""
    abandoned = select(JobRow).where(JobRow.state == "running", JobRow.lease_until < now, JobRow.kind.in_(definitions))
    for row in session.scalars(abandoned.with_for_update(skip_locked=True)):
        if row.cancel_requested:
            _end(row, "cancelled", now)
            add_log(session, row.id, "stopped on request", now=now)
        elif row.attempts >= definitions[row.kind].max_attempts:
            _end(row, "failed", now, error=_LOST.format("worker", row.attempts))
            add_log(session, row.id, row.error, "error", now=now)
    session.flush()


_LOST: Final = (
    "job: its {} was lost {} times, as happens when memory runs out. Try a smaller network, or retry the job."
)


def _end(row: JobRow, state: str, now: datetime, error: str = "") -> None:
    row.state, row.finished_at, row.error = state, now, error
    row.owner = row.lease_until = None


def heartbeat(
    session: Session,
    held: Claim,
    progress: Progress | None = None,
    *,
    lease_seconds: float = LEASE_SECONDS,
    now: datetime | None = None,
) -> bool:
    """Renew the lease, note the progress, learn whether to stop: one fenced statement.

    Returns:
        Whether someone asked to cancel the job.

    Raises:
        LeaseLost: the job is another's by now.
    """
    now = now or datetime.now(UTC)
    values: dict[str, Any] = {"lease_until": now + timedelta(seconds=lease_seconds)}
    if progress is not None:
        values |= {
            "stage": progress.stage[:40],
            "done": int(progress.done),
            "total": int(progress.total),
            "found": progress.found[:300],
        }
    return bool(_fenced(session, held, values))


def finish(
    session: Session,
    held: Claim,
    result: Mapping[str, Any],
    found: str = "",
    *,
    truncated: bool = False,
    now: datetime | None = None,
) -> None:
    """End a job well, in the transaction that saved what it found.

    Args:
        session: of the writer.
        held: the job.
        result: JSON values.
        found: one line for people.
        truncated: whether a search stopped at a limit.
        now: time of the end, the present if not given.

    Raises:
        LeaseLost: the job is another's by now; the transaction must be rolled back.
    """
    state = "truncated" if truncated else "done"
    _end_held(session, held, state, now, result=dict(result), stage="", found=found[:300])
    add_log(session, held.job_id, found or state, now=now)


def fail(
    session: Session, held: Claim, error: str, *, result: Mapping[str, Any] | None = None, now: datetime | None = None
) -> None:
    """End a job with an error that another attempt would meet again.

    Raises:
        LeaseLost: the job is another's by now.
    """
    _end_held(session, held, "failed", now, error=error, result=dict(result or {}))
    add_log(session, held.job_id, error, "error", now=now)


def stop(session: Session, held: Claim, *, now: datetime | None = None) -> None:
    """End a job that was asked to stop and did.

    Raises:
        LeaseLost: the job is another's by now.
    """
    _end_held(session, held, "cancelled", now)
    add_log(session, held.job_id, "stopped on request", now=now)


def release(session: Session, held: Claim, *, now: datetime | None = None) -> None:
    """Give a job back unharmed, as a worker does that is told to leave; the attempt does not count.

    Raises:
        LeaseLost: the job is another's by now.
    """
    _back_to_queue(session, held, held.attempt - 1, "given back by a worker that leaves", "info", now)


def requeue(
    session: Session,
    held: Claim,
    reason: str,
    *,
    definitions: Mapping[str, JobDefinition] = DEFINITIONS,
    now: datetime | None = None,
) -> None:
    """Give a job back whose process was lost; if that happened too often, it fails.

    Raises:
        LeaseLost: the job is another's by now.
    """
    losses = held.losses + 1
    _fenced(session, held, {"losses": losses})
    if losses >= definitions[held.kind].max_losses:
        fail(session, held, _LOST.format("process", losses), now=now)
        return
    _back_to_queue(session, held, held.attempt, f"{reason}; queued again", "warning", now)


def _back_to_queue(
    session: Session, held: Claim, attempts: int, message: str, level: str, now: datetime | None
) -> None:
    """Queue a held job again, or end it if it is asked to stop anyway."""
    if heartbeat(session, held, now=now):
        stop(session, held, now=now)
        return
    fresh = {"stage": "", "done": 0, "total": 0, "found": "", "started_at": None, "owner": None, "lease_until": None}
    _fenced(session, held, {"state": "queued", "attempts": attempts, **fresh})
    add_log(session, held.job_id, message, level, now=now)


def _end_held(session: Session, held: Claim, state: str, now: datetime | None, **values: Any) -> None:
    now = now or datetime.now(UTC)
    _fenced(session, held, {"state": state, "finished_at": now, "owner": None, "lease_until": None, **values})


def _fenced(session: Session, held: Claim, values: Mapping[str, Any]) -> bool:
    """Change a job only while its owner holds it; returns whether it is asked to stop."""
    asked = session.execute(
        update(JobRow)
        .where(JobRow.id == held.job_id, JobRow.owner == held.owner, JobRow.state == "running")
        .values(**values)
        .returning(JobRow.cancel_requested)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if asked is None:
        raise LeaseLost(held.job_id)
    return bool(asked)
