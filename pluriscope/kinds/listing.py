"""All that a result has as one list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.analysis.plugins import joined
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.kinds import circuits
from pluriscope.kinds.columns import (
    EDGES,
    INTERPRETATIONS,
    KIND,
    LISTED,
    MARGIN,
    NAME,
    NEURONS,
    PREDICTS,
    PROTOCOL,
    REF,
    SIZE,
    SURVIVING,
    TESTED,
    URL,
)
from pluriscope.kinds.found import Found
from pluriscope.kinds.kind import ListedKind
from pluriscope.kinds.placements import ALGORITHMS, ALIGNMENTS, DIRECTION_PLACEMENTS, MODELS, OF_SITES, PLACED
from pluriscope.tables.frames import Frame, Part
from pluriscope.tables.table import Column


@dataclass(frozen=True)
class ReportColumn:
    """A column that a plugin fills from what an analysis has stored; it stands behind what is predicted right.

    Args:
        column: without an order of its own, since only shown rows are read.
        analysis: its key.
        cells: question and report → reference of a row → its value, None for none.
    """

    column: Column
    analysis: str
    cells: Callable[[Any, Any], Callable[[str], Any]]


REPORT_COLUMNS: Final[tuple[ReportColumn, ...]] = joined("columns", (), lambda one: one.column.name)
_KINDS: Final = (circuits.CIRCUITS, ALGORITHMS, ALIGNMENTS, DIRECTION_PLACEMENTS)
LISTED_KINDS: Final = tuple(sorted(_KINDS, key=lambda kind: LISTED.index(kind.key)))
"""How each kind is listed, in the order of lists; interpretations stand behind their circuits, as rows of these."""
ON_SITES: Final = (circuits.CIRCUITS, MODELS, PLACED)
"""The same of networks that no formulas are read of."""
_COLUMNS: Final = {
    key: (NAME, *dict.fromkeys(one for kind in (*LISTED_KINDS, *ON_SITES) if kind.key == key for one in kind.columns))
    for key in LISTED
}
OF_KIND: Final = {key: _COLUMNS.get(key, _COLUMNS["circuit"]) for key in KIND_OF}
"""The columns of each kind."""
_EVERY: Final = (
    *(KIND, NAME, REF, URL, PROTOCOL, SURVIVING, *(one for columns in OF_KIND.values() for one in columns)),
    *(one.column for one in REPORT_COLUMNS),
)
COLUMNS: Final[tuple[Column, ...]] = tuple({column.name: column for column in _EVERY}.values())
"""The columns of every kind, each once."""


def kinds_of(question: SubjectQuestion) -> tuple[ListedKind, ...]:
    """Records of the kinds of explanation that a question can have, in the order of lists."""
    if not question.kind.refuses("formulas"):
        return LISTED_KINDS
    return ON_SITES[:1] if question.kind.refuses("sites") else ON_SITES


def frame_of(found: Found) -> Frame:
    """The list of what a result has."""
    parts, is_read = list[Part](), not found.question.kind.refuses("formulas")
    for kind in kinds_of(found.question):
        if kind.key in found.stored:
            parts.append(kind.part(found))
            if is_read and kind is circuits.CIRCUITS:
                parts.append(circuits.interpretations(found, parts[-1]))
            elif found.read is not None and kind is circuits.CIRCUITS and parts[-1].has("interpretations"):
                parts.append(circuits.interpretations_by_variables(found, parts[-1]))
    given = [one for one in REPORT_COLUMNS if one.analysis in found.reports]
    cells = {one.column.name: one.cells(found.question, found.reports[one.analysis]) for one in given}
    parts = [_filled(part, cells) for part in parts] if cells else parts
    if is_read:
        also = (*circuits.OF_TRANSFORMERS, *OF_SITES, *(one.column for one in REPORT_COLUMNS if one not in given))
        own = tuple(one for one in COLUMNS if one not in also)
        return Frame(own, tuple(parts), also, {PROTOCOL.name: found.question.protocol.digest})
    parts_word = found.question.graph.cut.capitalize()
    named = {
        EDGES: replace(EDGES, label=parts_word, meaning=f"{parts_word} that the circuit keeps."),
        NEURONS: replace(NEURONS, label="Nodes", meaning="Nodes of the graph that take part."),
    }
    always = NAME, REF, URL, circuits.MASK
    own = tuple(one for one in COLUMNS if any(part.has(one.name) for part in parts) or one in always)
    return Frame(tuple(named.get(one, one) for one in own), tuple(parts), tuple(c for c in COLUMNS if c not in own))


def _filled(part: Part, cells: Mapping[str, Callable[[str], Any]]) -> Part:
    """The rows of a part with values of columns by their references."""

    def more(place: int) -> dict[str, Any]:
        return {**part.more(place), **{name: value(part.ref(place)) for name, value in cells.items()}}

    return replace(part, more=more, few=None if part.few is None else _filled(part.few, cells))


_SAID_BY_ALL: Final = {
    *("name", "margin", "edges", "interpretations", "iia", "right", "coverage", "accuracy", "gates", "variables")
}
"""Columns that lists of all kinds leave out except for formulas without a place, since other columns show enough."""


def shown_columns(frame: Frame, kinds: Sequence[str], sort: str) -> tuple[Column, ...]:
    """The columns of a page: of every kind alike, behind them what else one kind has.

    Args:
        kinds: that are asked for; () for all.
        sort: the column that rows are sorted by, which is always shown.
    """
    chosen = [part for part in frame.parts if not kinds or part.kind in kinds]

    def sorted_as(column: Column, *names: str) -> Column:
        name = next((one for one in names if any(part.has(one) for part in chosen)), "")
        return replace(column, sorts=name, orders=bool(name))

    size, tested = sorted_as(SIZE, "edges", "neurons"), sorted_as(TESTED, "right", "iia")
    given = [one.column for one in REPORT_COLUMNS if one.column in frame.columns]
    every = (NAME, sorted_as(PREDICTS, "accuracy"), *given, size, INTERPRETATIONS, MARGIN, tested)
    shown = {one.key for one in every} | (set() if len(chosen) == 1 and chosen[0].aside else _SAID_BY_ALL)
    own = [one for one in frame.columns if len(chosen) == 1 and one.shown and chosen[0].has(one.name)]
    also = [one for one in frame.columns if one.name == sort and sort not in {one.key for one in every}]
    return (*every, *(one for one in own if one.name not in shown and one not in also), *also)
