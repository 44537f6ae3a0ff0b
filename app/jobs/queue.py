"""The job table as a queue: work is queued once, held by one worker at a time, and ends once.

    queued ──claim──▶ running ──end──▶ done, truncated, failed (refused, or given up), cancelled
       ▲                 │
       └────give_back────┘   or its lease ran out, and whoever claims next takes it up

A job whose kind a plugin brings that is not in use stays queued until the plugin is back.

A worker that holds a job renews its lease by a heartbeat; every change it makes is fenced: made only while it holds the
job. A lease has run out when its signs of life have stood still for so long by the clock of whoever looks: no machine's
time is compared with another's. All functions work in the caller's write transaction. On SQLite that holds the write
lock from its beginning; on other databases the row of a job is locked, and a claim skips rows that are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pluriscope.analyses.registry import BY_KEY as ANALYSES
from pluriscope.analysis.questions.data import DataRecord
from pluriscope.analysis.running.progress import KnownCircuits, Progress
from pluriscope.analysis.subjects.perceptron.training_course import MOST_POINTS
from pluriscope.analysis.subjects.question import QuestionProtocol
from pluriscope.app.db.errors import Conflict, NotFound
from pluriscope.app.db.job_tables import JobLogRow, JobRow
from pluriscope.app.db.plugin_tables import owners
from pluriscope.app.db.reads.jobs import UNFINISHED, find_job
from pluriscope.app.db.records import save_protocol
from pluriscope.app.db.tables import AnalysisRow, NetworkRow
from pluriscope.app.jobs.definition import JobDefinition
from pluriscope.app.jobs.definitions import DEFINITIONS, analyse_arguments, arguments_about

REQUESTED_PRIORITY: Final = -2_000_000  # somebody waits for it and knows nothing yet: before everything else
ANSWERED_PRIORITY: Final = -1_500_000  # it has given a first answer and way to others: before all that follows
FOLLOWING_PRIORITY: Final = -1_000_000  # somebody waits for more of it: with its milliseconds, the quickest first
LEASE_SECONDS: Final = 30.0
MAX_LOSSES: Final = 3  # attempts that may fail at one place; then the job itself is taken to be the cause
NEAR: Final = 20  # places of a stage are one within this part of its total, since progress is noted now and then
FIRST_WAIT_SECONDS: Final = 1.0  # after an attempt that failed; twice as long after each further one
AWAY_SECONDS: Final = 30.0  # where something is away that the job needs; no wait is longer
ENDED_BADLY: Final = ("failed", "cancelled")
ENDED: Final = (*ENDED_BADLY, "done", "truncated")


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
    """

    job_id: str
    definition: JobDefinition
    arguments: Mapping[str, Any]
    owner: str
    attempt: int


def enqueue(
    session: Session,
    kind: str,
    arguments: Mapping[str, Any],
    title: str = "",
    *,
    requested: bool = False,
    priority: float | None = None,
    again: Sequence[str] = (),
    definitions: Mapping[str, JobDefinition] = DEFINITIONS,
    now: datetime | None = None,
) -> JobRow:
    """Ask for work, once: the same kind, version and arguments are the same job.

    Args:
        session: of the writer.
        kind: key of a definition.
        arguments: JSON values.
        title: for people; "" for the definition's title.
        requested: whether a person waits for it: then it comes before all that nobody asked for, also if it is queued
            already; among what people ask for the oldest comes first.
        priority: of a new job, the milliseconds that it is expected to take; None for that of its kind.
        again: states in which a job is queued again.
        definitions: the kinds there are.
        now: time of asking, the present if not given.

    Raises:
        NotFound: no such kind.
    """
    definition = definitions.get(kind)
    if definition is None:
        raise NotFound(f"job kind {kind!r}", "is unknown", f"use one of {', '.join(definitions)}")
    job_id, now = definition.job_id(arguments), now or datetime.now(UTC)
    row = session.get(JobRow, job_id)
    if row is None:
        row = JobRow(
            id=job_id,
            kind=kind,
            network_digest=arguments.get(definition.about),  # what it works on, if that is stored
            arguments=dict(arguments),
            title=(title or definition.title)[:300],
            state="queued",
            priority=definition.priority if priority is None else int(priority),
            result={},
            created_at=now,
        )
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:  # where transactions run side by side, another may have asked for the same just now
            return find_job(session, job_id)
    elif row.state in again or (requested and row.goes_on):
        _queue_again(session, row, now)
    if requested:
        hasten(row)
    return row


