"""The stored circuits of one analysis: some of them by their places, and whole columns of all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import and_, or_
from sqlalchemy.orm import Session

from analysis.networks.circuit import EdgeLayout
from app.db.circuit_columns import BLOCK, RANKED, values_name, values_of
from app.db.reads.circuit_scan import blocks_with, columns_in, locate_mask, stored_names
from app.db.tables import CircuitBlockRow

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
    session: Session, analysis_id: int, layout: EdgeLayout, positions: Sequence[int]
) -> list[StoredCircuit]:
    """The circuits at these places in the order of masks."""
    if not positions:
        return []
    numbers = sorted({position // BLOCK for position in positions})
    query = blocks_with(CircuitBlockRow.name, CircuitBlockRow.block, CircuitBlockRow.data).where(
        CircuitBlockRow.analysis_id == analysis_id,
        CircuitBlockRow.name.in_(stored_names(CARD_COLUMNS)),
        CircuitBlockRow.block.in_(numbers),
    )
    stored: dict[int, dict[str, bytes]] = defaultdict(dict)
    for name, number, data in session.execute(query):
        stored[number][name] = data
    blocks = {number: columns_in(block, CARD_COLUMNS) for number, block in stored.items()}
    rows = [{name: _plain(blocks[p // BLOCK][name][p % BLOCK]) for name in CARD_COLUMNS} for p in positions]
    values = _values_at(session, analysis_id, {name: {row[name] for row in rows} for name in RANKED})
    return [
        StoredCircuit(
            mask=layout.to_hex(row["mask"]),
            n_edges=row["edges"],
            n_neurons=row["neurons"],
            margin=row["margin"],
            interpretations=values["interpretations", row["interpretations"]],
            observed=values["observed", row["observed"]],
        )
        for row in rows
    ]


def whole_column(session: Session, analysis_id: int, name: str) -> NDArray[Any]:
    """All values of one column, in the order of masks."""
    query = blocks_with(CircuitBlockRow.name, CircuitBlockRow.data).where(
        CircuitBlockRow.analysis_id == analysis_id, CircuitBlockRow.name.in_(stored_names([name]))
    )
    parts: dict[str, list[bytes]] = defaultdict(list)
    for stored, data in session.execute(query.order_by(CircuitBlockRow.name, CircuitBlockRow.block)):  # as the key has
        parts[stored].append(data)
    return columns_in({stored: b"".join(data) for stored, data in parts.items()}, [name])[name]


def distinct_counts(session: Session, analysis_id: int, name: str) -> list[int]:
    """The distinct values of a ranked column, ascending: what its ranks stand for."""
    query = blocks_with(CircuitBlockRow.data).where(
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


def _values_at(session: Session, analysis_id: int, ranks: Mapping[str, set[int]]) -> dict[tuple[str, int], int]:
    """The values of some ranked columns at some ranks of each."""
    blocks = {name: sorted({rank // BLOCK for rank in wanted}) for name, wanted in ranks.items()}
    parts = [
        and_(CircuitBlockRow.name == values_name(name), CircuitBlockRow.block.in_(numbers))
        for name, numbers in blocks.items()
    ]
    query = blocks_with(CircuitBlockRow.name, CircuitBlockRow.block, CircuitBlockRow.data)
    found = session.execute(query.where(CircuitBlockRow.analysis_id == analysis_id, or_(*parts)))
    values = {(name, number): values_of(data) for name, number, data in found}
    return {
        (name, rank): values[values_name(name), rank // BLOCK][rank % BLOCK]
        for name, wanted in ranks.items()
        for rank in wanted
    }
