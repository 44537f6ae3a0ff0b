"""The explanations of one analysis as columns, one shelf for each kind."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.explanations.explanation import REF, VALID
from analysis.explanations.registry import BY_KEY
from analysis.networks.circuit import EdgeLayout, kept_edges
from app.db.errors import NotFound
from app.db.reads.algorithms import places_of_owners
from app.db.reads.circuits import locate_mask, masks_of
from app.db.recorded import stored_frame
from app.db.rows import MAX_KEPT, columns_of, key_of
from app.db.tables import AnalysisRow
from app.recent import Recent

Columns = Mapping[str, NDArray[Any]]
Kind = str
CIRCUIT_KINDS: Final[tuple[Kind, ...]] = ("circuit", "interpretation")
ALGORITHM_KINDS: Final[tuple[Kind, ...]] = ("algorithm", "alignment", "direction")
KINDS: Final[tuple[Kind, ...]] = (*CIRCUIT_KINDS, *ALGORITHM_KINDS, *BY_KEY)
"""All kinds of explanations, in the order of lists."""
RANKED: Final = ("interpretations", "observed")
FLAGS: Final = ("irredundant_gates", "irredundant_functions", "irredundant_literals")
MAX_NEURONS: Final = 64  # hidden neurons of networks whose neurons can be filtered by
EDGE_BITS: Final = "edge.bits"
RAW: Final = {EDGE_BITS: "mask", **{name: name for name in ("mask", "edges", "neurons", "margin", *RANKED)}}
WORD: Final = 64  # bits


def edge_bits(masks: NDArray[Any], layout: EdgeLayout) -> NDArray[np.uint64]:
    """``[edges, words]``: which circuits keep each edge, 64 of them a word, the first in the lowest bit."""
    return in_words(np.packbits(kept_edges(masks, layout), axis=0, bitorder="little").T)


def in_words(octets: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Bits packed into octets, along the last axis, as words; those beyond the last are 0."""
    n_words = -(-octets.shape[-1] * 8 // WORD)
    filled = np.zeros((*octets.shape[:-1], n_words * 8), dtype=np.uint8)
    filled[..., : octets.shape[-1]] = octets
    return filled.view("<u8")


def count_uses(kept: NDArray[np.uint64], layout: EdgeLayout) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many circuits keep each edge, and how many use each hidden neuron, layer by layer.

    Args:
        kept: ``[edges, words]``, see :func:`edge_bits`; of circuits that do not count no bit is set.
        layout: of the edges.
    """
    layers = zip(layout.offsets, layout.sizes, layout.sizes[1:-1], strict=False)
    into = [kept[start : start + n_in * n].reshape(n, n_in, -1) for start, n_in, n in layers]
    used = np.concatenate([np.bitwise_or.reduce(edges, axis=1) for edges in into])  # a neuron is, if an edge into it is
    edges, neurons = (np.bitwise_count(bits).sum(axis=1, dtype=np.int64) for bits in (kept, used))
    return edges, neurons


_DERIVED: Final = Recent[dict[str, Any]](MAX_KEPT, lambda made: sum(column.nbytes for column in made.values()))


def _bits_of(session: Session, analysis: AnalysisRow) -> NDArray[np.uint64]:
    made = _DERIVED.of(
        (*key_of(session, analysis), EDGE_BITS),
        lambda: {EDGE_BITS: edge_bits(masks_of(session, analysis), analysis.network.layout)},
    )
    bits: NDArray[np.uint64] = made[EDGE_BITS]
    return bits


def ranked(session: Session, analysis: AnalysisRow, name: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The distinct numbers of interpretations, or observed classes, ascending, and the rank of each circuit's."""

    def made() -> dict[str, Any]:
        counts = columns_of(session, analysis, "circuit")[name]
        numbers = counts if isinstance(counts, np.ndarray) else np.array(counts, object)
        values, ranks = np.unique(numbers, return_inverse=True)
        return {"values": values, "ranks": ranks}

    found = _DERIVED.of((*key_of(session, analysis), name), made)
    return found["values"], found["ranks"]


def distinct_counts(session: Session, analysis: AnalysisRow, name: str) -> list[int]:
    """What the ranks of a column stand for."""
    return [int(value) for value in ranked(session, analysis, name)[0]]


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
        if self.n:
            wanted = set(names) - self.more.keys()
            stored = [RAW[name] for name in wanted if name in RAW]
            columns_of(self.session, self.analysis, "circuit", sorted(set(stored)))  # in one statement
            yield range(self.n), {name: self._column(name) for name in names}

    def _column(self, name: str) -> NDArray[Any]:
        if name in self.more:
            return self.more[name]
        if name == EDGE_BITS:
            return _bits_of(self.session, self.analysis)
        if name in RANKED:
            return ranked(self.session, self.analysis, name)[1]
        return np.asarray(columns_of(self.session, self.analysis, "circuit")[name])

    def locate(self, identity: str) -> tuple[int, bool]:
        return locate_mask(self.session, self.analysis.id, identity)

    def equal_to(self, sort: str, value: Any) -> tuple[Any, Any]:
        if sort not in RANKED:
            return value, value
        values = ranked(self.session, self.analysis, sort)[0]
        rank = bisect_left(values, value)
        return (rank, rank) if rank < len(values) and values[rank] == value else (rank - 0.4, rank - 0.6)

    @property
    def some_without(self) -> bool:
        """Whether some circuits have no interpretation; theirs is the lowest rank then."""
        return self.n > 0 and bool(ranked(self.session, self.analysis, "interpretations")[0][0] == 0)


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


_OF_ALGORITHMS: Final = ("id", "algorithm_id", "n_gates", "n_variables", "best_agreed", "best_of", "n_valid", *FLAGS)
_OF_ALIGNMENTS: Final = (
    *("id", "algorithm_row_id", "alignment_id", "agreed", "of", "valid", "minimal", "n_neurons", "margin", "places"),
)
_ROWS: Final = Recent[dict[Kind, RowShelf]](MAX_KEPT, lambda shelves: sum(one.n_bytes for one in shelves.values()))


def row_shelves(session: Session, analysis: AnalysisRow, sizes: Sequence[int]) -> dict[Kind, RowShelf]:
    """The algorithms and alignments of an analysis; read once, then kept.

    Args:
        sizes: layer sizes of its network.
    """
    return _ROWS.of(key_of(session, analysis), lambda: _shelves(session, analysis, sizes))


def _shelves(session: Session, analysis: AnalysisRow, sizes: Sequence[int]) -> dict[Kind, RowShelf]:
    found = columns_of(session, analysis, "algorithm", _OF_ALGORITHMS)
    kept = columns_of(session, analysis, "alignment", _OF_ALIGNMENTS)
    n_valid = [int(number) for number in found["n_valid"]]
    numbers = sorted(set(n_valid))
    rank = {value: place for place, value in enumerate(numbers)}
    ids = _numbers(found["algorithm_id"])
    with np.errstate(invalid="ignore"):
        iia = np.asarray(found["best_agreed"]) / np.asarray(found["best_of"])
    algorithms: dict[str, NDArray[Any]] = {
        "row": np.asarray(found["id"]),
        "id": ids,
        "owner": ids,
        "algorithm": np.arange(len(ids)),
        "gates": np.asarray(found["n_gates"]),
        "variables": np.asarray(found["n_variables"]),
        "iia": iia,
        "placements": np.array([rank[value] for value in n_valid], np.int64),
        "valid": np.array([value > 0 for value in n_valid], np.bool_),
        **{flag: np.asarray(found[flag]) == 1 for flag in FLAGS},
    }
    owner = places_of_owners(session, analysis)
    used = {text: _neurons_used(text, sizes) for text in set(kept["places"])}
    agreed, of = (np.asarray(kept[name]) for name in ("agreed", "of"))
    alignments: dict[str, NDArray[Any]] = {
        "row": np.asarray(kept["id"]),
        "algorithm": owner,
        "owner": ids[owner],
        "member": _numbers(kept["alignment_id"]),
        "iia": np.where(of > 0, agreed / np.maximum(of, 1), 1.0),  # an algorithm without variables says nothing wrong
        "valid": np.asarray(kept["valid"]),
        "minimal": np.asarray(kept["minimal"]),
        "neurons": np.asarray(kept["n_neurons"]),
        "margin": np.asarray(kept["margin"]),
        "used": np.array([used[text] for text in kept["places"]], np.uint64),
        **{name: algorithms[name][owner] for name in ("gates", "variables", *FLAGS)},
    }
    return {
        "algorithm": RowShelf("algorithm", algorithms, {"placements": numbers}),
        "alignment": RowShelf("alignment", alignments),
    }


def _numbers(names: Iterable[str]) -> NDArray[np.uint64]:
    """Public ids as numbers."""
    return np.array([int(name, 16) for name in names], np.uint64)


def _neurons_used(places: str, sizes: Sequence[int]) -> int:
    """The hidden neurons that carry a variable as bits, in the order of layers; 0 where there are too many neurons."""
    if sum(sizes[1:-1]) > MAX_NEURONS:
        return 0
    bits = 0
    for _, layer, neurons in json.loads(places):
        for neuron in neurons:
            bits |= 1 << (sum(sizes[1:layer]) + neuron)
    return bits


def frame_shelf(session: Session, analysis: AnalysisRow, key: Kind) -> FrameShelf | None:
    """The explanations of a kind stored as columns; None where it was not searched."""
    frame = stored_frame(session, analysis, BY_KEY[key])
    if frame is None:
        return None
    return FrameShelf(key, {VALID: np.ones(len(frame[REF]), dtype=np.bool_), **frame})