def is_requested(session: Session, kind: str, arguments: Mapping[str, Any]) -> bool:
    """Whether a person asked for a job, and so waits for the jobs that follow it as well."""
    row = session.get(JobRow, DEFINITIONS[kind].job_id(arguments))
    return row is not None and row.is_asked


def enqueue_analyses(
    session: Session,
    network: NetworkRow,
    protocols: Sequence[QuestionProtocol],
    *,
    data: DataRecord | None = None,
    outputs: Sequence[int] = (),
    requested: bool = False,
    priority: float | None = None,
) -> list[JobRow]:
    """Ask for the analysis of outputs of a network under each protocol.

    Args:
        session: of the writer.
        network: whose outputs.
        protocols: each is stored as well.
        data: a stored data record; None for the default.
        outputs: their indices; none for all.
        requested: whether a person waits for them.
        priority: as for :func:`enqueue`.
    """
    rows, again = [], ENDED_BADLY if requested else ()
    known_as = [save_protocol(session, protocol, network.kind).name for protocol in protocols]  # addresses know these
    for output in outputs or range(network.n_outputs):
        for protocol, name in zip(protocols, known_as, strict=True):
            arguments, title = analyse_arguments(network.digest, output, protocol, data), _named(network, output)
            order: dict[str, Any] = {"requested": requested, "priority": priority, "again": again}
            rows.append(enqueue(session, "analyse", arguments, f"{title}: {name}", **order))
    return rows


def enqueue_about(
    session: Session,
    analysis: AnalysisRow,
    kind: str,
    /,
    *,
    requested: bool = False,
    priority: float | None = None,
    again: bool = False,
    **details: Any,
) -> JobRow:
    """Queue work on a stored analysis.

    A job that has ended well is queued again where ``again`` is set: the caller has seen that nothing is stored, or
    that verdicts are missing, so what it made is gone.

    Args:
        session: of the writer.
        analysis: what it goes on from.
        kind: key of a definition.
        requested: as for :func:`enqueue`.
        priority: likewise.
        again: likewise, and whether it is queued again although it has ended well.
        details: as for :func:`pluriscope.app.jobs.definitions.arguments_about`.

    Raises:
        Conflict: the analysis goes on, so that another answer will stand in its place.
    """
    if analysis.goes_on:
        item, cause = f"analysis of {_named(analysis.network, analysis.output)}", "has only a first answer by now"
        raise Conflict(item, cause, "wait until its job has ended, or start that again")
    digests = analysis.protocol_digest, analysis.data_digest, analysis.result_digest
    arguments = arguments_about(analysis.network.digest, analysis.output, *digests, **details)
    what = DEFINITIONS[kind].title
    title = f"{_named(analysis.network, analysis.output)}: {what[:1].lower()}{what[1:]} under {analysis.protocol.name}"
    if details.get("thorough"):
        title += f", {ANALYSES[kind].thoroughly}"
    again_in = ENDED if again else ()
    return enqueue(session, kind, arguments, title, requested=requested, priority=priority, again=again_in)


def _named(network: NetworkRow, output: int) -> str:
    """The network, and which of its outputs if it has several."""
    return f"{network.name}, output {output}" if network.n_outputs > 1 else network.name


def retry(
    session: Session,
    job_id: str,
    *,
    now: datetime | None = None,
    definitions: Mapping[str, JobDefinition] = DEFINITIONS,
) -> JobRow:
    """Queue a failed, cancelled or unfinished job again, with all its attempts, before jobs that no person asked for.

    One that is queued already only comes earlier, and one that runs is left alone.

    Raises:
        NotFound: no such job.
        Conflict: it has ended well, or stopped at a limit that it would reach again, or is of a kind that is no more.
            One that goes on from where time or memory ended it is queued, and one of a plugin that is missing waits.
    """
    row = find_job(session, job_id)
    if row.kind not in definitions and row.kind not in owners(session):
        raise Conflict(f"job {job_id}", f"is of the kind {row.kind!r}, which is no more", "ask for other work")
    if row.state in ("done", "truncated") and not row.goes_on:
        raise Conflict(f"job {job_id}", f"has ended ({row.state}) and would end so again", "look at its result")
    if row.state in ENDED:
        _queue_again(session, row, now or datetime.now(UTC))
    row.not_before = None  # whoever asks for it by hand has seen why it waits
    hasten(row)
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
        row.not_before = None
        add_log(session, job_id, "cancelled before it began", now=now)
    elif row.state == "running" and not row.cancel_requested:
        row.cancel_requested = True
        add_log(session, job_id, "asked to stop", now=now)
    return row


