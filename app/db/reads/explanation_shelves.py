"""The explanations of one analysis as columns, one shelf for each kind, whatever they are stored as.

Circuits stand in columns already and are read some blocks at a time. Algorithms and alignments are rows; what lists
filter and sort by is read into arrays once and kept for the analyses asked for last (a row number alone names no
analysis for good, so the result's digest and the time of saving are part of the key).
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from app.db.circuit_columns import RANKED, values_name, values_of
from app.db.errors import NotFound
from app.db.reads.circuit_scan import Columns, locate_mask, places_of, steps
from app.db.reads.circuits import whole_column
from app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow, CircuitBlockRow

Kind = Literal["circuit", "interpretation", "algorithm", "alignment", "direction"]
KINDS: Final[tuple[Kind, ...]] = ("circuit", "interpretation", "algorithm", "alignment", "direction")
SortKey = Literal[
    "kind",
    "edges",
    "neurons",
    "margin",
    "interpretations",
    "observed",
    "gates",
    "variables",
    "iia",
    "placements",
    "coverage",
    "accuracy",
]
MAX_KEPT: Final = 128_000_000  # bytes of arrays kept, of rows and of circuits each
MAX_NEURONS: Final = 64  # hidden neurons of networks whose neurons can be filtered by

MAX_WHOLE: Final = 4_000_000  # circuits whose columns are kept whole; more are read some blocks at a time, each time
AT_ONCE: Final = 1 << 16  # circuits in a step: their columns fit into a processor's cache

_READ_AT_ONCE: Final = 20_000
T = TypeVar("T")


class Shelf(Protocol):
    """The explanations of one kind, numbered from 0."""

    @property
    def kind(self) -> Kind: ...

    @property
    def n(self) -> int:
        """How many."""

    @property
    def names(self) -> frozenset[str]:
        """Its columns."""

    def steps(self, names: Iterable[str]) -> Iterator[tuple[NDArray[np.int64], Columns]]:
        """Positions and wanted columns, some thousand at a time."""

    def locate(self, identity: str) -> tuple[int, bool]:
        """The position of an explanation, and whether it is there; NotFound if its place cannot be told."""

    def equal_to(self, sort: str, value: Any, position: int) -> tuple[Any, Any]:
        """What equals a value of a sort column: all from the first to the second number; nothing if they cross."""


@dataclass(frozen=True)
class CircuitShelf:
    """The stored circuits of an analysis, or the interpretations of each.

    Args:
        session: open session.
        analysis: the analysis.
        kind: "circuit" or "interpretation".
        more: further columns, whole.
    """

    session: Session
    analysis: AnalysisRow
    kind: Kind
    more: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def n(self) -> int:
        return self.analysis.circuits_listed

    @property
    def names(self) -> frozenset[str]:
        return frozenset(("mask", "edges", "neurons", "margin", *RANKED, *self.more))

    def steps(self, names: Iterable[str]) -> Iterator[tuple[NDArray[np.int64], Columns]]:
        wanted = set(names)
        extra = {name: self.more[name] for name in wanted & self.more.keys()}
        if self.n > MAX_WHOLE:
            for positions, columns in steps(self.session, self.analysis, wanted - extra.keys()):
                here = slice(int(positions[0]), int(positions[-1]) + 1)
                yield positions, {**columns, **{name: column[here] for name, column in extra.items()}}
            return
        whole = {name: self._whole(name) for name in wanted - extra.keys()} | extra
        for start in range(0, self.n, AT_ONCE):
            here = slice(start, min(start + AT_ONCE, self.n))
            yield np.arange(here.start, here.stop), {name: column[here] for name, column in whole.items()}

    def _whole(self, name: str) -> NDArray[Any]:
        """A whole column, read once."""
        key = (*key_of(self.session, self.analysis), name)
        column = _COLUMNS.get(key)
        if column is None:
            column = whole_column(self.session, self.analysis.id, name)
            _COLUMNS.put(key, column, column.nbytes)
        return column

    def locate(self, identity: str) -> tuple[int, bool]:
        return locate_mask(self.session, self.analysis.id, identity)

    def equal_to(self, sort: str, value: Any, position: int) -> tuple[Any, Any]:
        return places_of(self.session, self.analysis.id, sort, value, position)

    @cached_property
    def some_without(self) -> bool:
        """Whether some circuits have no interpretation; theirs is the lowest rank then."""
        query = select(CircuitBlockRow.data).where(
            CircuitBlockRow.analysis_id == self.analysis.id,
            CircuitBlockRow.name == values_name("interpretations"),
            CircuitBlockRow.block == 0,
        )
        data = self.session.scalar(query)
        return data is not None and data.partition(b",")[0] == b"0"


@dataclass(frozen=True)
class RowShelf:
    """Explanations that are rows, as arrays.

    Args:
        kind: "algorithm", "alignment" or "direction".
        ids: public ids, ``ALGORITHM`` or ``ALGORITHM.ALIGNMENT``, in order.
        rows: row numbers, in order.
        columns: arrays ``[n]``; None in a row is NaN.
        ranked: columns of big integers: ranks in ``columns``, and the distinct values here.
    """

    kind: Kind
    ids: Sequence[str]
    rows: NDArray[np.int64]
    columns: Mapping[str, NDArray[Any]]
    ranked: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def n(self) -> int:
        return len(self.rows)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.columns)

    @property
    def n_bytes(self) -> int:
        """About how much memory it takes."""
        return sum(column.nbytes for column in self.columns.values()) + 100 * self.n

    def steps(self, names: Iterable[str]) -> Iterator[tuple[NDArray[np.int64], Columns]]:
        if self.n:
            yield np.arange(self.n), {name: self.columns[name] for name in names}

    @cached_property
    def _places(self) -> dict[str, int]:
        return {identity: position for position, identity in enumerate(self.ids)}

    def locate(self, identity: str) -> tuple[int, bool]:
        position = self._places.get(identity)
        if position is None:
            raise NotFound(f"{self.kind} {identity[:40]!r}", "is not stored here", "begin the list anew")
        return position, True

    def equal_to(self, sort: str, value: Any, position: int) -> tuple[Any, Any]:
        if sort not in self.ranked:
            return value, value
        values = self.ranked[sort]
        rank = bisect_left(values, value)
        return (rank, rank) if rank < len(values) and values[rank] == value else (rank - 0.4, rank - 0.6)

    def with_columns(self, more: Mapping[str, NDArray[Any]]) -> RowShelf:
        """The same with further columns."""
        return RowShelf(self.kind, self.ids, self.rows, {**self.columns, **more}, self.ranked)


class Kept(Generic[T]):
    """What was asked for last, up to a number of bytes."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, Lock()
        self._kept: OrderedDict[tuple[Any, ...], tuple[T, int]] = OrderedDict()

    def get(self, key: tuple[Any, ...]) -> T | None:
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def put(self, key: tuple[Any, ...], value: T, n_bytes: int) -> None:
        with self._lock:
            self._kept[key] = (value, n_bytes)
            while len(self._kept) > 1 and sum(size for _, size in self._kept.values()) > self._most:
                self._kept.popitem(last=False)


