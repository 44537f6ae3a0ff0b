"""The explanations of one analysis as columns, one shelf for each kind, whatever they are stored as.

Circuits stand in columns already and are read some blocks at a time. Algorithms and alignments are rows with columns
beside them (:mod:`app.db.shelves`). Columns are kept in the process for the analyses asked for last (a row number alone
names no analysis for good, so the result's digest and the time of saving are part of the key).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock
from typing import Any, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.explanations.explanation import REF, VALID
from analysis.explanations.registry import BY_KEY
from app.db.circuit_columns import (
    COLUMNS,
    EDGE_BITS,
    MARGIN_CODES,
    MARGIN_RANGES,
    N_CODES,
    RANKED,
    WORD,
    values_name,
)
from app.db.errors import NotFound
from app.db.frames import stored_frame
from app.db.reads.circuit_scan import Columns, locate_mask, places_of, steps
from app.db.reads.coded_margins import CodedMargins
from app.db.reads.kept_columns import MAX_KEPT, kept_column, key_of
from app.db.shelves import FLAGS, algorithm_columns, alignment_columns, stored_shelves
from app.db.tables import AnalysisRow, CircuitBlockRow
from app.recent import Recent

Kind = str
CIRCUIT_KINDS: Final[tuple[Kind, ...]] = ("circuit", "interpretation")
ALGORITHM_KINDS: Final[tuple[Kind, ...]] = ("algorithm", "alignment", "direction")
KINDS: Final[tuple[Kind, ...]] = (*CIRCUIT_KINDS, *ALGORITHM_KINDS, *BY_KEY)
"""All kinds of explanations, in the order of lists."""
MAX_WHOLE: Final = 64_000_000  # bytes of a column that is kept whole; larger ones are read some blocks at a time


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

    def steps(self, names: Iterable[str]) -> Iterator[tuple[range, Columns]]:
        """Positions and wanted columns, some thousand at a time."""

    def locate(self, identity: str) -> tuple[int, bool]:
        """The position of an explanation, and whether it is there; NotFound if its place cannot be told."""

    def equal_to(self, sort: str, value: Any) -> tuple[Any, Any]:
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
        return frozenset(("mask", "edges", "neurons", "margin", EDGE_BITS, *RANKED, *self.more))

    def steps(self, names: Iterable[str]) -> Iterator[tuple[range, Columns]]:
        wanted = set(names) if self.n else set()
        whole = {name: self.more[name] for name in wanted & self.more.keys()}
        small = {name for name in wanted - whole.keys() if self._n_bytes(name) <= MAX_WHOLE}
        whole |= {name: kept_column(self.session, self.analysis, name) for name in small}
        for positions, columns in steps(self.session, self.analysis, wanted - whole.keys()):
            here = slice(positions.start, positions.stop)
            words = slice(here.start // WORD, -(-here.stop // WORD))
            parts = {name: column[:, words] if name == EDGE_BITS else column[here] for name, column in whole.items()}
            yield positions, {**columns, **parts}

    def _n_bytes(self, name: str) -> int:
        """What a stored column takes whole."""
        n = self.n
        if name == EDGE_BITS:
            n = -(-n // WORD) * self.analysis.network.layout.n_edges
        return n * COLUMNS[name].itemsize

    @cached_property
    def coded_margins(self) -> CodedMargins | None:
        """The margins by their codes; None of few circuits, and where a margin is not a number.

        Also until codes are filled in for an analysis of an earlier version.
        """
        if self.n <= N_CODES:
            return None
        codes, ranges = (kept_column(self.session, self.analysis, name) for name in (MARGIN_CODES, MARGIN_RANGES))
        if len(codes) < self.n or np.isnan(ranges).any():
            return None
        return CodedMargins(self.session, self.analysis.id, codes, ranges.reshape(-1, 2))

    def locate(self, identity: str) -> tuple[int, bool]:
        return locate_mask(self.session, self.analysis.id, identity)

    def equal_to(self, sort: str, value: Any) -> tuple[Any, Any]:
        return places_of(self.session, self.analysis.id, sort, value)

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
class ColumnShelf(ABC):
    """Explanations as arrays.

    Args:
        kind: any but circuits and their interpretations.
        columns: arrays ``[n]``, among them "valid"; None in a row is NaN.
        ranked: columns of big integers: ranks in ``columns``, and the distinct values here.
    """

    kind: Kind
    columns: Mapping[str, NDArray[Any]]
    ranked: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def n(self) -> int:
        return len(self.columns["valid"])

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.columns)

    @property
    def n_bytes(self) -> int:
        """About how much memory it takes."""
        return sum(column.nbytes for column in self.columns.values())

    @abstractmethod
    def identity(self, position: int) -> str:
        """What names an explanation in addresses."""

    @abstractmethod
    def place_of(self, identity: str) -> int | None:
        """The position of an explanation; None if it is not there."""

    def steps(self, names: Iterable[str]) -> Iterator[tuple[range, Columns]]:
        if self.n:
            yield range(self.n), {name: self.columns[name] for name in names}

    def locate(self, identity: str) -> tuple[int, bool]:
        place = self.place_of(identity)
        if place is None:
            raise NotFound(f"{self.kind} {identity[:40]!r}", "is not stored here", "begin the list anew")
        return place, True

    def equal_to(self, sort: str, value: Any) -> tuple[Any, Any]:
        if sort not in self.ranked:
            return value, value
        values = self.ranked[sort]
        rank = bisect_left(values, value)
        return (rank, rank) if rank < len(values) and values[rank] == value else (rank - 0.4, rank - 0.6)

    def with_columns(self, more: Mapping[str, NDArray[Any]]) -> Self:
        """The same with further columns."""
        return replace(self, columns={**self.columns, **more})


@dataclass(frozen=True)
class RowShelf(ColumnShelf):
    """Explanations that are rows: algorithms, alignments on neuron sets, alignments on directions.

    Among the columns are "row", the row numbers; "owner", the public ids of the algorithms as numbers; and "member",
    those of alignments.
    """

    @property
    def rows(self) -> NDArray[np.int64]:
        """Row numbers, in order."""
        return self.columns["row"]

    def identity(self, position: int) -> str:
        """``ALGORITHM`` or ``ALGORITHM.ALIGNMENT``."""
        algorithm = f"{int(self.columns['owner'][position]):016x}"
        return algorithm if self.kind == "algorithm" else f"{algorithm}.{int(self.columns['member'][position]):016x}"

    def place_of(self, identity: str) -> int | None:
        algorithm, _, member = identity.partition(".")
        try:
            here = self.columns["owner"] == np.uint64(int(algorithm, 16))
            if self.kind != "algorithm":
                here &= self.columns["member"] == np.uint64(int(member, 16))
        except (ValueError, OverflowError):  # not of this kind at all
            return None
        found = np.flatnonzero(here)
        return int(found[0]) if len(found) and self.identity(int(found[0])) == identity else None


@dataclass(frozen=True)
class FrameShelf(ColumnShelf):
    """Explanations of a kind stored as columns; among the columns is "ref", their address texts."""

    def identity(self, position: int) -> str:
        return str(self.columns[REF][position])

    def place_of(self, identity: str) -> int | None:
        found = np.flatnonzero(self.columns[REF] == identity)
        return int(found[0]) if len(found) else None


_ROWS: Final = Recent[dict[Kind, RowShelf]](MAX_KEPT, lambda shelves: sum(one.n_bytes for one in shelves.values()))
_READING: Final = Lock()


def row_shelves(session: Session, analysis: AnalysisRow, sizes: Sequence[int]) -> dict[Kind, RowShelf]:
    """The algorithms and alignments of an analysis; read once, then kept.

    Args:
        sizes: layer sizes of its network.
    """
    key = key_of(session, analysis)
    shelves = _ROWS.get(key)
    if shelves is not None:
        return shelves
    with _READING:  # one at a time: whoever comes meanwhile finds them kept
        return _ROWS.of(key, lambda: _shelves(session, analysis, sizes))


def _shelves(session: Session, analysis: AnalysisRow, sizes: Sequence[int]) -> dict[Kind, RowShelf]:
    """From the columns that are kept; where there are none yet, from the rows."""
    stored = stored_shelves(session, analysis.id)
    if stored is None:
        algorithms, valid = algorithm_columns(session, analysis.id)
        stored = algorithms, valid, alignment_columns(session, analysis.id, algorithms, sizes)
    of_algorithms, numbers, of_alignments = stored
    owner, ids = of_alignments["algorithm"], of_algorithms["id"]
    more = {name: of_algorithms[name][owner] for name in ("gates", "variables", *FLAGS)}
    return {
        "algorithm": RowShelf(
            "algorithm", {**of_algorithms, "owner": ids, "algorithm": np.arange(len(ids))}, {"placements": numbers}
        ),
        "alignment": RowShelf("alignment", {**of_alignments, "owner": ids[owner], **more}),
    }


def frame_shelf(session: Session, analysis: AnalysisRow, key: Kind) -> FrameShelf | None:
    """The explanations of a kind stored as columns; None where it was not searched."""
    frame = stored_frame(session, analysis.id, BY_KEY[key])
    if frame is None:
        return None
    return FrameShelf(key, {VALID: np.ones(len(frame[REF]), dtype=np.bool_), **frame})
