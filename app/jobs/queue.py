"""The job table as a queue: asking for work, once, in order of urgency; cancelling it and asking again.

Whoever works takes jobs up under a lease, see :mod:`app.jobs.leases`:

    queued ──claim──▶ running ──finish──▶ done, truncated
       ▲                 │ ├───fail─────▶ failed     (refused, or given up after too many attempts)
       │                 │ └───stop─────▶ cancelled
       └──requeue, release, lease expired┘

All functions work in the caller's write transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, object_session

from analysis.criteria.steps import CriterionStep
from analysis.data import DataRecord
from analysis.protocol import Protocol
from app.db.errors import Conflict, NotFound
from app.db.job_tables import JobLogRow, JobRow
from app.db.model_tables import ModelRow
from app.db.reads.jobs import find_job
from app.db.records import save_protocol
from app.db.tables import AnalysisRow, NetworkRow
from app.jobs.definitions import (
    DEFINITIONS,
    JobDefinition,
    analyse_arguments,
    arguments_about,
    model_arguments,
)
from app.jobs.fair_share import next_turn, requester_in

ASKED_PRIORITY: Final = -10  # somebody waits for it: before all that the application asks for itself


def enqueue(
    session: Session,
    kind: str,
    arguments: Mapping[str, Any],
    title: str = "",
    *,
    priority: int = 0,
    asked: bool = False,
    again: bool = False,
    anew: bool = False,
    definitions: Mapping[str, JobDefinition] = DEFINITIONS,
    now: datetime | None = None,
) -> JobRow:
    """Ask for work, once: the same kind, version and arguments are the same job.

    Args:
        session: of the writer.
        kind: key of a definition.
        arguments: JSON values.
        title: for people; "" for the definition's title.
        priority: smaller is started earlier.
        asked: whether somebody asks and waits: then it comes before all that nobody asked for, also if it is queued
            already; among what people ask for the oldest comes first.
        again: whether a failed or cancelled job is queued again.
        anew: whether one that has ended well is, since nothing of what it made is stored any more.
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
            requester=requester_in(session),
            turn=next_turn(session, requester_in(session), priority),
            result={},
            created_at=now,
        )
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:  # where transactions run side by side, another may have asked for the same just now
            return find_job(session, job_id)
    elif (again and row.state in ("failed", "cancelled")) or (anew and row.state in ("done", "truncated")):
        _queue_again(session, row, now)
    if asked:
        _hasten(row)
    return row


def enqueue_analyses(
    session: Session,
    network: NetworkRow,
    protocols: Sequence[Protocol],
    *,
    data: DataRecord | None = None,
    outputs: Sequence[int] = (),
    asked: bool = False,
) -> list[JobRow]:
    """Ask for the analysis of outputs of a network under each protocol.

    Args:
        session: of the writer.
        network: whose outputs.
        protocols: each is stored as well.
        data: a stored data record; None for the default.
        outputs: their indices; none for all.
        asked: whether somebody waits for them.
    """
    rows = []
    for output in outputs or range(network.sizes[-1]):
        for protocol in protocols:
            arguments = analyse_arguments(network.digest, output, protocol, data)
            known_as = save_protocol(session, protocol).name  # which addresses understand, whatever it is called now
            title = f"{_named(network, output)}: {known_as}"
            rows.append(enqueue(session, "analyse", arguments, title, asked=asked, again=asked))
    return rows


def enqueue_about(
    session: Session,
    analysis: AnalysisRow,
    kind: str,
    /,
    *,
    asked: bool = False,
    again: bool = False,
    **details: Any,
) -> JobRow:
    """Ask for work that goes on from a stored analysis; unless somebody waits for it, it comes behind analyses.

    A job that has ended well is queued again where ``again`` is set: the caller has seen that nothing is stored, or
    that verdicts are missing, so what it made is gone.

    Args:
        session: of the writer.
        analysis: what it goes on from.
        kind: key of a definition.
        asked: as for :func:`enqueue`.
        again: likewise, and whether it is queued again although it has ended well.
        details: as for :func:`app.jobs.definitions.arguments_about`.
    """
    digests = analysis.protocol_digest, analysis.data_digest, analysis.result_digest
    arguments = arguments_about(analysis.network.digest, analysis.output, *digests, **details)
    definition = DEFINITIONS[kind]
    what, more = definition.words(arguments)
    title = f"{_named(analysis.network, analysis.output)}: {what} under {analysis.protocol.name}{more}"
    priority = definition.priority
    return enqueue(session, kind, arguments, title, priority=priority, asked=asked, again=again, anew=again)