def cancel_outdated(session: Session, analysis: AnalysisRow) -> None:
    """Cancel jobs on an earlier answer to the question of an analysis: those on the present one have other ids."""
    about = JobRow.network_digest == analysis.network.digest, JobRow.state.in_(UNFINISHED)
    question = analysis.output, analysis.protocol_digest, analysis.data_digest
    for row in session.scalars(select(JobRow).where(*about)).all():
        asked = tuple(map(row.arguments.get, ("output", "protocol", "data", "result")))
        if asked[:3] == question and asked[3] != analysis.result_digest:
            cancel(session, row.id)


def cancel_unknown(session: Session, *, definitions: Mapping[str, JobDefinition] = DEFINITIONS) -> int:
    """Cancel waiting jobs of kinds that neither this version has nor a plugin that is missing; returns how many."""
    known = {*definitions, *owners(session)}
    waiting = select(JobRow.id).where(JobRow.state == "queued", JobRow.kind.not_in(known))
    found = session.scalars(waiting).all()
    for job_id in found:
        add_log(session, job_id, "work of this kind is no longer done", now=datetime.now(UTC))
        cancel(session, job_id)
    return len(found)


def plugin_awaited(session: Session, kind: str) -> str:
    """The plugin without which no job of a kind can be done; "" where it is there, or none is known."""
    return "" if kind in DEFINITIONS else owners(session).get(kind, "")


def hasten(row: JobRow, priority: int = REQUESTED_PRIORITY) -> None:
    """Let a job come before those that no person asked for; the jobs that follow it come earlier, too."""
    if row.state not in ENDED:
        row.priority = min(row.priority, priority)


def _queue_again(session: Session, row: JobRow, now: datetime) -> None:
    row.attempts = row.losses = 0
    row.lost_at = None
    row.error, row.result, row.cancel_requested, row.set_aside = "", {}, False, False
    row.finished_at = None
    _wait(row)
    add_log(session, row.id, "queued again", now=now)


def _wait(row: JobRow, not_before: datetime | None = None) -> None:
    row.state, row.not_before = "queued", not_before
    row.owner = row.lease_seconds = row.started_at = None
    _at_the_beginning(row)


def _at_the_beginning(row: JobRow) -> None:
    row.stage, row.done, row.total, row.found = "", 0, 0, ""


def add_log(session: Session, job_id: str, message: str, level: str = "info", *, now: datetime | None = None) -> None:
    """Add one line to a job's log."""
    session.add(JobLogRow(job_id=job_id, at=now or datetime.now(UTC), level=level, message=message))


# --- what a worker does with jobs


Held = tuple[str, int]
"""A job that somebody holds, with the signs of life by then."""


@dataclass
class Watch:
    """Sees which leases have run out, by looking again and again.

    Args:
        clock: seconds, of this process alone.
    """

    clock: Callable[[], float] = time.monotonic
    _since: Mapping[tuple[Any, ...], float] = field(default_factory=dict)

    def lapsed(self, session: Session) -> set[Held]:
        """Jobs whose owners have given no sign of life for as long as their leases last while this object watched."""
        now, columns = self.clock(), (JobRow.id, JobRow.signs, JobRow.lease_seconds)
        store = str(session.get_bind().engine.url)
        running = [(store, *row) for row in session.execute(select(*columns).where(JobRow.state == "running"))]
        self._since = {one: self._since.get(one, now) for one in running}
        return {(job, signs) for (_, job, signs, lease), since in self._since.items() if now - since >= (lease or 0)}


SEEN: Final = Watch()
"""What pages have seen."""


