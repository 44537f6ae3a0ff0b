"""The list of background work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.job_tables import JobRow
from app.db.reads import jobs as reads
from app.figures.numbers import duration, when
from app.figures.svg.marks import verdict_mark
from app.pages.place import find_network
from pluriscope.blocks import Action, Block, Head, Table, VerdictState
from pluriscope.records import RowsRecord, rows_record
from pluriscope.tables import Column, Facet, Query, Removal, Row, Selection, choices_of, read_query, words_of

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
_USUAL: Final = Query()


def job_list(
    session: Session, addresses: Addresses, options: Mapping[str, Sequence[str]], now: datetime
) -> Iterator[Block]:
    """Jobs, newest first.

    Raises:
        InvalidOption: an option or a value that the list does not have.
        NotFound: no such network.
    """
    table = _table(session, addresses, options, now)
    train = Action("Train a network", addresses.train())
    yield Head("Jobs", "Background work: analyses and trainings. Closing a page stops nothing.", actions=[train])
    yield table


def jobs_record(
    session: Session, addresses: Addresses, options: Mapping[str, Sequence[str]], now: datetime
) -> RowsRecord:
    """The same as JSON."""
    table = _table(session, addresses, options, now)
    found = table.listing.select(table.query)
    return rows_record(found, table.query, lambda start: addresses.twin(table.page_at(start)))


def _table(session: Session, addresses: Addresses, options: Mapping[str, Sequence[str]], now: datetime) -> Table:
    listing = Jobs(session, addresses, now)
    query = read_query(listing.columns, options)
    renews = any(listing.counts.get(state) for state in reads.UNFINISHED)
    return Table(listing, query, addresses.jobs(), noun="job", renews=renews, id=ID)


@dataclass(frozen=True)
class Jobs:
    """The jobs of a store as a list.

    Args:
        session: reads them.
        addresses: of what they lead to.
        now: until when those that run have run.
    """

    session: Session
    addresses: Addresses
    now: datetime

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many are in each state."""
        return {state: number for state, number in reads.count_jobs(self.session).items() if number}

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """What is said of each."""
        return (
            Column("title", "Job", "What it does.", "name", first=True),
            Column("state", "State", "How far it is.", "text", facet="any", choices=tuple(STATES), show=_state),
            Column("found", "Result or error", "What it found, or why it failed.", "text"),
            Column("created_at", "Requested", "When it was asked for.", "text", largest_first=True, show=_requested),
            Column("seconds", "Time", "How long it took, or has taken.", "float", orders=False, show=_time),
            Column(
                "network",
                "Network",
                "What it works on.",
                "text",
                facet="any",
                offered=False,
                shown=False,
                orders=False,
                read=lambda text: find_network(self.session, self.addresses, text).slug,
            ),
        )

    def select(self, query: Query, facets: bool = True) -> Selection:
        """Some jobs, and how many there are of each state."""
        states = query.wanted.get("state", ())
        digests = [self._digest(slug) for slug in query.wanted.get("network", ())]
        counts = reads.count_jobs(self.session, digests) if digests else self.counts
        by: Any = query.sort or "created_at"
        rows = reads.list_jobs(
            self.session,
            states=states,
            networks=digests,
            limit=query.limit,
            start=query.start,
            by=by,
            descending=query.descending or not query.sort,
        )
        total = sum(counts.get(state, 0) for state in states or counts)
        state = self.columns[1]
        return Selection(
            total,
            sum(self.counts.values()),
            tuple(map(self._row, rows)),
            (Facet(state, choices_of(state, counts, query)),) if facets else (),
            None if total or not query.wanted else self._removed_by(counts, query),
        )

    def _digest(self, slug: str) -> str:
        return find_network(self.session, self.addresses, slug).digest

    def _removed_by(self, counts: Mapping[str, int], query: Query) -> Removal:
        """Of a network without any job the network, else the state."""
        column = self.columns[-1 if "network" in query.wanted and not sum(counts.values()) else 1]
        before = sum(counts.values()) or sum(self.counts.values())
        return Removal(words_of(column, query.wanted[column.name]), before, (), query.but(column.name))

    def _row(self, job: JobRow) -> Row:
        values = {
            name: getattr(job, name) for name in ("title", "state", "created_at", "set_aside", "not_before", "attempts")
        }
        values["found"] = (job.error.splitlines() or [job.found])[-1] or None
        if job.state == "running" and job.total:
            values["found"] = f"{job.stage}: {job.done:,} of {job.total:,}" + (f", {job.found}" if job.found else "")
        if job.started_at is not None:
            values["seconds"] = max(
                0.0, ((job.finished_at or self.now).astimezone(UTC) - job.started_at).total_seconds()
            )
        return Row(values, ref=job.id, url=self.addresses.job(job.id))


def _state(row: Row) -> Markup:
    words = "gave up" if row["set_aside"] else row["state"]
    if row["not_before"]:
        words += f", again from {row['not_before']:%H:%M:%S} UTC"
    if row["attempts"] > 1:
        words += f", attempt {row['attempts']}"
    return Markup('<span class="glyph">{}</span> {}').format(verdict_mark(STATES[row["state"]]), words)


def _requested(row: Row) -> str:
    return when(row["created_at"])


def _time(row: Row) -> str:
    return duration(row["seconds"])
