"""One pass over columns of stored circuits: some blocks at a time, the first few of an order, where a cursor stands."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.circuit_columns import BLOCK, COLUMNS, MASK_WORDS, RANKED, masks_in, values_name, values_of
from app.db.columns import sortable
from app.db.tables import AnalysisRow, CircuitBlockRow

SortKey = Literal["mask", "edges", "neurons", "margin", "interpretations", "observed"]
BLOCKS_AT_ONCE: Final = 16
Columns = Mapping[str, NDArray[Any]]


class FirstFew:
    """The first few of all circuits seen so far.

    Args:
        n: how many.
        descending: whether the largest value comes first, and the largest position among equals.
    """

    def __init__(self, n: int, descending: bool) -> None:
        self._n, self._descending = n, descending
        self._values: NDArray[Any] | None = None
        self._positions = np.empty(0, dtype=np.int64)

    @property
    def positions(self) -> list[int]:
        """Their positions, in order."""
        return self._positions.tolist()

    @property
    def values(self) -> list[Any]:
        """Their values, in order."""
        return [] if self._values is None else self._values.tolist()

    def add(self, values: NDArray[Any], positions: NDArray[np.int64], chosen: NDArray[np.bool_] | None) -> None:
        """See more circuits, at higher positions than all before; of those only the chosen ones count."""
        if self._values is not None and len(self._values) == self._n:
            last = self._values[-1]  # a later circuit of the same value comes before it only in descending order
            promising = values >= last if self._descending else values < last
            chosen = promising if chosen is None else promising & chosen
        if chosen is not None:
            values, positions = values[chosen], positions[chosen]
        if len(values) > self._n:
            few = self._few(values)
            values, positions = values[few], positions[few]
        if self._values is not None:
            values = np.concatenate([self._values, values])
            positions = np.concatenate([self._positions, positions])
        order = np.lexsort((positions, values))
        order = (order[::-1] if self._descending else order)[: self._n]
        self._values, self._positions = values[order], positions[order]

    def _few(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """Indices of the first n, in any order; of equal values the lowest or the highest indices."""
        if self._descending:
            bound = np.partition(values, len(values) - self._n)[len(values) - self._n]
            better = np.flatnonzero(values > bound)
            equal = np.flatnonzero(values == bound)
            return np.concatenate([better, equal[len(equal) - (self._n - len(better)) :]])
        bound = np.partition(values, self._n - 1)[self._n - 1]
        better = np.flatnonzero(values < bound)
        return np.concatenate([better, np.flatnonzero(values == bound)[: self._n - len(better)]])


def steps(session: Session, analysis: AnalysisRow, names: Iterable[str]) -> Iterator[tuple[NDArray[np.int64], Columns]]:
    """The positions of the circuits of some blocks at a time, and the wanted columns of these."""
    wanted = sorted(names)
    n_blocks = -(-analysis.circuits_listed // BLOCK)
    for first in range(0, n_blocks, BLOCKS_AT_ONCE):
        numbers = range(first, min(first + BLOCKS_AT_ONCE, n_blocks))
        positions = np.arange(first * BLOCK, min(numbers.stop * BLOCK, analysis.circuits_listed))
        yield positions, columns_of(session, analysis.id, wanted, numbers) if wanted else {}


def columns_of(session: Session, analysis_id: int, names: Sequence[str], numbers: range) -> Columns:
    """Some columns of some blocks in a row."""
    query = select(CircuitBlockRow.name, CircuitBlockRow.block, CircuitBlockRow.data).where(
        CircuitBlockRow.analysis_id == analysis_id,
        CircuitBlockRow.name.in_(stored_names(names)),
        CircuitBlockRow.block >= numbers.start,
        CircuitBlockRow.block < numbers.stop,
    )
    parts: dict[str, list[bytes]] = defaultdict(list)
    for name, _, data in session.execute(query.order_by(CircuitBlockRow.block)):
        parts[name].append(data)
    return columns_in({name: b"".join(data) for name, data in parts.items()}, names)


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


def behind(
    values: NDArray[Any], positions: NDArray[np.int64], equal: tuple[Any, Any], bound: int, *, descending: bool
) -> NDArray[np.bool_]:
    """Which items come after a cursor.

    Args:
        values: of the sort column.
        positions: of the items in the order that decides ties.
        equal: the least and the largest value that equals the cursor's; nothing does if they cross.
        bound: of those with an equal value the first position behind it (descending: the last one, exclusive).
        descending: whether the largest value comes first, and the largest position among equals.
    """
    low, high = equal
    ties = (values >= low) & (values <= high)
    chosen: NDArray[np.bool_] = (
        (values < low) | (ties & (positions < bound)) if descending else (values > high) | (ties & (positions >= bound))
    )
    return chosen


def places_of(session: Session, analysis_id: int, sort: str, value: Any, position: int) -> tuple[Any, Any]:
    """What equals a cursor's value in the sort column: all from the first to the second number, nothing if they cross.

    In the order of masks the values are the positions themselves.
    """
    if sort == "mask":
        return position, position
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


def locate_mask(session: Session, analysis_id: int, mask: str) -> tuple[int, bool]:
    """How many stored masks are smaller, and whether this one is stored."""
    query = (
        select(CircuitBlockRow.block)
        .where(
            CircuitBlockRow.analysis_id == analysis_id, CircuitBlockRow.name == "mask", CircuitBlockRow.first <= mask
        )
        .order_by(CircuitBlockRow.block.desc())
        .limit(1)
    )
    block = session.scalar(query)
    if block is None:
        return 0, False
    masks = columns_of(session, analysis_id, ["mask"], range(block, block + 1))["mask"]
    index, found = locate_in(masks, int(mask, 16))
    return block * BLOCK + index, found