def claimable(now: datetime, lapsed: Collection[Held] = (), *, asked: bool | None = None) -> ColumnElement[bool]:
    """Condition of SQL: a job is ready to be claimed. It is queued and its wait is over, or it is held under a lapsed
    lease; and somebody asked for it or nobody did, where ``asked`` says which.

    A wait whose end is further off than any wait lasts was begun by a clock that is ahead, and is taken to be over.
    """
    far = now + timedelta(seconds=AWAY_SECONDS)
    is_over = or_(JobRow.not_before.is_(None), JobRow.not_before <= now, JobRow.not_before > far)
    waits = or_(and_(JobRow.state == "queued", is_over), _is_left(lapsed))
    return waits if asked is None else and_(waits, JobRow.priority < 0 if asked else JobRow.priority >= 0)


def _is_left(lapsed: Collection[Held]) -> ColumnElement[bool]:
    """Condition of SQL: a job runs by its state, under a lapsed lease."""
    return and_(JobRow.state == "running", tuple_(JobRow.id, JobRow.signs).in_(lapsed))


def claim(
    session: Session,
    owner: str,
    *,
    lease_seconds: float = LEASE_SECONDS,
    lapsed: Collection[Held] = (),
    definitions: Mapping[str, JobDefinition] = DEFINITIONS,
    asked: bool | None = None,
    now: datetime | None = None,
) -> Claim | None:
    """Take the most urgent job there is, the oldest of them; exactly one owner gets it.

    One that was left by a worker that is gone has lost an attempt; it ends here if it is asked to stop, or was lost too
    often at one place.

    Args:
        asked: as for :func:`claimable`.

    Returns:
        None if there is none.
    """
    now = now or datetime.now(UTC)
    first = select(JobRow).where(claimable(now, lapsed, asked=asked), JobRow.kind.in_(definitions)).limit(1)
    first = first.order_by(JobRow.priority, JobRow.created_at, JobRow.id).with_for_update(skip_locked=True)
    while (row := session.scalar(first)) is not None:
        if row.state == "running" and _lose(session, row, "worker was lost", now):
            session.flush()
            continue
        row.state, row.owner, row.started_at, row.not_before = "running", owner, now, None
        _at_the_beginning(row)
        row.lease_seconds = lease_seconds
        row.signs += 1
        row.attempts += 1
        add_log(session, row.id, f"started{f' again, attempt {row.attempts}' if row.attempts > 1 else ''}", now=now)
        return Claim(row.id, definitions[row.kind], row.arguments, owner, row.attempts)
    return None


def release_unknown(
    session: Session, lapsed: Collection[Held], *, definitions: Mapping[str, JobDefinition] = DEFINITIONS
) -> None:
    """Queue again what workers that are gone held and nobody here can take up: it waits for its plugin."""
    left = select(JobRow).where(_is_left(lapsed), JobRow.kind.not_in(definitions)).with_for_update(skip_locked=True)
    now = datetime.now(UTC)
    for row in session.scalars(left).all():
        if not _lose(session, row, "worker was lost", now):
            _wait(row)
            add_log(session, row.id, "its worker was lost, and this kind of work is not done here; it waits", now=now)


