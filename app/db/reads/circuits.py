"""The stored circuits of one analysis: some of them by their places, and whole columns of all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from analysis.networks.circuit import EdgeLayout
from app.db.circuit_columns import BLOCK, EDGE_BITS, RANKED, masks_at, values_name, values_of
from app.db.reads.circuit_scan import columns_in, locate_mask, stored_names, whole_column
from app.db.reads.kept_columns import column_if_kept, kept_column
from app.db.tables import AnalysisRow, CircuitBlockRow

CARD_COLUMNS: Final = ("mask", "edges", "neurons", "margin", *RANKED)


@dataclass(frozen=True)
class StoredCircuit:
    """A stored circuit in a few numbers.

    Args:
        mask: hex as in addresses.
    """

    mask: str
    n_edges: int
    n_neurons: int
    margin: float
    interpretations: int
    observed: int


def is_stored(session: Session, analysis_id: int, mask: str) -> bool:
    """Whether the circuit with this mask is stored."""
    position, found = locate_mask(session, analysis_id, mask)
    return found and position >= 0


def circuits_at(
    session: Session, analysis: AnalysisRow, layout: EdgeLayout, positions: Sequence[int]
) -> list[StoredCircuit]:
    """The circuits at these places in the order of masks."""
    if not positions:
        return []
    columns = _columns_at(session, analysis, np.array(positions, dtype=np.int64))
    counts = _values_at(session, analysis.id, {name: columns[name] for name in RANKED})
    rows = zip(*(columns[name] for name in CARD_COLUMNS if name not in RANKED), *counts, strict=True)
    return [StoredCircuit(layout.to_hex(mask), *row) for mask, *row in rows]


def smallest_circuits(session: Session, analysis: AnalysisRow, layout: EdgeLayout, limit: int) -> list[StoredCircuit]:
    """The stored circuits with fewest edges, ties by mask."""
    edges = kept_column(session, analysis, "edges")
    return circuits_at(session, analysis, layout, np.argsort(edges, kind="stable")[:limit].tolist())


def _columns_at(session: Session, analysis: AnalysisRow, positions: NDArray[np.int64]) -> dict[str, list[Any]]:
    """What each column says at some places: those that are kept whole by themselves, the others by their blocks.

    A block has thousands of values, and in many orders each circuit of a list stands in another one.
    """
    found: dict[str, list[Any]] = {}
    for name in CARD_COLUMNS:
        column = column_if_kept(session, analysis, EDGE_BITS if name == "mask" else name)
        if column is not None:
            found[name] = masks_at(column, positions) if name == "mask" else column[positions].tolist()
    wanted = [name for name in CARD_COLUMNS if name not in found]
    if not wanted:
        return found
    numbers, places = positions // BLOCK, positions % BLOCK
    query = select(CircuitBlockRow.name, CircuitBlockRow.block, CircuitBlockRow.data).where(
        CircuitBlockRow.analysis_id == analysis.id,
        CircuitBlockRow.name.in_(stored_names(wanted)),
        CircuitBlockRow.block.in_(np.unique(numbers).tolist()),
    )
    stored: dict[int, dict[str, bytes]] = defaultdict(dict)
    for name, number, data in session.execute(query):
        stored[number][name] = data
    blocks = {number: columns_in(block, wanted) for number, block in stored.items()}
    both = list(zip(numbers.tolist(), places.tolist(), strict=True))
    return found | {name: [_plain(blocks[number][name][place]) for number, place in both] for name in wanted}


def distinct_counts(session: Session, analysis_id: int, name: str) -> list[int]:
    """The distinct values of a ranked column, ascending: what its ranks stand for."""
    query = select(CircuitBlockRow.data).where(
        CircuitBlockRow.analysis_id == analysis_id, CircuitBlockRow.name == values_name(name)
    )
    return [value for data in session.scalars(query.order_by(CircuitBlockRow.block)) for value in values_of(data)]


def whole_counts(session: Session, analysis_id: int, name: str) -> tuple[int, ...]:
    """All values of a ranked column, in the order of masks."""
    values = distinct_counts(session, analysis_id, name)
    return tuple(values[rank] for rank in whole_column(session, analysis_id, name).tolist())


def _plain(value: Any) -> Any:
    """A number of a column as a Python number."""
    return value.item() if isinstance(value, np.generic) else value


def _values_at(session: Session, analysis_id: int, ranks: Mapping[str, Sequence[int]]) -> list[list[int]]:
    """For each of some ranked columns its values at some ranks."""
    parts = [
        and_(
            CircuitBlockRow.name == values_name(name),
            CircuitBlockRow.block.in_(sorted({rank // BLOCK for rank in wanted})),
        )
        for name, wanted in ranks.items()
    ]
    query = select(CircuitBlockRow.name, CircuitBlockRow.block, CircuitBlockRow.data)
    found = session.execute(query.where(CircuitBlockRow.analysis_id == analysis_id, or_(*parts)))
    written = {(name, number): data.split(b",") for name, number, data in found}
    return [
        [int(written[values_name(name), rank // BLOCK][rank % BLOCK]) for rank in wanted]
        for name, wanted in ranks.items()
    ]