_ROWS: Final = Kept[dict[Kind, RowShelf]](MAX_KEPT)
_COLUMNS: Final = Kept[NDArray[Any]](MAX_KEPT)
_READING: Final = Lock()


def key_of(session: Session, analysis: AnalysisRow) -> tuple[Any, ...]:
    """What names a stored analysis for good, within this process."""
    return str(session.get_bind().engine.url), analysis.id, analysis.result_digest, analysis.created_at


def row_shelves(session: Session, analysis: AnalysisRow, sizes: Sequence[int]) -> dict[Kind, RowShelf]:
    """The algorithms and alignments of an analysis; read once, then kept.

    Args:
        session: open session.
        analysis: the analysis.
        sizes: layer sizes of its network.
    """
    key = key_of(session, analysis)
    shelves = _ROWS.get(key)
    if shelves is not None:
        return shelves
    with _READING:  # one at a time: whoever comes meanwhile finds them kept
        shelves = _ROWS.get(key)
        if shelves is not None:
            return shelves
        algorithms = _algorithms(session, analysis.id)
        shelves = {"algorithm": algorithms, "alignment": _alignments(session, analysis.id, algorithms, sizes)}
        _ROWS.put(key, shelves, sum(shelf.n_bytes for shelf in shelves.values()))
    return shelves


_FLAGS: Final = ("irredundant_gates", "irredundant_functions", "irredundant_literals")


