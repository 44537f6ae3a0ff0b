"""The stored circuits of one analysis: some of them by their places, and whole columns of all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, select, text
from sqlalchemy.orm import Session

from analysis.networks.circuit import MAX_EDGES
from app.db.rows import columns_of
from app.db.tables import AnalysisRow, CircuitRow

COLUMNS: Final = ("mask", "edges", "neurons", "margin", "interpretations", "observed")
_NAN: Final = float("nan")


@dataclass(frozen=True)
class StoredCircuit:
    """A stored circuit in a few numbers.

    Args:
        mask: hex as in addresses.
        margin: NaN where it has none.
    """

    mask: str
    n_edges: int
    n_neurons: int
    margin: float
    interpretations: int
    observed: int


def masks_of(session: Session, analysis: AnalysisRow) -> NDArray[Any]:
    """The masks of all stored circuits, ascending."""
    masks = columns_of(session, analysis, "circuit")["mask"]
    assert isinstance(masks, np.ndarray)  # noqa: S101  a column of masks always is
    return masks


def whole_counts(session: Session, analysis: AnalysisRow, name: str) -> tuple[int, ...]:
    """The interpretations, or observed classes, of every stored circuit, in the order of masks."""
    values = columns_of(session, analysis, "circuit")[name]
    return tuple(values.tolist() if isinstance(values, np.ndarray) else values)


_LOCATED: Final = text("""
    WITH RECURSIVE span(low, high) AS (
        SELECT CAST(0 AS BIGINT), coalesce(max("position") + 1, 0) FROM circuits WHERE analysis = :analysis
        UNION ALL
        SELECT CASE WHEN mask < :mask THEN "position" + 1 ELSE low END,
            CASE WHEN mask < :mask THEN high ELSE "position" END
        FROM span JOIN circuits ON analysis = :analysis AND "position" = (low + high) / 2
        WHERE low < high
    )
    SELECT place, mask FROM (SELECT max(low) AS place FROM span) AS found
    LEFT JOIN circuits ON analysis = :analysis AND "position" = place
""")
"""The first place with no smaller mask, by halving: nothing says that masks ascend, so a search would read them all."""


def locate_mask(session: Session, analysis_id: int, mask: str) -> tuple[int, bool]:
    """How many stored masks are smaller, and whether this one is stored."""
    place, found = session.execute(_LOCATED, {"analysis": analysis_id, "mask": mask}).one()
    return place, found == mask


def is_stored(session: Session, analysis_id: int, mask: str) -> bool:
    """Whether the circuit with this mask is stored."""
    return locate_mask(session, analysis_id, mask)[1]


def circuits_at(session: Session, analysis: AnalysisRow, positions: Sequence[int]) -> list[StoredCircuit]:
    """A few circuits at these places in the order of masks."""
    found = dict(_stored(session, analysis, CircuitRow.__table__.columns.position.in_(positions)))
    return [found[position] for position in positions]


def _stored(
    session: Session, analysis: AnalysisRow, *which: ColumnElement[bool], limit: int | None = None
) -> Iterator[tuple[int, StoredCircuit]]:
    """Some circuits with their places, fewest edges first."""
    table = CircuitRow.__table__.columns
    query = select(table.position, *(table[name] for name in COLUMNS)).where(table.analysis == analysis.id, *which)
    rows = session.execute(query.order_by(table.edges, table.position).limit(limit))
    for place, mask, edges, neurons, margin, *counts in rows:
        yield place, StoredCircuit(mask, edges, neurons, _NAN if margin is None else margin, *counts)


def masks_beside(session: Session, analysis: AnalysisRow, mask: int) -> tuple[int | None, int | None]:
    """The stored circuits before and after a circuit, stored or not, by fewest edges, then by mask.

    Args:
        analysis: whose circuits are looked at.
        mask: the given circuit.

    Returns:
        Masks; None where there is none, and in networks of more than 64 edges.
    """
    if analysis.network.layout.n_edges > MAX_EDGES:
        return None, None
    columns = columns_of(session, analysis, "circuit", ("mask", "edges"))
    masks, edges = np.asarray(columns["mask"]), np.asarray(columns["edges"])
    size, given = mask.bit_count(), np.uint64(mask)
    before = np.flatnonzero((edges < size) | (edges == size) & (masks < given))
    after = np.flatnonzero((edges > size) | (edges == size) & (masks > given))  # masks ascend
    previous = before[edges[before] == edges[before].max()][-1:] if len(before) else before
    following = after[edges[after] == edges[after].min()][:1] if len(after) else after
    first, last = (int(masks[place[0]]) if len(place) else None for place in (previous, following))
    return first, last
