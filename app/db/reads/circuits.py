"""The valid circuits of one analysis: filtered, sorted, and read on from any of them.

A list is one pass over the columns that its filter and its order need (:mod:`app.db.circuit_columns`), some ten
thousand circuits at a time: those that pass are counted, and of those behind the cursor the first few are kept. So
every combination of filters costs the same few milliseconds for each million circuits, totals are exact, and memory is
that of one step whatever the number of circuits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from analysis.circuits.circuit import MAX_EDGES, EdgeLayout
from app.db.circuit_columns import BLOCK, RANKED, values_name, values_of
from app.db.reads.circuit_scan import (
    Columns,
    FirstFew,
    behind,
    columns_in,
    locate_mask,
    places_of,
    steps,
    stored_names,
)
from app.db.reads.circuit_scan import (
    SortKey as SortKey,
)
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


@dataclass(frozen=True)
class Part:
    """A neuron or an edge of a circuit that a filter speaks about.

    Args:
        edges: edge indices; a neuron stands for all edges into it.
    """

    edges: tuple[int, ...]

    @property
    def mask(self) -> int:
        """Its edges as a mask."""
        return sum(1 << edge for edge in self.edges)

    def kept(self, masks: NDArray[Any]) -> NDArray[np.bool_]:
        """Which circuits keep any of its edges."""
        if masks.dtype != object and self.mask >> MAX_EDGES:
            return np.zeros(len(masks), dtype=np.bool_)
        return np.asarray((masks & masks.dtype.type(self.mask)) != 0, dtype=np.bool_)


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
        tests += [part.kept(columns["mask"]) for part in self.keep]
        tests += [~part.kept(columns["mask"]) for part in self.drop]
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
    first = FirstFew(limit + 1, descending)
    total = 0
    for positions, columns in steps(session, analysis, names):
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
    position, found = locate_mask(session, analysis_id, mask)
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
    query = select(CircuitBlockRow.name, CircuitBlockRow.data).where(
        CircuitBlockRow.analysis_id == analysis_id, CircuitBlockRow.name.in_(stored_names([name]))
    )
    parts: dict[str, list[bytes]] = defaultdict(list)
    for stored, data in session.execute(query.order_by(CircuitBlockRow.block)):
        parts[stored].append(data)
    return columns_in({stored: b"".join(data) for stored, data in parts.items()}, [name])[name]


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


def _beyond(
    session: Session, analysis_id: int, sort: SortKey, descending: bool, after: CircuitKey | None
) -> Callable[[NDArray[Any], NDArray[np.int64]], NDArray[np.bool_] | None]:
    """Which circuits, by value of the sort column and position, come behind the cursor; None for all of them."""
    if after is None:
        return _everything
    position, found = locate_mask(session, analysis_id, after.mask)
    # in ascending order the next position is that of the next mask, whether the cursor's own is stored or not
    bound = position if descending else position + found
    equal = places_of(session, analysis_id, sort, after.value, position)
    return lambda values, positions: behind(values, positions, equal, bound, descending=descending)


def _plain(value: Any) -> Any:
    """A number of a column as a Python number."""
    return value.item() if isinstance(value, np.generic) else value


def _everything(_values: NDArray[Any], _positions: NDArray[np.int64]) -> None:
    return None


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
