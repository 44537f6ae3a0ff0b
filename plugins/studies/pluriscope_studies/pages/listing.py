"""The list of studies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from markupsafe import Markup
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.app.options import PageModel
from pluriscope.figures.numbers import exact
from pluriscope.figures.svg.marks import VERDICT_MARKS
from pluriscope.page_kit.blocks import Action, Block, Head, Table, VerdictState
from pluriscope.tables.frames import AtHand
from pluriscope.tables.table import Column, Query, Row, read_query
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
ORIGINS: Final = ("bundled", "started", "imported")


class StudiesRecord(PageModel):
    """All studies."""

    items: list[StudyLine]


def study_lines(session: Session, links: Addresses) -> list[StudyLine]:
    """All studies but deleted ones: bundled ones first, then the newest."""
    return [stored_line(session, links, row) for row in all_studies(session)]


def study_list(session: Session, links: Addresses, options: Mapping[str, Sequence[str]]) -> Iterator[Block]:
    """The page; an InvalidOption for an option or a value that the list does not have."""
    lines = study_lines(session, links)
    listing = AtHand(_COLUMNS, [_row(line) for line in lines])
    query = read_query(_COLUMNS, options, _USUAL)
    yield Head(
        "Studies",
        "A study trains or draws many networks over a declared grid and analyses each. "
        "Networks that fail are outcomes, too.",
        actions=[
            Action("New study", links.url("studies", "new"), primary=True),
            Action("Findings", links.url("findings")),
        ],
    )
    table = Table(
        listing, query, links.url("studies"), "study", _USUAL, id=ID, files={"JSON": links.twin(links.url("studies"))}
    )
    of = {line.slug: line for line in lines}
    renews = any(line.progress.state in ("queued", "running") for line in lines)
    yield replace(table, says=lambda row: of[row.ref].question, renews=renews)


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


_USUAL: Final = Query(limit=200)
_COLUMNS: Final = (
    Column("name", "Study", "Its name, question and answer.", "name", first=True),
    Column("state", "State", "How far it is.", "text", "any", choices=tuple(STATES), words=_words, show=_state),
    Column("finished", "Outcomes", "Networks that have their outcome.", "int", largest_first=True, show=_outcomes),
    Column("converged", "Converged", "Networks that were analysed.", "int", largest_first=True),
    Column("failed", "Failed", "Networks that did not converge.", "int", largest_first=True),
    Column("origin", "From", "Where it is from.", "text", "any", choices=ORIGINS),
)
