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

from analysis.digest import sha256_hex
from analysis.progress import Progress
from app.db.job_tables import JobRow
from app.jobs.definitions import DEFINITIONS, JobDefinition
from app.jobs.queue import add_log

LEASE_SECONDS: Final = 30.0
MAX_LOSSES: Final = 5  # how often its process may die under a job; then the job itself is taken to be the cause
MAX_CRASHES: Final = 2  # what is computed knows no chance: one more attempt tells whether it was the machine
MAX_ATTEMPTS: Final = 30  # how often it is started at all, whole workers that were killed included


class LeaseLost(Exception):
    """The job is no longer this owner's: its lease ran out and another took it up, or it was deleted."""


@dataclass(frozen=True)
class Claim:
    """A job that an owner holds.

    Args:
        job_id: the job's public id.
        definition: of its kind.
        arguments: as enqueued.
        owner: who holds it; every later change is fenced by it.
        attempt: 1 on the first try.
        losses: how many attempts failed before.
        requester: who asked for it; so did they for what it asks for when it ends.
    """

    job_id: str
    definition: JobDefinition
    arguments: Mapping[str, Any]
    owner: str
    attempt: int
    losses: int
    requester: str = ""


def waiting(now: datetime) -> ColumnElement[bool]:
    """Whether a job is queued and its wait, if it has one, is over."""
    return and_(JobRow.state == "queued", or_(JobRow.not_before.is_(None), JobRow.not_before <= now))


def abandoned(now: datetime) -> ColumnElement[bool]:
    """Whether a job runs by its state, but under a lease that has run out."""
    return and_(JobRow.state == "running", JobRow.lease_until < now)


def claimable(now: datetime) -> ColumnElement[bool]:
    """Whether a job waits for somebody."""
    return or_(waiting(now), abandoned(now))