def heartbeat(
    session: Session,
    job_claim: Claim,
    progress: Progress | None = None,
    *,
    losses: Sequence[tuple[int, float]] = (),
    known: KnownCircuits | None = None,
    lease_seconds: float = LEASE_SECONDS,
) -> None:
    """Renew the lease, and store the progress if there is any, the losses (step, loss) since the last call, and what is
    known of the valid circuits.

    Raises:
        LeaseLost: the job is another's by now.
    """
    row = _held(session, job_claim)
    row.lease_seconds = lease_seconds
    row.signs += 1
    if progress is not None:
        row.stage, row.done, row.total = progress.stage[:40], int(progress.done), int(progress.total)
        row.found = progress.found[:300]
    if losses:
        before = [point for point in row.so_far.get("losses", ()) if point[0] < losses[0][0]]  # none of another attempt
        every = [*before, *map(list, losses)]
        row.so_far = {"losses": [*every[: -1 : len(every) // MOST_POINTS + 1], every[-1]]}
    if known is not None:
        row.so_far = {**row.so_far, "circuits": known.as_json()}


def end(
    session: Session,
    held: Claim,
    state: str,
    answer: str = "",
    *,
    result: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> None:
    """End a job; one that ends well in the transaction that saved what it found.

    Args:
        session: of the writer.
        state: "done", "truncated" where a search stopped at a limit, "failed" or "cancelled".
        found: one line for people: the result, or of a failure item, cause and cure.
        result: JSON values.
        now: time of the end, the present if not given.

    Raises:
        LeaseLost: the job is another's by now; the transaction must be rolled back.
    """
    _end(session, _held(session, held), state, answer, now or datetime.now(UTC), result)


def give_back(
    session: Session,
    held: Claim,
    reason: str = "",
    *,
    waits_for: str = "",
    result: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> None:
    """Queue a held job again that has not come to its end; if its cancellation was requested, end it.

    Args:
        session: of the writer.
        reason: of an attempt that failed, to follow "its", e.g. "process was lost (exit code -9)"; it is tried again
            after a wait, and given up after too many at one place. "" where nothing says that the job is to blame: the
            worker leaves, or the database is away; then the attempt does not count.
        waits_for: what is away, such as a cluster, for people; the job is tried again every half minute until it is
            back.
        result: JSON values if it is given up.
        now: the present if not given.

    Raises:
        LeaseLost: the job is another's by now.
    """
    row, now = _held(session, held), now or datetime.now(UTC)
    if reason and _lose(session, row, reason, now, result):
        return
    if row.cancel_requested:
        _end(session, row, "cancelled", "", now)
        return
    wait = AWAY_SECONDS if waits_for else 0.0
    if reason:
        wait = min(AWAY_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(row.attempts - 1, 10))
    row.attempts -= not reason
    _wait(row, now + timedelta(seconds=wait) if wait else None)
    row.found = waits_for[:300]
    why = f"its {reason};" if reason else waits_for
    again = f"{why} tried again in {wait:g} s" if why else "given back unharmed"
    add_log(session, row.id, again, "warning" if why else "info", now=now)


def give_way(session: Session, held: Claim) -> None:
    """Queue a held job again that has stored a first answer: behind jobs without one, before jobs that follow others.
    If its cancellation was requested, end it.

    Raises:
        LeaseLost: the job is another's by now.
    """
    row = _held(session, held)
    row.priority = max(row.priority, ANSWERED_PRIORITY)
    give_back(session, held)


def _held(session: Session, held: Claim) -> JobRow:
    """The row of a job that an owner holds, locked."""
    row = session.get(JobRow, held.job_id, populate_existing=True, with_for_update=True)
    if row is None or (row.owner, row.state) != (held.owner, "running"):
        raise LeaseLost(held.job_id)
    return row


def _lose(session: Session, row: JobRow, reason: str, now: datetime, result: Mapping[str, Any] | None = None) -> bool:
    """Count an attempt that failed, from 1 where it got to another place than the one before; whether that ends the
    job.
    """
    stage, done = row.lost_at or ("", 0)
    is_same = row.losses and stage == row.stage and NEAR * abs(row.done - done) <= row.total
    row.losses = row.losses + 1 if is_same else 1
    row.lost_at = [row.stage, row.done]
    if row.cancel_requested:
        _end(session, row, "cancelled", "", now)
    elif row.losses >= MAX_LOSSES:
        row.set_aside = True
        words = (
            f"job: its {reason}, {row.losses} times at the same place ({_place(row)}), so it is given up. That happens "
            "when memory runs out, or through an internal error. Try a smaller network, or try the job again."
        )
        _end(session, row, "failed", words, now, result)
    return row.state != "running"


def _place(row: JobRow) -> str:
    if not row.stage:
        return "before it reported progress"
    return f"{row.stage}, {row.done:,} of {row.total:,}" if row.total else row.stage


def _end(
    session: Session, row: JobRow, state: str, answer: str, now: datetime, result: Mapping[str, Any] | None = None
) -> None:
    row.state, row.finished_at, row.result = state, now, dict(result or {})
    row.owner = row.lease_seconds = row.not_before = None
    if state == "failed":
        row.error = answer
    elif state != "cancelled":
        row.stage, row.found = "", answer[:300]
    words = answer or {"cancelled": "stopped on request"}.get(state, state)
    add_log(session, row.id, words, "error" if state == "failed" else "info", now=now)
