"""All that a result has as one list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from analysis.explanations.registry import KIND_OF, RECORDED
from analysis.subjects.graph import Graph
from analysis.subjects.subject import SubjectKind
from pluriscope.address import ResultRef
from pluriscope.frames import Frame, Part
from pluriscope.kinds import circuits, recorded
from pluriscope.kinds.columns import (
    EDGES,
    KIND,
    MARGIN,
    NAME,
    NEURONS,
    PREDICTS,
    PROTOCOL,
    READINGS,
    REF,
    SIZE,
    SURVIVING,
    TESTED,
    URL,
)
from pluriscope.kinds.found import Found, Stored
from pluriscope.kinds.placements import ALGORITHMS, ALIGNMENTS, DIRECTION_PLACEMENTS
from pluriscope.tables import Column

LISTED_KINDS: Final = (ALIGNMENTS, circuits.CIRCUITS, DIRECTION_PLACEMENTS, *map(recorded.listed, RECORDED), ALGORITHMS)
"""How each kind is listed, in the order of lists; interpretations stand before their circuits, as rows of these."""
_COLUMNS: Final = {kind.key: (NAME, *kind.columns) for kind in LISTED_KINDS}
OF_KIND: Final = {key: _COLUMNS.get(key, _COLUMNS["circuit"]) for key in KIND_OF}
"""The columns of each kind."""
_EVERY: Final = (KIND, NAME, REF, URL, PROTOCOL, SURVIVING, *(one for columns in OF_KIND.values() for one in columns))
COLUMNS: Final[tuple[Column, ...]] = tuple({column.name: column for column in _EVERY}.values())
"""The columns of every kind, each once."""


def frame_of_transformer(stored: Stored, graph: Graph, kind: SubjectKind, rows: int, of: ResultRef) -> Frame:
    """The same list of a transformer, of which there are circuits; see :func:`circuits.of_transformer`."""
    named = {
        EDGES: replace(
            EDGES, label=graph.cut.capitalize(), meaning=f"{graph.cut.capitalize()} that the circuit keeps."
        ),
        NEURONS: replace(NEURONS, label="Nodes", meaning="Nodes of the graph that take part."),
    }
    part = circuits.of_transformer(stored, graph, kind, rows, of)
    known = tuple(one for one in COLUMNS if part.has(one.name) or one in (NAME, REF, URL, circuits.MASK))
    also = tuple(one for one in COLUMNS if one not in known)
    return Frame(tuple(named.get(one, one) for one in known), (part,), also)


def frame_of(found: Found) -> Frame:
    """The list of what a result has."""
    parts: list[Part] = []
    for kind in LISTED_KINDS:
        if kind.key in found.stored:
            part = kind.part(found)
            parts += [circuits.interpretations(found, part), part] if kind is circuits.CIRCUITS else [part]
    own = tuple(one for one in COLUMNS if one not in circuits.OF_TRANSFORMERS)
    return Frame(own, tuple(parts), circuits.OF_TRANSFORMERS, {PROTOCOL.name: found.question.protocol.digest})


_SAID_BY_ALL: Final = {
    *("name", "margin", "edges", "interpretations", "iia", "right", "coverage", "accuracy", "gates", "variables")
}
"""Columns of which those that pages show of every kind tell enough, but of formulas without a place."""


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
    every = (NAME, sorted_as(PREDICTS, "accuracy"), size, MARGIN, READINGS, tested)
    shown = {one.key for one in every} | (set() if len(chosen) == 1 and chosen[0].aside else _SAID_BY_ALL)
    own = [one for one in frame.columns if len(chosen) == 1 and one.shown and chosen[0].has(one.name)]
    also = [one for one in frame.columns if one.name == sort and sort not in {one.key for one in every}]
    return (*every, *(one for one in own if one.name not in shown and one not in also), *also)
