"""How points of the common ground are kept: column by column, in compressed blocks of some thousand values.

Point k of an analysis is value k of each column: first the observed classes by circuit and rank, then the alignments in
the order of algorithms and rows. Explanations that predict nothing are no points; how many they are is told. Indices
and sizes of classes may be of any size, so these two columns are decimal text, and only classes have them.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.common_ground.points import UNKNOWN, AlignmentPoints, ClassPoints, Extreme
from analysis.common_ground.survey import CommonGround
from analysis.digest import canonical_json

BLOCK: Final = 16_384
INTERPRETATION, VALID, FAILING = 0, 1, 2  # kinds of points: observed classes, valid alignments, alignments that fail
COLUMNS: Final[dict[str, np.dtype[Any]]] = {
    "kind": np.dtype("u1"),
    "owner": np.dtype("<u8"),  # mask of the circuit, position of the algorithm
    "member": np.dtype("<u8"),  # the alignment's id as a number; 0 for classes
    "predicted": np.dtype("<i4"),
    "right": np.dtype("<i4"),
    "best": np.dtype("<i4"),  # of any member of a class, −1 where not known; of an alignment as "right"
    "worst": np.dtype("<i4"),
}
TEXTS: Final = ("index", "size")
OF_CIRCUITS: Final = ("circuit.best", "circuit.worst")  # for each listed circuit, −1 where not known
_LEVEL: Final = 1


@dataclass(frozen=True)
class PointBlock:
    """Some thousand values of one column."""

    name: str
    number: int
    data: bytes


@dataclass(frozen=True)
class PreparedCommonGround:
    """A survey, ready to be inserted.

    Args:
        columns: values of the columns of its row.
        blocks: its points.
    """

    columns: Mapping[str, Any]
    blocks: tuple[PointBlock, ...]

    @property
    def content(self) -> str:
        """SHA-256 of what it says, timings apart."""
        told = {name: str(value) for name, value in self.columns.items() if name != "seconds"}
        digest = hashlib.sha256(canonical_json(told))
        for block in self.blocks:
            digest.update(f"\n{block.name} {block.number}\n".encode())
            digest.update(block.data)
        return digest.hexdigest()


@dataclass(frozen=True)
class Stored:
    """What the store calls the explanations of a survey.

    Args:
        masks: ``[circuits]``.
        n_hex: digits of a mask.
        positions: of each algorithm of the subject.
        ids: for each of them, the ids of its kept alignments.
        valid: likewise, whether each is valid.
    """

    masks: NDArray[np.uint64]
    n_hex: int
    positions: Sequence[int]
    ids: Sequence[Sequence[str]]
    valid: Sequence[Sequence[bool]]


def prepare_common_ground(
    found: CommonGround, stored: Stored, *, thorough: bool, seconds: float, engine_version: str
) -> PreparedCommonGround:
    """Pack a survey for the store."""
    classes = _of_classes(found.classes, stored)
    alignments = _of_alignments(found.alignments, stored)
    speaking = {name: np.concatenate([classes[name], alignments[name]]) for name in COLUMNS}
    kept = speaking["predicted"] > 0
    points = {name: values[kept] for name, values in speaking.items()}
    spoken = np.flatnonzero(classes["predicted"] > 0).tolist()
    sizes = [found.classes.size[k] for k in spoken]
    blocks = list(_blocks(points))
    blocks += _text_blocks("index", [found.classes.least_index[k] for k in spoken])
    blocks += _text_blocks("size", sizes)
    if not found.drawn:
        blocks += _blocks({"circuit.best": found.circuit_best, "circuit.worst": found.circuit_worst})
    facts = {
        "cloud": _cloud(points, sizes),
        "silent": {
            "interpretations": len(found.classes) - len(spoken),
            "alignments": int((alignments["predicted"] == 0).sum()),
        },
        "best": _extreme(found.best, stored),
        "worst": _extreme(found.worst, stored),
        "spread": None if found.spread is None else [[k, str(n)] for k, n in sorted(found.spread.items())],
        "perfect": None if found.n_perfect is None else str(found.n_perfect),
        "interpretations": str(sum(sizes)),
    }
    columns = {
        "engine_version": engine_version,
        "n_sets": len(found.space.sets),
        "largest_set": found.space.largest,
        "n_interventions": found.space.n_interventions,
        "n_classes": found.n_classes,
        "classes_kept": len(found.classes),
        "drawn": found.drawn,
        "seed": found.seed,
        "n_alignments": found.n_alignments,
        "alignments_kept": len(found.alignments),
        "thorough": thorough,
        "facts": facts,
        "seconds": seconds,
    }
    return PreparedCommonGround(columns, tuple(blocks))


def _of_classes(classes: ClassPoints, stored: Stored) -> dict[str, NDArray[Any]]:
    zeros = np.zeros(len(classes), dtype=np.uint64)
    return {
        "kind": np.full(len(classes), INTERPRETATION),
        "owner": stored.masks[classes.circuit] if len(classes) else zeros,
        "member": zeros,
        "predicted": classes.predicted,
        "right": classes.right,
        "best": classes.best,
        "worst": classes.worst,
    }


def _of_alignments(points: AlignmentPoints, stored: Stored) -> dict[str, NDArray[Any]]:
    pairs = list(zip(points.algorithm.tolist(), points.alignment.tolist(), strict=True))
    return {
        "kind": np.array([VALID if stored.valid[a][k] else FAILING for a, k in pairs], dtype=np.uint8),
        "owner": np.array([stored.positions[a] for a, _ in pairs], dtype=np.uint64),
        "member": np.array([int(stored.ids[a][k], 16) for a, k in pairs], dtype=np.uint64),
        "predicted": points.predicted,
        "right": points.right,
        "best": points.right,
        "worst": points.right,
    }


def _cloud(points: Mapping[str, NDArray[Any]], sizes: Sequence[int]) -> list[list[Any]]:
    """Points that coincide as one: kind, predicted, right, how many, position of the first, interpretations in them."""
    key = np.stack([points["kind"].astype(np.int64), points["predicted"], points["right"]], axis=1)
    if not len(key):
        return []
    places, first, inverse, counts = np.unique(key, axis=0, return_index=True, return_inverse=True, return_counts=True)
    inside = [0] * len(places)
    for place, size in zip(inverse.ravel().tolist(), sizes, strict=False):  # classes come first
        inside[place] += size
    return [
        [*place, count, position, str(n)]
        for place, count, position, n in zip(places.tolist(), counts.tolist(), first.tolist(), inside, strict=True)
    ]


def _extreme(extreme: Extreme | None, stored: Stored) -> dict[str, Any] | None:
    if extreme is None:
        return None
    mask = f"{int(stored.masks[extreme.circuit]):0{stored.n_hex}x}"
    index = None if extreme.index is None else str(extreme.index)
    return {"mask": mask, "index": index, "right": extreme.right}


def _blocks(columns: Mapping[str, NDArray[Any]]) -> Iterator[PointBlock]:
    for name, values in columns.items():
        for number, start in enumerate(range(0, len(values), BLOCK)):
            part = np.ascontiguousarray(values[start : start + BLOCK], dtype=_dtype(name))
            yield PointBlock(name, number, zlib.compress(part.tobytes(), _LEVEL))


def _text_blocks(name: str, values: Sequence[int]) -> Iterator[PointBlock]:
    for number, start in enumerate(range(0, len(values), BLOCK)):
        text = ",".join(map(str, values[start : start + BLOCK]))
        yield PointBlock(name, number, zlib.compress(text.encode(), _LEVEL))


def _dtype(name: str) -> np.dtype[Any]:
    return COLUMNS["best"] if name in OF_CIRCUITS else COLUMNS[name]


def unpacked(name: str, data: bytes) -> NDArray[Any]:
    """The values of a block of a column of numbers."""
    return np.frombuffer(zlib.decompress(data), _dtype(name))


def texts_of(data: bytes) -> list[int]:
    """The integers of a block of a column of decimal text."""
    return list(map(int, zlib.decompress(data).split(b",")))


__all__ = [
    "BLOCK",
    "COLUMNS",
    "FAILING",
    "INTERPRETATION",
    "OF_CIRCUITS",
    "TEXTS",
    "UNKNOWN",
    "VALID",
    "PointBlock",
    "PreparedCommonGround",
    "Stored",
    "prepare_common_ground",
    "texts_of",
    "unpacked",
]
