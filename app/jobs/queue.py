"""The job table as a queue: claimed with a lease, renewed by a heartbeat, every change fenced by the owner.

    queued ──claim──▶ running ──finish──▶ done, truncated
       ▲                 │ ├───fail─────▶ failed
       │                 │ └───stop─────▶ cancelled
       └──requeue, release, lease expired┘

All functions work in the caller's write transaction. On SQLite that transaction holds the write lock from its
beginning; on other databases the claim skips rows that another transaction has locked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from analysis.criteria.steps import CriterionStep, default_steps
from analysis.data import DataRecord
from analysis.progress import Progress
from analysis.protocol import Protocol
from app.db.errors import Conflict, NotFound
from app.db.reads.jobs import find_job
from app.db.tables import AnalysisRow, JobLogRow, JobRow, NetworkRow, VerdictRow
from app.jobs.definitions import (
    DEFINITIONS,
    JobDefinition,
    analyse_arguments,
    common_ground_arguments,
    criteria_arguments,
)

LEASE_SECONDS: Final = 30.0
CRITERIA_PRIORITY: Final = 10  # behind every analysis
COMMON_GROUND_PRIORITY: Final = 12  # and behind the verdicts
ASKED_PRIORITY: Final = -10  # somebody waits for it: before all that the application asks for itself


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


def enqueue(
    session: Session,
    kind: str,
    arguments: Mapping[str, Any],
    title: str = "",
    *,
    priority: int = 0,
    asked: bool = False,
    again: bool = False,
    definitions: Mapping[str, JobDefinition] = DEFINITIONS,
    now: datetime | None = None,
) -> JobRow:
    """Ask for work, once: the same kind, version and arguments are the same job.

    Args:
        session: of the writer.
        kind: key of a definition.
        arguments: JSON values.
        title: for people; "" for the definition's title.
        priority: smaller is taken up earlier.
        asked: whether somebody asks and waits: then it comes before all that nobody asked for, also if it is queued
            already; among what people ask for the oldest comes first.
        again: whether a failed or cancelled job is queued again; a done or truncated one never is.
        definitions: the kinds there are.
        now: time of asking, the present if not given.

    Raises:
        NotFound: no such kind.
    """
    definition = definitions.get(kind)
    if definition is None:
        raise NotFound(f"job kind {kind!r}", "is unknown", f"use one of {', '.join(definitions)}")
    job_id, now = definition.job_id(arguments), now or datetime.now(UTC)
    priority = ASKED_PRIORITY if asked else priority
    row = session.get(JobRow, job_id)
    if row is None:
        row = JobRow(
            id=job_id,
            kind=kind,
            network_digest=definition.network_of(arguments),
            arguments=dict(arguments),
            title=(title or definition.title)[:300],
            state="queued",
            priority=priority,
            result={},
            created_at=now,
        )
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:  # where transactions run side by side, another may have asked for the same just now
            return find_job(session, job_id)
    elif again and row.state in ("failed", "cancelled"):
        _queue_again(session, row, now)
    if asked:
        _hasten(row)
    return row


def enqueue_analyses(
    session: Session, network: NetworkRow, protocols: Sequence[Protocol], *, data: DataRecord | None = None
) -> list[JobRow]:
    """Ask for the analysis of every output of a network under each protocol, on a stored data record or the default."""
    rows = []
    for output in range(network.sizes[-1]):
        for protocol in protocols:
            arguments = analyse_arguments(network.digest, output, protocol, data)
            which = f", output {output}" if network.sizes[-1] > 1 else ""
            rows.append(enqueue(session, "analyse", arguments, f"{network.name}{which}: {protocol.name}"))
    return rows


def enqueue_criteria(
    session: Session,
    analysis: AnalysisRow,
    steps: Sequence[CriterionStep],
    *,
    asked: bool = False,
    again: bool = False,
) -> JobRow:
    """Ask for verdicts on what a stored analysis found; unless somebody waits for them, they come behind analyses.

    A job that has ended well is queued again where ``again`` is set: the caller has seen that verdicts are missing, so
    what it made is gone.
    """
    network = analysis.network
    arguments = criteria_arguments(
        network.digest,
        analysis.output,
        analysis.protocol_digest,
        analysis.data_digest,
        analysis.result_digest,
        [str(step) for step in steps],
    )
    which = f", output {analysis.output}" if network.sizes[-1] > 1 else ""
    title = f"{network.name}{which}: criteria under {analysis.protocol.name}"
    row = enqueue(session, "criteria", arguments, title, priority=CRITERIA_PRIORITY, asked=asked, again=again)
    if again and row.state in ("done", "truncated"):
        _queue_again(session, row, datetime.now(UTC))
        if asked:
            _hasten(row)
    return row


def enqueue_missing_criteria(session: Session) -> int:
    """Ask for the verdicts on analyses that an older version has stored without them; returns for how many.

    Asking again changes nothing, also where somebody has cancelled the job.
    """
    judged = select(VerdictRow.id).where(VerdictRow.analysis_id == AnalysisRow.id, VerdictRow.staged == "")
    without = session.scalars(select(AnalysisRow).where(AnalysisRow.staged == "", ~judged.exists())).all()
    for analysis in without:
        enqueue_criteria(session, analysis, default_steps())
    return len(without)


def enqueue_common_ground(
    session: Session, analysis: AnalysisRow, *, thorough: bool = False, asked: bool = False, again: bool = False
) -> JobRow:
    """Ask where the explanations of a stored analysis stand on the common ground; unless somebody waits for it, it
    comes behind analyses and verdicts.

    A job that has ended well is queued again where ``again`` is set: the caller has seen that nothing is stored.
    """
    network = analysis.network
    arguments = common_ground_arguments(
        network.digest,
        analysis.output,
        analysis.protocol_digest,
        analysis.data_digest,
        analysis.result_digest,
        thorough=thorough,
    )
    which = f", output {analysis.output}" if network.sizes[-1] > 1 else ""
    title = f"{network.name}{which}: common ground under {analysis.protocol.name}{', all classes' if thorough else ''}"
    priority = COMMON_GROUND_PRIORITY
    row = enqueue(session, "common-ground", arguments, title, priority=priority, asked=asked, again=again)
    if again and row.state in ("done", "truncated"):
        _queue_again(session, row, datetime.now(UTC))
        if asked:
            _hasten(row)
    return row


def retry(session: Session, job_id: str, *, now: datetime | None = None) -> JobRow:
    """Queue a failed or cancelled job again, with all its attempts, before what nobody asked for.

    One that is queued already only comes earlier, and one that runs is left alone.

    Raises:
        NotFound: no such job.
        Conflict: it has ended well, or stopped at a limit that it would reach again.
    """
    row = find_job(session, job_id)
    if row.state in ("done", "truncated"):
        raise Conflict(f"job {job_id}", f"has ended ({row.state}) and would end so again", "look at its result")
    if row.state in ("failed", "cancelled"):
        _queue_again(session, row, now or datetime.now(UTC))
    _hasten(row)
    return row


def cancel(session: Session, job_id: str, *, now: datetime | None = None) -> JobRow:
    """Cancel a queued job at once, ask a running one to stop; cancelling twice is cancelling once.

    Raises:
        NotFound: no such job.
        Conflict: it has ended otherwise.
    """
    row, now = find_job(session, job_id), now or datetime.now(UTC)
    if row.state in ("done", "failed", "truncated"):
        raise Conflict(f"job {job_id}", f"has ended already ({row.state})", "there is nothing left to cancel")
    if row.state == "queued":
        row.state, row.finished_at = "cancelled", now
        add_log(session, job_id, "cancelled before it began", now=now)
    elif row.state == "running" and not row.cancel_requested:
        row.cancel_requested = True
        add_log(session, job_id, "asked to stop", now=now)
    return row


def _hasten(row: JobRow) -> None:
    """Let a job that waits come before what nobody asked for."""
    if row.state == "queued":
        row.priority = min(row.priority, ASKED_PRIORITY)


def _queue_again(session: Session, row: JobRow, now: datetime) -> None:
    row.state, row.error, row.result, row.cancel_requested = "queued", "", {}, False
    row.attempts = row.losses = 0
    row.stage, row.done, row.total, row.found = "", 0, 0, ""
    row.owner = row.lease_until = row.started_at = row.finished_at = None
    add_log(session, row.id, "queued again", now=now)


def add_log(session: Session, job_id: str, message: str, level: str = "info", *, now: datetime | None = None) -> None:
    """Add one line to a job's log."""
    session.add(JobLogRow(job_id=job_id, at=now or datetime.now(UTC), level=level, message=message))


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
