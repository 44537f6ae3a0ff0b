"""The stored circuits of one analysis: filtered, sorted, and read on from any of them; or all of them in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.networks.circuit import EdgeLayout
from app.db.reads.circuits import StoredCircuit, circuits_at
from app.db.reads.explanation_shelves import EDGE_BITS, CircuitShelf, Columns
from app.db.tables import AnalysisRow
from app.listing.scan import ColumnTest, Condition, Facets, Found, Order, find, fulfils

CIRCUIT: Final = "circuit"
_AT_ONCE: Final = 4_096


def with_any(edges: Sequence[int], *, kept: bool) -> ColumnTest:
    """Whether circuits keep any of some edges, one or all into a neuron; or whether they keep none."""
    return ("edges", EDGE_BITS), lambda columns: _any_of(columns, list(edges)) == kept


def _any_of(columns: Columns, edges: list[int]) -> NDArray[np.bool_]:
    bits = np.bitwise_or.reduce(columns[EDGE_BITS][edges], axis=0)
    return np.unpackbits(bits.view(np.uint8), count=len(columns["edges"]), bitorder="little").view(np.bool_)


def list_circuits(
    session: Session,
    analysis: AnalysisRow,
    layout: EdgeLayout,
    conditions: Sequence[Condition],
    order: Order,
    *,
    counting: bool = False,
) -> tuple[list[StoredCircuit], Found]:
    """One page of the circuits that fulfil all conditions, ties by mask.

    Args:
        analysis: whose circuits.
        layout: of the network cut to the analysed output.
        conditions: about circuits.
        order: of the list.
        counting: whether to count how many of all that fulfil them use which edge and neuron.
    """
    counted = Facets(layout, only_parts=True) if counting else None
    found = find([CircuitShelf(session, analysis, CIRCUIT)], frozenset((CIRCUIT,)), conditions, order, counted)
    return circuits_at(session, analysis, layout, [position for _, position in found.items]), found


def smallest_circuits(session: Session, analysis: AnalysisRow, layout: EdgeLayout, limit: int) -> list[StoredCircuit]:
    """The stored circuits with fewest edges, ties by mask."""
    return list_circuits(session, analysis, layout, (), Order("edges", False, None, limit))[0]


def circuit_rows(
    session: Session, analysis: AnalysisRow, layout: EdgeLayout, conditions: Sequence[Condition]
) -> Iterator[StoredCircuit]:
    """Every stored circuit that fulfils all conditions, in the order of masks.

    Args:
        session: must stay open until the last one is read.
        analysis: whose circuits.
        layout: of the network cut to the analysed output.
        conditions: about circuits.
    """
    looked_at = {name for condition in conditions for name in condition.tests[CIRCUIT][0]}
    for positions, columns in CircuitShelf(session, analysis, CIRCUIT).steps(looked_at):
        passing = fulfils(conditions, CIRCUIT, columns)
        chosen = positions if passing is None else np.flatnonzero(passing).tolist()
        for start in range(0, len(chosen), _AT_ONCE):
            yield from circuits_at(session, analysis, layout, chosen[start : start + _AT_ONCE])