def claim(
    session: Session,
    owner: str,
    *,
    lease_seconds: float = LEASE_SECONDS,
    definitions: Mapping[str, JobDefinition] = DEFINITIONS,
    now: datetime | None = None,
) -> Claim | None:
    """Take the most urgent job there is, None if there is none; exactly one owner gets it.

    Of the same urgency the requesters take turns (:mod:`app.jobs.fair_share`), and each one's oldest comes first.
    """
    now = now or datetime.now(UTC)
    _end_hopeless(session, definitions, now)
    best = min(
        filter(None, (_first(session, which, definitions) for which in (waiting(now), abandoned(now)))), default=None
    )
    if best is None:
        return None
    taken = session.execute(
        update(JobRow)
        .where(JobRow.id == best[-1], claimable(now))
        .values(
            state="running",
            owner=owner,
            lease_until=now + timedelta(seconds=lease_seconds),
            attempts=JobRow.attempts + 1,
            started_at=now,
            not_before=None,
        )
        .returning(JobRow.id, JobRow.kind, JobRow.arguments, JobRow.attempts, JobRow.losses, JobRow.requester)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if taken is None:
        return None
    job_id, kind, arguments, attempt, losses, requester = taken
    message = "started" if attempt == 1 else f"started again, attempt {attempt}"
    add_log(session, job_id, message, now=now)
    return Claim(job_id, definitions[kind], arguments, owner, attempt, losses, requester)


def _first(
    session: Session, which: ColumnElement[bool], definitions: Mapping[str, JobDefinition]
) -> tuple[int, int, datetime, str] | None:
    """The first in line among some jobs: priority, turn, time of asking, id.

    Each is a walk along one index that stops at the first hit; together in one statement they would sort the queue.
    """
    row = session.execute(
        select(JobRow.priority, JobRow.turn, JobRow.created_at, JobRow.id)
        .where(which, JobRow.kind.in_(definitions))
        .order_by(JobRow.priority, JobRow.turn, JobRow.created_at, JobRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)  # SQLite has no such thing and needs none: the transaction is exclusive
    ).one_or_none()
    return None if row is None else tuple(row)  # type: ignore[return-value]  # SQLAlchemy knows no more than a row


def _end_hopeless(session: Session, definitions: Mapping[str, JobDefinition], now: datetime) -> None:
    """End abandoned jobs that nobody should take up: those asked to stop, and those that were lost too often."""
    left = select(JobRow).where(abandoned(now), JobRow.kind.in_(definitions))
    for row in session.scalars(left.with_for_update(skip_locked=True)):
        if row.cancel_requested:
            _end(row, "cancelled", now)
            add_log(session, row.id, "stopped on request", now=now)
        elif row.attempts >= MAX_ATTEMPTS:
            _end(row, "failed", now, error=_LOST.format(f"worker was lost {row.attempts} times"))
            row.set_aside = True
            add_log(session, row.id, row.error, "error", now=now)
    session.flush()


_LOST: Final = (
    "job: its {}, so it is given up. That happens when memory runs out, or through an internal error. "
    "Try a smaller network, or try the job again."
)


def _end(row: JobRow, state: str, now: datetime, error: str = "") -> None:
    row.state, row.finished_at, row.error = state, now, error
    row.owner = row.lease_until = row.not_before = None


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
    session: Session,
    held: Claim,
    error: str,
    *,
    result: Mapping[str, Any] | None = None,
    set_aside: bool = False,
    now: datetime | None = None,
) -> None:
    """End a job with an error that another attempt would meet again.

    Args:
        session: of the writer.
        held: the job.
        error: item, cause and cure.
        result: JSON values.
        set_aside: whether it ends because its attempts failed, not because it was refused.
        now: time of the end, the present if not given.

    Raises:
        LeaseLost: the job is another's by now.
    """
    _end_held(session, held, "failed", now, error=error, result=dict(result or {}), set_aside=set_aside)
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
    crashed: bool = False,
    blame: bool = True,
    result: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> None:
    """Give a job back whose attempt failed, to be tried again after a wait; too often, and it is given up.

    Args:
        session: of the writer.
        held: the job.
        reason: what happened, to follow "its", e.g. "process was lost (exit code -9)".
        crashed: whether an unforeseen error ended it; then fewer attempts may fail.
        blame: whether the job may be the cause; a database or a cluster that is away says nothing against it.
        result: JSON values if it is given up.
        now: time of the loss, the present if not given.

    Raises:
        LeaseLost: the job is another's by now.
    """
    now = now or datetime.now(UTC)
    losses = held.losses + blame
    _fenced(session, held, {"losses": losses})
    if blame and losses >= (MAX_CRASHES if crashed else MAX_LOSSES):
        words = _LOST.format(f"{reason}, the last of {losses} failed attempts")
        fail(session, held, words, result=result, set_aside=True, now=now)
        return
    wait = wait_after(held.job_id, max(losses, 1))
    message = f"its {reason}; tried again in {wait.total_seconds():.1f} s"
    attempts = held.attempt if blame else held.attempt - 1
    _back_to_queue(session, held, attempts, message, "warning", now, not_before=now + wait)


def _back_to_queue(
    session: Session,
    held: Claim,
    attempts: int,
    message: str,
    level: str,
    now: datetime | None,
    *,
    not_before: datetime | None = None,
) -> None:
    """Queue a held job again, or end it if it is asked to stop anyway."""
    if heartbeat(session, held, now=now):
        stop(session, held, now=now)
        return
    fresh = {"stage": "", "done": 0, "total": 0, "found": "", "started_at": None, "owner": None, "lease_until": None}
    _fenced(session, held, {"state": "queued", "attempts": attempts, "not_before": not_before, **fresh})
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


# --- how long a job waits after an attempt that failed: longer each time, and not all of them at once
#
# The wait doubles from attempt to attempt up to a limit. Between half of it and the whole is chosen by a hash of the
# job and the attempt, so that jobs which failed together (a database away, memory gone) do not come back together,
# and yet the same history always gives the same waits.


FIRST_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 300.0


def wait_after(job_id: str, losses: int) -> timedelta:
    """The wait before the next attempt.

    Args:
        job_id: the job's public id.
        losses: attempts that failed so far, at least 1.

    Returns:
        Between half and the whole of ``2 ** (losses - 1)`` seconds, at most five minutes.
    """
    whole: float = min(FIRST_SECONDS * 2.0 ** (min(losses, 60) - 1), LONGEST_SECONDS)
    share = int(sha256_hex(f"{job_id}:{losses}".encode())[:8], 16) / 0xFFFF_FFFF
    return timedelta(seconds=whole * (0.5 + 0.5 * share))
