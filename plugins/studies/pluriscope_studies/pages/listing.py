"""The list of studies, which the page of findings has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from markupsafe import Markup
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.app.options import PageModel
from pluriscope.figures.numbers import exact
from pluriscope.figures.svg.marks import VERDICT_MARKS
from pluriscope.page_kit.blocks import Action, Block, Section, Table, VerdictState
from pluriscope.tables.table import Column, Row
from pluriscope_studies.pages.study import StudyLine, stored_line
from pluriscope_studies.reads import all_studies

ID: Final = "studies"
STATES: Final[Mapping[str, VerdictState]] = {
    "queued": "untested",
    "running": "running",
    "stalled": "fail",
    "paused": "untested",
    "cancelled": "na",
    "done": "pass",
}


class StudiesRecord(PageModel):
    """All studies."""

    items: list[StudyLine]


def study_lines(session: Session, links: Addresses) -> list[StudyLine]:
    """All studies but deleted ones: bundled ones first, then the newest."""
    return [stored_line(session, links, row) for row in all_studies(session)]


def studies_section(session: Session, links: Addresses) -> Iterator[Block]:
    """The studies as a section of the page of findings."""
    lines = study_lines(session, links)
    words = "each trains or draws many networks over a declared grid and analyses each; networks that fail are outcomes"
    yield Section("Studies", words, Action("New study", links.url("studies", "new")), id=ID)
    of = {line.slug: line for line in lines}
    renews = any(line.progress.state in ("queued", "running") for line in lines)
    rows = [_row(line) for line in lines]
    yield Table.short("study", _COLUMNS, rows, id="all-studies", says=lambda row: of[row.ref].question, renews=renews)


def _row(line: StudyLine) -> Row:
    values = line.progress.model_dump() | {"name": line.name, "origin": line.origin}
    return Row(values, ref=line.slug, url=line.url)


def _words(state: str) -> str:
    return "finished" if state == "done" else state


def _state(row: Row) -> Markup:
    mark, words = VERDICT_MARKS[STATES[row["state"]]], _words(row["state"])
    return Markup('<span class="nowrap"><span class="glyph">{}</span> {}</span>').format(mark, words)


def _outcomes(row: Row) -> str:
    return f"{exact(row['finished'])} of {exact(row['networks'])}"


_COLUMNS: Final = (
    Column("name", "Study", "Its name, question and answer.", "name", first=True),
    Column("state", "State", "How far it is.", "text", show=_state),
    Column("finished", "Outcomes", "Networks that have their outcome.", "int", show=_outcomes),
    Column("converged", "Converged", "Networks that were analysed.", "int"),
    Column("failed", "Failed", "Networks that did not converge.", "int"),
    Column("origin", "From", "Where it is from.", "text"),
)