def enqueue_of_model(
    session: Session, kind: str, model: ModelRow, rules: str, *, asked: bool = False, again: bool = False
) -> JobRow:
    """Ask for work on a stored model of another kind than the networks; ``again`` as for :func:`enqueue_about`.

    Args:
        session: of the writer.
        kind: of the job; all but "model-circuits" need circuits that are stored.
        model: that it is about.
        rules: that circuits are valid under, as addresses write them.
        asked: whether somebody asked for it.
        again: see above.
    """
    arguments, definition = model_arguments(model.digest, rules), DEFINITIONS[kind]
    title = f"{model.name}: {definition.title.lower()}{f' under {rules}' if rules else ''}"
    priority = definition.priority
    return enqueue(session, kind, arguments, title, priority=priority, asked=asked, again=again, anew=again)


def enqueue_criteria(
    session: Session, analysis: AnalysisRow, steps: Sequence[CriterionStep], *, asked: bool = False, again: bool = False
) -> JobRow:
    """Ask for verdicts on what a stored analysis found; see :func:`enqueue_about`."""
    return enqueue_about(
        session, analysis, "criteria", asked=asked, again=again, criteria=[str(step) for step in steps]
    )


def _named(network: NetworkRow, output: int) -> str:
    """The network, and which of its outputs if it has several."""
    return f"{network.name}, output {output}" if network.sizes[-1] > 1 else network.name


def retry(
    session: Session,
    job_id: str,
    *,
    now: datetime | None = None,
    definitions: Mapping[str, JobDefinition] = DEFINITIONS,
) -> JobRow:
    """Queue a failed or cancelled job again, with all its attempts, before what nobody asked for.

    One that is queued already only comes earlier, and one that runs is left alone.

    Raises:
        NotFound: no such job.
        Conflict: it has ended well, or stopped at a limit that it would reach again, or is of a kind that is no more.
    """
    row = find_job(session, job_id)
    if row.kind not in definitions:
        raise Conflict(f"job {job_id}", f"is of the kind {row.kind!r}, which is no more", "ask for other work")
    if row.state in ("done", "truncated"):
        raise Conflict(f"job {job_id}", f"has ended ({row.state}) and would end so again", "look at its result")
    if row.state in ("failed", "cancelled"):
        _queue_again(session, row, now or datetime.now(UTC))
    row.not_before = None  # whoever asks for it by hand has seen why it waits
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
        row.not_before = None
        add_log(session, job_id, "cancelled before it began", now=now)
    elif row.state == "running" and not row.cancel_requested:
        row.cancel_requested = True
        add_log(session, job_id, "asked to stop", now=now)
    return row


def cancel_unknown(session: Session, *, definitions: Mapping[str, JobDefinition] = DEFINITIONS) -> int:
    """Cancel waiting jobs of kinds that this version no longer has; returns how many."""
    waiting = select(JobRow.id).where(JobRow.state == "queued", JobRow.kind.not_in(definitions))
    found = session.scalars(waiting).all()
    for job_id in found:
        add_log(session, job_id, "work of this kind is no longer done", now=datetime.now(UTC))
        cancel(session, job_id)
    return len(found)


def _hasten(row: JobRow) -> None:
    """Let a job that waits come before what nobody asked for, in the turn of whoever asks now."""
    session = object_session(row)
    if session is not None and row.state == "queued" and row.priority > ASKED_PRIORITY:
        requester = requester_in(session)
        turn = next_turn(session, requester, ASKED_PRIORITY)
        row.priority, row.requester, row.turn = ASKED_PRIORITY, requester, turn


def _queue_again(session: Session, row: JobRow, now: datetime) -> None:
    turn = next_turn(session, row.requester, row.priority)
    row.state, row.error, row.result, row.cancel_requested = "queued", "", {}, False
    row.attempts = row.losses = 0
    row.not_before, row.set_aside = None, False
    row.turn = turn
    row.stage, row.done, row.total, row.found, row.so_far = "", 0, 0, "", {}
    row.owner = row.lease_until = row.started_at = row.finished_at = None
    add_log(session, row.id, "queued again", now=now)


def add_log(session: Session, job_id: str, message: str, level: str = "info", *, now: datetime | None = None) -> None:
    """Add one line to a job's log."""
    session.add(JobLogRow(job_id=job_id, at=now or datetime.now(UTC), level=level, message=message))
