"""The list of background work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from markupsafe import Markup
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.app.db.plugin_tables import owners
from pluriscope.app.db.reads import jobs as reads
from pluriscope.app.jobs.definitions import DEFINITIONS
from pluriscope.figures.numbers import duration, when
from pluriscope.figures.svg.marks import VERDICT_MARKS
from pluriscope.page_kit.blocks import Action, Block, Head, Table, VerdictState
from pluriscope.tables.frames import AtHand
from pluriscope.tables.table import Column, Query, Row, read_query
from pluriscope.views.records import RowsRecord, rows_record

ID: Final = "jobs"
STATES: Final[Mapping[str, VerdictState]] = {
    "running": "running",
    "queued": "untested",
    "done": "pass",
    "truncated": "untested",
    "failed": "fail",
    "cancelled": "na",
}
"""Each state with its sign, in the order in which filters show them."""
_USUAL: Final = Query(limit=25)


def job_list(
    session: Session, addresses: Addresses, options: Mapping[str, Sequence[str]], now: datetime
) -> Iterator[Block]:
    """Jobs, newest first.

    Raises:
        InvalidOption: an option or a value that the list does not have.
    """
    table = _table(session, addresses, options, now)
    train = Action("Train a network", addresses.train())
    yield Head("Jobs", "Background work: analyses and trainings. Closing a page stops nothing.", actions=[train])
    yield table


def jobs_record(
    session: Session, addresses: Addresses, options: Mapping[str, Sequence[str]], now: datetime
) -> RowsRecord:
    """Record of the list of jobs for JSON."""
    table = _table(session, addresses, options, now)
    found = table.listing.select(table.query)
    return rows_record(found, table.query, lambda start: addresses.twin(table.page_at(start)))


def _table(session: Session, addresses: Addresses, options: Mapping[str, Sequence[str]], now: datetime) -> Table:
    query, jobs = read_query(_COLUMNS, options, _USUAL), reads.listed_jobs(session)
    away = {kind: name for kind, name in owners(session).items() if kind not in DEFINITIONS}
    listing = AtHand(_COLUMNS, [_row(job, away, addresses, now) for job in jobs])
    renews = any(job.state in reads.UNFINISHED and job.kind not in away for job in jobs)
    return Table(listing, query, addresses.jobs(), noun="job", usual=_USUAL, renews=renews, id=ID)


def _row(job: Any, away: Mapping[str, str], addresses: Addresses, now: datetime) -> Row:
    values = {
        name: getattr(job, name) for name in ("title", "state", "created_at", "set_aside", "not_before", "attempts")
    }
    values["found"] = (job.error.splitlines() or [job.found])[-1] or None
    if job.state == "running" and job.total:
        values["found"] = f"{job.stage}: {job.done:,} of {job.total:,}" + (f", {job.found}" if job.found else "")
    if job.state == "queued" and job.kind in away:
        values["found"] = f"waits: needs {away[job.kind]}"
    if job.started_at is not None:
        values["seconds"] = max(0.0, ((job.finished_at or now).astimezone(UTC) - job.started_at).total_seconds())
    return Row(values, ref=job.id, url=addresses.job(job.id))


def _state(row: Row) -> Markup:
    words = "gave up" if row["set_aside"] else row["state"]
    if row["not_before"]:
        words += f", again from {row['not_before']:%H:%M:%S} UTC"
    if row["attempts"] > 1:
        words += f", attempt {row['attempts']}"
    return Markup('<span class="glyph">{}</span> {}').format(VERDICT_MARKS[STATES[row["state"]]], words)


def _requested(row: Row) -> str:
    return when(row["created_at"])


def _time(row: Row) -> str:
    return duration(row["seconds"])


_COLUMNS: Final = (
    Column("title", "Job", "What it does.", "name", first=True),
    Column("state", "State", "How far it is.", "text", facet="any", choices=tuple(STATES), show=_state),
    Column("found", "Result or error", "What it found, or why it failed.", "text"),
    Column("created_at", "Requested", "When it was asked for.", "text", largest_first=True, show=_requested),
    Column("seconds", "Time", "How long it took, or has taken.", "float", orders=False, show=_time),
)
