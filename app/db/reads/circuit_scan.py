"""Columns of stored circuits, some blocks at a time, and where a cursor stands among them."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.db.circuit_columns import (
    BLOCK,
    COLUMNS,
    EDGE_BITS,
    MASK_WORDS,
    RANKED,
    edge_bits,
    edge_bits_in,
    masks_in,
    values_name,
    values_of,
)
from app.db.columns import sortable
from app.db.tables import AnalysisRow, CircuitBlockRow

BLOCKS_AT_ONCE: Final = 64  # their smaller columns fit into a processor's cache
_READ_AT_ONCE: Final = 64  # blocks of one column in a query
Columns = Mapping[str, NDArray[Any]]


def steps(session: Session, analysis: AnalysisRow, names: Iterable[str]) -> Iterator[tuple[range, Columns]]:
    """The positions of the circuits of some blocks at a time, and the wanted columns of these."""
    wanted = set(names)
    n_blocks = -(-analysis.circuits_listed // BLOCK)
    blocks = {name: _blocks(session, analysis.id, name, n_blocks) for name in stored_names(wanted)}
    for first in range(0, n_blocks, BLOCKS_AT_ONCE):
        n = min(first + BLOCKS_AT_ONCE, n_blocks) - first
        positions = range(first * BLOCK, min((first + n) * BLOCK, analysis.circuits_listed))
        some = {name: b"".join(islice(data, n)) for name, data in blocks.items()}
        columns = columns_in({name: data for name, data in some.items() if data}, wanted - {EDGE_BITS})
        if EDGE_BITS in wanted:
            layout = analysis.network.layout
            if some[EDGE_BITS]:
                columns[EDGE_BITS] = edge_bits_in(some[EDGE_BITS], len(positions), layout)
            else:  # an earlier version saved it, and nothing is filled in yet
                masks = columns_of(session, analysis.id, ("mask",), range(first, first + n))["mask"]
                columns[EDGE_BITS] = edge_bits(masks, layout)
        yield positions, columns


def _blocks(session: Session, analysis_id: int, name: str, n_blocks: int) -> Iterator[bytes]:
    """The blocks of one column in order."""
    here, block = CircuitBlockRow.analysis_id == analysis_id, CircuitBlockRow.block
    query = select(CircuitBlockRow.data).where(here, CircuitBlockRow.name == name).order_by(block)
    for first in range(0, n_blocks, _READ_AT_ONCE):
        some = session.scalars(query.where(block >= first, block < first + _READ_AT_ONCE)).all()
        if not some:  # a column that this analysis does not have
            return
        yield from some


def columns_of(session: Session, analysis_id: int, names: Sequence[str], numbers: range) -> Columns:
    """Some columns of some blocks in a row."""
    query = select(CircuitBlockRow.name, CircuitBlockRow.block, CircuitBlockRow.data).where(
        CircuitBlockRow.analysis_id == analysis_id,
        CircuitBlockRow.name.in_(stored_names(names)),
        CircuitBlockRow.block >= numbers.start,
        CircuitBlockRow.block < numbers.stop,
    )
    parts: dict[str, list[bytes]] = defaultdict(list)
    for name, _, data in session.execute(query.order_by(CircuitBlockRow.name, CircuitBlockRow.block)):
        parts[name].append(data)
    return columns_in({name: b"".join(data) for name, data in parts.items()}, names)


def whole_column(session: Session, analysis_id: int, name: str) -> NDArray[Any]:
    """All values of one column, in the order of masks."""
    query = select(CircuitBlockRow.name, CircuitBlockRow.data).where(
        CircuitBlockRow.analysis_id == analysis_id, CircuitBlockRow.name.in_(stored_names([name]))
    )
    parts: dict[str, list[bytes]] = defaultdict(list)
    for stored, data in session.execute(query.order_by(CircuitBlockRow.name, CircuitBlockRow.block)):  # as the key has
        parts[stored].append(data)
    return columns_in({stored: b"".join(data) for stored, data in parts.items()}, [name])[name]


def stored_names(names: Iterable[str]) -> set[str]:
    """The names under which columns are stored; a mask may stand in several."""
    wanted = set(names)
    return wanted | set(MASK_WORDS) if "mask" in wanted else wanted


def columns_in(stored: Mapping[str, bytes], names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Columns from what is stored of them."""
    found: dict[str, NDArray[Any]] = {}
    for name in names:
        words = [word for word in MASK_WORDS if word in stored] if name == "mask" else [name]
        read = [np.frombuffer(stored.get(word, b""), COLUMNS[word]) for word in words or [name]]
        found[name] = masks_in(read) if name == "mask" else read[0]
    return found


def locate_in(masks: NDArray[Any], mask: int) -> tuple[int, bool]:
    """How many of some ascending masks are smaller than one, and whether it is among them."""
    if not len(masks):
        return 0, False
    number = masks.dtype.type(mask)
    index = int(np.searchsorted(masks, number))
    return index, index < len(masks) and bool(masks[index] == number)


def places_of(session: Session, analysis_id: int, sort: str, value: Any) -> tuple[Any, Any]:
    """What equals a cursor's value in the sort column: all from the first to the second number; none if they cross."""
    if sort not in RANKED:
        return value, value
    if value < 0:
        return -0.5, -0.6  # below every rank
    value = min(value, 10**999 - 1)
    query = (
        select(CircuitBlockRow.block, CircuitBlockRow.data)
        .where(
            CircuitBlockRow.analysis_id == analysis_id,
            CircuitBlockRow.name == values_name(sort),
            CircuitBlockRow.first <= sortable(value),
        )
        .order_by(CircuitBlockRow.block.desc())
        .limit(1)
    )
    row = session.execute(query).one_or_none()
    if row is None:
        return -0.5, -0.6
    values = values_of(row.data)
    index = bisect_left(values, value)
    rank = row.block * BLOCK + index
    return (rank, rank) if index < len(values) and values[index] == value else (rank - 0.4, rank - 0.6)


_BLOCK_WITH: Final = text("""
    WITH RECURSIVE span(low, high) AS (
        SELECT min(block), max(block) + 1 FROM circuit_blocks WHERE analysis_id = :analysis AND name = 'mask'
        UNION ALL
        SELECT CASE WHEN first <= :mask THEN block ELSE low END, CASE WHEN first <= :mask THEN high ELSE block END
        FROM span JOIN circuit_blocks ON analysis_id = :analysis AND name = 'mask' AND block = (low + high) / 2
        WHERE high - low > 1
    )
    SELECT max(low) FROM span
""")
"""The last block that begins with no greater mask, by halving: a walk would read a page of the database for each."""


def locate_mask(session: Session, analysis_id: int, mask: str) -> tuple[int, bool]:
    """How many stored masks are smaller, and whether this one is stored."""
    block = session.scalar(_BLOCK_WITH, {"analysis": analysis_id, "mask": mask}) or 0
    masks = columns_of(session, analysis_id, ["mask"], range(block, block + 1))["mask"]
    index, found = locate_in(masks, int(mask, 16))
    return block * BLOCK + index, found
