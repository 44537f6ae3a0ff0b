"""The valid circuits of one analysis: filtered, sorted, and read on from any of them.

A list is one pass over the columns that its filter and its order need (:mod:`app.db.circuit_columns`), some ten
thousand circuits at a time: those that pass are counted, and of those behind the cursor the first few are kept. So
every combination of filters costs the same few milliseconds for each million circuits, totals are exact, and memory is
that of one step whatever the number of circuits.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from analysis.circuits.circuit import EdgeLayout
from app.db.circuit_columns import BLOCK, COLUMNS, RANKED, values_name, values_of
from app.db.columns import sortable
from app.db.tables import AnalysisRow, CircuitBlockRow

SortKey = Literal["mask", "edges", "neurons", "margin", "interpretations", "observed"]
BLOCKS_AT_ONCE: Final = 16
CARD_COLUMNS: Final = ("mask", "edges", "neurons", "margin", *RANKED)
Columns = Mapping[str, NDArray[Any]]


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


@dataclass(frozen=True)
class Part:
    """A neuron or an edge of a circuit that a filter speaks about.

    Args:
        edges: edge indices; a neuron stands for all edges into it.
    """

    edges: tuple[int, ...]

    @property
    def mask(self) -> np.uint64:
        """Its edges as a mask."""
        return np.uint64(sum(1 << edge for edge in self.edges))


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

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it looks at; none if it lets everything through."""
        looked_at = {
            "edges": (self.edges_min, self.edges_max),
            "neurons": (self.neurons_min, self.neurons_max),
            "margin": (self.margin_min,),
        }
        names = [name for name, bounds in looked_at.items() if any(bound is not None for bound in bounds)]
        return (*names, "mask") if self.keep or self.drop else tuple(names)

    def passes(self, columns: Columns) -> NDArray[np.bool_] | None:
        """Which circuits pass, ``[circuits]``; None if the filter lets everything through."""
        tests: list[NDArray[np.bool_]] = []
        for name in ("edges", "neurons", "margin"):
            least, most = getattr(self, f"{name}_min"), getattr(self, f"{name}_max", None)
            if least is not None:
                tests.append(columns[name] >= least)
            if most is not None:
                tests.append(columns[name] <= most)
        tests += [(columns["mask"] & part.mask) != 0 for part in self.keep]
        tests += [(columns["mask"] & part.mask) == 0 for part in self.drop]
        if not tests:
            return None
        passing = tests[0]
        for test in tests[1:]:
            passing &= test
        return passing


@dataclass(frozen=True)
class CircuitKey:
    """Where a page of the list begins: after the circuit with this value of the sort column and this mask."""

    value: Any
    mask: str


@dataclass(frozen=True)
class CircuitList:
    """One page of a list.

    Args:
        circuits: on this page.
        total: circuits that pass the filter, on all pages; exact.
        more: whether others follow.
    """

    circuits: list[StoredCircuit]
    total: int
    more: bool


NOTHING: Final = CircuitList([], 0, more=False)


def list_circuits(
    session: Session,
    analysis: AnalysisRow,
    layout: EdgeLayout,
    wanted: CircuitFilter,
    *,
    sort: SortKey = "mask",
    descending: bool = False,
    after: CircuitKey | None = None,
    limit: int,
) -> CircuitList:
    """Stored circuits in order of one column, ties by mask in the same direction."""
    names = {*wanted.columns, *(() if sort == "mask" else (sort,))}
    beyond = _beyond(session, analysis.id, sort, descending, after)
    first = _First(limit + 1, descending)
    total = 0
    for start, columns in _steps(session, analysis, names):
        positions = np.arange(start, min(start + BLOCKS_AT_ONCE * BLOCK, analysis.circuits_listed))
        values = positions if sort == "mask" else columns[sort]
        passing = wanted.passes(columns)
        total += len(positions) if passing is None else int(np.count_nonzero(passing))
        chosen = beyond(values, positions)
        chosen = passing if chosen is None else chosen if passing is None else chosen & passing
        first.add(values, positions, chosen)
    found = first.positions
    circuits = circuits_at(session, analysis.id, layout, found[:limit])
    return CircuitList(circuits, total, len(found) > limit)


def smallest_circuits(session: Session, analysis: AnalysisRow, layout: EdgeLayout, limit: int) -> list[StoredCircuit]:
    """The stored circuits with fewest edges, ties by mask."""
    return list_circuits(session, analysis, layout, CircuitFilter(), sort="edges", limit=limit).circuits


def is_stored(session: Session, analysis_id: int, mask: str) -> bool:
    """Whether the circuit with this mask is stored."""
    position, found = _locate(session, analysis_id, mask)
    return found and position >= 0


