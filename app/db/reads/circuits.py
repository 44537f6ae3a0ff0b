"""Named queries about the valid circuits of one analysis: filtered, sorted, and read on from any of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Select, String, and_, cast, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from analysis.circuits.circuit import EdgeLayout
from app.db.tables import CircuitRow

SortKey = Literal["mask", "edges", "neurons", "margin", "interpretations", "observed"]
SORT_COLUMNS: Final[dict[SortKey, InstrumentedAttribute[Any]]] = {
    "mask": CircuitRow.mask,
    "edges": CircuitRow.n_edges,
    "neurons": CircuitRow.n_neurons,
    "margin": CircuitRow.margin,
    "interpretations": CircuitRow.interpretations,
    "observed": CircuitRow.observed,
}


@dataclass(frozen=True)
class Part:
    """A neuron or an edge of a circuit that a filter speaks about.

    Args:
        edges: edge indices; a neuron stands for all edges into it.
    """

    edges: tuple[int, ...]


@dataclass(frozen=True)
class CircuitFilter:
    """What circuits are looked for; None means no bound.

    Args:
        keep: parts of which each must be kept (of a neuron: some edge into it).
        drop: parts of which each must be cut (of a neuron: every edge into it).
    """

    edges_min: int | None = None
    edges_max: int | None = None
    neurons_min: int | None = None
    neurons_max: int | None = None
    margin_min: float | None = None
    keep: tuple[Part, ...] = ()
    drop: tuple[Part, ...] = ()


@dataclass(frozen=True)
class CircuitKey:
    """Where a page of the list begins: after the circuit with this value of the sort column and this mask."""

    value: Any
    mask: str


def circuits(
    session: Session,
    analysis_id: int,
    layout: EdgeLayout,
    wanted: CircuitFilter,
    *,
    sort: SortKey = "mask",
    descending: bool = False,
    after: CircuitKey | None = None,
    limit: int,
) -> Sequence[CircuitRow]:
    """Valid circuits in order of one column, ties by mask in the same direction, so that an index serves both."""
    column = SORT_COLUMNS[sort]
    query = _filtered(select(CircuitRow), analysis_id, layout, wanted)
    if after is not None:
        further: ColumnElement[bool] = CircuitRow.mask < after.mask if descending else CircuitRow.mask > after.mask
        if sort != "mask":
            beyond = column < after.value if descending else column > after.value
            further = or_(beyond, and_(column == after.value, further))
        query = query.where(further)
    order = (column.desc(), CircuitRow.mask.desc()) if descending else (column, CircuitRow.mask)
    return session.scalars(query.order_by(*order).limit(limit)).all()


def count_circuits(session: Session, analysis_id: int, layout: EdgeLayout, wanted: CircuitFilter) -> int:
    """How many valid circuits pass a filter."""
    query = _filtered(select(func.count()).select_from(CircuitRow), analysis_id, layout, wanted)
    return session.scalar(query) or 0


def circuit_named(session: Session, analysis_id: int, mask: str) -> CircuitRow | None:
    """The stored circuit with this mask."""
    return session.scalar(select(CircuitRow).where(CircuitRow.analysis_id == analysis_id, CircuitRow.mask == mask))


def smallest_circuits(session: Session, analysis_id: int, limit: int) -> Sequence[CircuitRow]:
    """The valid circuits with fewest edges, ties by mask."""
    return session.scalars(
        select(CircuitRow)
        .where(CircuitRow.analysis_id == analysis_id)
        .order_by(CircuitRow.n_edges, CircuitRow.mask)
        .limit(limit)
    ).all()


def ranges(session: Session, analysis_id: int) -> dict[str, tuple[Any, Any]]:
    """Smallest and largest value of what can be filtered, {} if there is no circuit."""
    columns = {"edges": CircuitRow.n_edges, "neurons": CircuitRow.n_neurons, "margin": CircuitRow.margin}
    bounds = [bound for column in columns.values() for bound in (func.min(column), func.max(column))]
    values: list[Any] = list(session.execute(select(*bounds).where(CircuitRow.analysis_id == analysis_id)).one())
    if values[0] is None:
        return {}
    return {name: (values[2 * i], values[2 * i + 1]) for i, name in enumerate(columns)}


def _filtered(query: Select[Any], analysis_id: int, layout: EdgeLayout, wanted: CircuitFilter) -> Select[Any]:
    bounds: list[tuple[InstrumentedAttribute[Any], float | None, float | None]] = [
        (CircuitRow.n_edges, wanted.edges_min, wanted.edges_max),
        (CircuitRow.n_neurons, wanted.neurons_min, wanted.neurons_max),
        (CircuitRow.margin, wanted.margin_min, None),
    ]
    query = query.where(CircuitRow.analysis_id == analysis_id)
    for column, least, most in bounds:
        if least is not None:
            query = query.where(column >= least)
        if most is not None:
            query = query.where(column <= most)
    for part in wanted.keep:
        query = query.where(or_(*(_keeps(edge, layout) for edge in part.edges)))
    for part in wanted.drop:
        query = query.where(and_(*(~_keeps(edge, layout) for edge in part.edges)))
    return query


def _keeps(edge: int, layout: EdgeLayout) -> ColumnElement[bool]:
    """Whether a mask has a bit set: its hex digit at the bit's place is one of the eight that have it."""
    place = layout.n_hex_digits - edge // 4  # substr counts from 1, most significant digit first
    digits = [f"{digit:x}" for digit in range(16) if digit >> (edge % 4) & 1]
    return func.substr(cast(CircuitRow.mask, String), place, 1).in_(digits)