def _algorithms(session: Session, analysis_id: int) -> RowShelf:
    names = ("id", "algorithm_id", "n_gates", "n_variables", "depth", "n_valid", "best_agreed", "best_of", *_FLAGS)
    query = (
        select(*(getattr(AlgorithmRow, name) for name in names))
        .where(AlgorithmRow.analysis_id == analysis_id)
        .order_by(AlgorithmRow.position)
    )
    rows = session.execute(query).all()
    by_name = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(names, ())
    valid = sorted(set(by_name["n_valid"]))
    rank = {value: place for place, value in enumerate(valid)}
    shares = [
        np.nan if not of else agreed / of for agreed, of in zip(by_name["best_agreed"], by_name["best_of"], strict=True)
    ]
    return RowShelf(
        "algorithm",
        by_name["algorithm_id"],
        np.array(by_name["id"], dtype=np.int64),
        {
            "gates": np.array(by_name["n_gates"], dtype=np.int32),
            "variables": np.array(by_name["n_variables"], dtype=np.int32),
            "iia": np.array(shares, dtype=np.float64),
            "placements": np.array([rank[value] for value in by_name["n_valid"]], dtype=np.int64),
            "algorithm": np.arange(len(rows)),
            "valid": np.array([value > 0 for value in by_name["n_valid"]], dtype=np.bool_),
            **{flag: np.array([bool(value) for value in by_name[flag]], dtype=np.bool_) for flag in _FLAGS},
        },
        {"placements": valid},
    )


def _alignments(session: Session, analysis_id: int, algorithms: RowShelf, sizes: Sequence[int]) -> RowShelf:
    query = (
        select(
            AlignmentRow.id,
            AlignmentRow.algorithm_row_id,
            AlignmentRow.alignment_id,
            AlignmentRow.agreed,
            AlignmentRow.of,
            AlignmentRow.valid,
            AlignmentRow.minimal,
            AlignmentRow.n_neurons,
            AlignmentRow.margin,
            cast(AlignmentRow.places, Text),
        )
        .where(AlignmentRow.analysis_id == analysis_id)
        .order_by(AlignmentRow.id)
    )
    place_of = {row: place for place, row in enumerate(algorithms.rows.tolist())}
    used: dict[str, int] = {}  # the same places recur under many algorithms, so each text is read once
    ids: list[str] = []
    parts: list[list[Any]] = [[] for _ in range(9)]
    for rows in session.execute(query).partitions(_READ_AT_ONCE):
        numbers, owners, names, agreed, of, valid, minimal, n_neurons, margins, texts = zip(*rows, strict=True)
        used |= {text: _neurons_used(text, sizes) for text in set(texts) - used.keys()}
        here = [place_of[row] for row in owners]
        ids += [f"{algorithms.ids[place]}.{name}" for place, name in zip(here, names, strict=True)]
        # an algorithm without variables says nothing wrong
        shares = [some / every if every else 1.0 for some, every in zip(agreed, of, strict=True)]
        members, neurons = [int(name, 16) for name in names], [used[text] for text in texts]
        columns = (numbers, here, shares, valid, minimal, n_neurons, margins, neurons, members)
        for part, column in zip(parts, columns, strict=True):
            part.extend(column)
    owner = np.array(parts[1], dtype=np.int64)
    inherited = ("gates", "variables", *_FLAGS)
    return RowShelf(
        "alignment",
        ids,
        np.array(parts[0], dtype=np.int64),
        {
            "algorithm": owner,
            "iia": np.array(parts[2], dtype=np.float64),
            "valid": np.array(parts[3], dtype=np.bool_),
            "minimal": np.array(parts[4], dtype=np.bool_),
            "neurons": np.array(parts[5], dtype=np.int32),
            "margin": np.array(parts[6], dtype=np.float64),
            "used": np.array(parts[7], dtype=np.uint64),
            "member": np.array(parts[8], dtype=np.uint64),
            **{name: algorithms.columns[name][owner] for name in inherited},
        },
    )


def _neurons_used(places: str, sizes: Sequence[int]) -> int:
    """The hidden neurons that carry a variable as bits, in the order of layers; 0 where there are too many neurons."""
    if sum(sizes[1:-1]) > MAX_NEURONS:
        return 0
    bits = 0
    for _, layer, neurons in json.loads(places):
        for neuron in neurons:
            bits |= 1 << (sum(sizes[1:layer]) + neuron)
    return bits


def distinct_counts(session: Session, analysis_id: int, name: str) -> list[int]:
    """The distinct values of a ranked column of circuits, ascending: rank → value."""
    query = select(CircuitBlockRow.data).where(
        CircuitBlockRow.analysis_id == analysis_id, CircuitBlockRow.name == values_name(name)
    )
    return [value for data in session.scalars(query.order_by(CircuitBlockRow.block)) for value in values_of(data)]
