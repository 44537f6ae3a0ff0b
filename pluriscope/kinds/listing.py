"""All that a result has as one list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from analysis.explanations.registry import RECORDED
from analysis.subjects.graph import Graph
from analysis.subjects.subject import SubjectKind
from pluriscope.address import ResultRef
from pluriscope.frames import Frame
from pluriscope.kinds import algorithms, alignments, circuits, directions, recorded
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
from pluriscope.tables import Column

_CIRCUIT: Final = (NAME, *circuits.COLUMNS)
OF_KIND: Final[dict[str, tuple[Column, ...]]] = {
    "circuit": _CIRCUIT,
    "interpretation": _CIRCUIT,
    "algorithm": (NAME, *algorithms.COLUMNS),
    "alignment": (NAME, *alignments.COLUMNS),
    "direction": (NAME, *directions.COLUMNS),
    **{kind.key: (NAME, *recorded.columns(kind)) for kind in RECORDED},
}
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


def frame_of(found: Found, steps: tuple[str, ...] = ()) -> Frame:
    """The list of what a result has.

    Args:
        found: what it has.
        steps: criteria with other settings than the usual ones, to be asked of alignments on directions.
    """
    of_circuits, of_algorithms = circuits.part(found), algorithms.part(found)
    parts = [alignments.part(found, of_algorithms), circuits.interpretations(found, of_circuits), of_circuits]
    if "direction" in found.stored:
        parts.append(directions.part(found, steps))
    parts += [recorded.part(found, kind) for kind in RECORDED if kind.key in found.stored]
    parts.append(of_algorithms)
    own = tuple(one for one in COLUMNS if one not in circuits.OF_TRANSFORMERS)
    told = {PROTOCOL.name: found.question.protocol.digest}
    return Frame(own, tuple(parts), circuits.OF_TRANSFORMERS, told)


_TOLD: Final = {
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
    told = {one.key for one in every} | (set() if len(chosen) == 1 and chosen[0].aside else _TOLD)
    own = [one for one in frame.columns if len(chosen) == 1 and one.shown and chosen[0].has(one.name)]
    also = [one for one in frame.columns if one.name == sort and sort not in {one.key for one in every}]
    return (*every, *(one for one in own if one.name not in told and one not in also), *also)