def circuits_at(
    session: Session, analysis_id: int, layout: EdgeLayout, positions: Sequence[int]
) -> list[StoredCircuit]:
    """The circuits at these places in the order of masks."""
    if not positions:
        return []
    numbers = sorted({position // BLOCK for position in positions})
    query = select(CircuitBlockRow.name, CircuitBlockRow.block, CircuitBlockRow.data).where(
        CircuitBlockRow.analysis_id == analysis_id,
        CircuitBlockRow.name.in_(CARD_COLUMNS),
        CircuitBlockRow.block.in_(numbers),
    )
    blocks = {(name, number): np.frombuffer(data, COLUMNS[name]) for name, number, data in session.execute(query)}
    rows = [{name: blocks[name, p // BLOCK][p % BLOCK].item() for name in CARD_COLUMNS} for p in positions]
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
    query = select(CircuitBlockRow.data).where(CircuitBlockRow.analysis_id == analysis_id, CircuitBlockRow.name == name)
    return np.frombuffer(b"".join(session.scalars(query.order_by(CircuitBlockRow.block))), COLUMNS[name])


def whole_counts(session: Session, analysis_id: int, name: str) -> tuple[int, ...]:
    """All values of a ranked column, in the order of masks."""
    query = select(CircuitBlockRow.data).where(
        CircuitBlockRow.analysis_id == analysis_id, CircuitBlockRow.name == values_name(name)
    )
    values = [value for data in session.scalars(query.order_by(CircuitBlockRow.block)) for value in values_of(data)]
    return tuple(values[rank] for rank in whole_column(session, analysis_id, name).tolist())


class _First:
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


def _steps(session: Session, analysis: AnalysisRow, names: Iterable[str]) -> Iterator[tuple[int, Columns]]:
    """The position of the first circuit and the wanted columns of some blocks at a time."""
    wanted = sorted(names)
    n_blocks = -(-analysis.circuits_listed // BLOCK)
    for first in range(0, n_blocks, BLOCKS_AT_ONCE):
        numbers = range(first, min(first + BLOCKS_AT_ONCE, n_blocks))
        yield first * BLOCK, _columns_of(session, analysis.id, wanted, numbers) if wanted else {}


def _columns_of(session: Session, analysis_id: int, names: Sequence[str], numbers: range) -> Columns:
    """Some columns of some blocks in a row."""
    query = select(CircuitBlockRow.name, CircuitBlockRow.block, CircuitBlockRow.data).where(
        CircuitBlockRow.analysis_id == analysis_id,
        CircuitBlockRow.name.in_(names),
        CircuitBlockRow.block >= numbers.start,
        CircuitBlockRow.block < numbers.stop,
    )
    parts = {(name, number): data for name, number, data in session.execute(query)}
    return {name: np.frombuffer(b"".join(parts[name, number] for number in numbers), COLUMNS[name]) for name in names}


def _beyond(
    session: Session, analysis_id: int, sort: SortKey, descending: bool, after: CircuitKey | None
) -> Callable[[NDArray[Any], NDArray[np.int64]], NDArray[np.bool_] | None]:
    """Which circuits, by value of the sort column and position, come behind the cursor; None for all of them."""
    if after is None:
        return _everything
    position, found = _locate(session, analysis_id, after.mask)
    # in ascending order the next position is that of the next mask, whether the cursor's own is stored or not
    first_later = position + found
    low, high = _places(session, analysis_id, sort, after.value, position)

    def behind(values: NDArray[Any], positions: NDArray[np.int64]) -> NDArray[np.bool_]:
        equal = (values >= low) & (values <= high)
        chosen: NDArray[np.bool_] = (
            (values < low) | (equal & (positions < position))
            if descending
            else (values > high) | (equal & (positions >= first_later))
        )
        return chosen

    return behind


def _everything(_values: NDArray[Any], _positions: NDArray[np.int64]) -> None:
    return None


def _places(session: Session, analysis_id: int, sort: SortKey, value: Any, position: int) -> tuple[Any, Any]:
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


def _locate(session: Session, analysis_id: int, mask: str) -> tuple[int, bool]:
    """How many stored masks are smaller, and whether this one is stored."""
    query = (
        select(CircuitBlockRow.block, CircuitBlockRow.data)
        .where(
            CircuitBlockRow.analysis_id == analysis_id, CircuitBlockRow.name == "mask", CircuitBlockRow.first <= mask
        )
        .order_by(CircuitBlockRow.block.desc())
        .limit(1)
    )
    row = session.execute(query).one_or_none()
    if row is None:
        return 0, False
    masks = np.frombuffer(row.data, COLUMNS["mask"])
    number = np.uint64(int(mask, 16))
    index = int(np.searchsorted(masks, number))
    return row.block * BLOCK + index, index < len(masks) and bool(masks[index] == number)


def _values_at(session: Session, analysis_id: int, ranks: Mapping[str, set[int]]) -> dict[tuple[str, int], int]:
    """The values of some ranked columns at some ranks of each."""
    blocks = {name: sorted({rank // BLOCK for rank in wanted}) for name, wanted in ranks.items()}
    parts = [
        and_(CircuitBlockRow.name == values_name(name), CircuitBlockRow.block.in_(numbers))
        for name, numbers in blocks.items()
    ]
    query = select(CircuitBlockRow.name, CircuitBlockRow.block, CircuitBlockRow.data)
    found = session.execute(query.where(CircuitBlockRow.analysis_id == analysis_id, or_(*parts)))
    values = {(name, number): values_of(data) for name, number, data in found}
    return {
        (name, rank): values[values_name(name), rank // BLOCK][rank % BLOCK]
        for name, wanted in ranks.items()
        for rank in wanted
    }
