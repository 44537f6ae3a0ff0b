"""How verdicts are kept: for each criterion some columns of numbers, in compressed blocks of some thousand values.

A criterion on a million circuits is 62 blocks for each column: outcomes are one byte each before compression, scores
and fractions are there only where they say something. Block k holds explanations k·BLOCK and on, in the store's order.

For interpretations a value stands for all interpretations of a circuit, and beside the outcomes stand exact counts,
as decimal text because they are of any size. A block of counts that is what the store has of these circuits already
(their interpretations, their observed classes) only names that column.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.criteria.criterion import Kind
from analysis.criteria.judged import JudgedBlock
from analysis.criteria.steps import CriterionStep
from analysis.digest import canonical_json
from analysis.result import NOTHING_JUDGED, CriterionTally

BLOCK: Final = 16_384
COUNTS: Final = ("totals", "passed", "undecided", "representatives", "representatives_undecided")
_NAMED: Final = b"="  # no compressed text begins so
_LEVEL: Final = 1  # more would take longer than it saves
_DTYPES: Final[dict[str, np.dtype[Any]]] = {
    "outcomes": np.dtype("u1"),
    "scores": np.dtype("<f8"),
    "numerators": np.dtype("<i4"),
    "denominators": np.dtype("<i4"),
}


@dataclass(frozen=True)
class VerdictBlock:
    """Some thousand values of one column."""

    name: str
    number: int
    data: bytes


@dataclass
class PreparedVerdicts:
    """All that one criterion says about one kind of explanation, ready to be inserted.

    Args:
        kind: of the explanations.
        step: the criterion with its settings.
        n: explanations so far.
        tally: their outcomes.
        note: why some are undecided.
        seconds: spent on them.
        stopped: whether the budget or a limit ended the work.
        blocks: their columns.
        circuits: of interpretations, the counts that are stored of all circuits, by name, as :func:`counted` gets them.
    """

    kind: Kind
    step: CriterionStep
    n: int = 0
    tally: CriterionTally = NOTHING_JUDGED
    note: str = ""
    seconds: float = 0.0
    stopped: bool = False
    blocks: list[VerdictBlock] = field(default_factory=list)
    circuits: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def add(self, judged: JudgedBlock) -> None:
        """Take the next explanations in.

        Raises:
            ValueError: they are not the next ones, or the block before was not full.
        """
        if judged.start != self.n or judged.start % BLOCK or len(judged.outcomes) > BLOCK:
            raise ValueError(f"verdicts from {judged.start} do not follow {self.n}")
        number, tally = judged.start // BLOCK, judged.tally
        self.n += len(judged.outcomes)
        self.tally += tally
        self.note = self.note or judged.note
        self.seconds += judged.seconds
        self.stopped |= judged.stopped
        self.blocks += [VerdictBlock(name, number, data) for name, data in self._columns(judged).items()]

    def _columns(self, judged: JudgedBlock) -> dict[str, bytes]:
        columns = _told(judged)
        if judged.counts is not None:
            part = slice(judged.start, judged.start + len(judged.outcomes))
            stored = {name: tuple(values[part]) for name, values in self.circuits.items()}
            for name in COUNTS:
                values = tuple(getattr(judged.counts, name))
                same = next((one for one, counts in stored.items() if counts == values), None)
                columns[name] = counts_to_bytes(values) if same is None else _NAMED + same.encode()
        return columns

    @property
    def content(self) -> str:
        """SHA-256 of what it says, timings apart."""
        head = [self.kind, self.step.key, dict(self.step.settings), self.n, self.note]
        digest = hashlib.sha256(canonical_json(head))
        for block in self.blocks:
            digest.update(f"\n{block.name} {block.number}\n".encode())
            digest.update(block.data)
        return digest.hexdigest()


def _told(judged: JudgedBlock) -> dict[str, bytes]:
    """The columns of numbers that say something."""
    columns: dict[str, bytes] = {"outcomes": _packed("outcomes", judged.outcomes)}
    fractions = judged.numerators is not None and judged.denominators is not None
    if judged.numerators is not None and judged.denominators is not None and (judged.numerators >= 0).any():
        columns["numerators"] = _packed("numerators", judged.numerators)
        columns["denominators"] = _packed("denominators", judged.denominators)
    told = fraction_values(judged.numerators, judged.denominators) if fractions else None
    if not np.isnan(judged.scores).all() and not (
        told is not None and np.array_equal(told, judged.scores, equal_nan=True)
    ):
        columns["scores"] = _packed("scores", judged.scores)
    return columns


def fraction_values(
    numerators: NDArray[np.int64] | None, denominators: NDArray[np.int64] | None
) -> NDArray[np.float64] | None:
    """The scores that fractions stand for, NaN where there is none."""
    if numerators is None or denominators is None:
        return None
    there = (denominators > 0) & (numerators >= 0)
    values = np.full(len(numerators), np.nan)
    values[there] = numerators[there] / denominators[there]
    return values


def _packed(name: str, values: NDArray[Any]) -> bytes:
    dtype = _DTYPES[name]
    if dtype.kind == "i" and len(values) and int(values.max()) > np.iinfo(dtype).max:
        raise ValueError(f"{name} are too large to store")
    return zlib.compress(np.ascontiguousarray(values, dtype=dtype).tobytes(), _LEVEL)


def unpacked(name: str, data: bytes, n: int = 0) -> NDArray[Any]:
    """The values of a block of a column of numbers; only the first n, which is sooner done, if that is not 0."""
    dtype = _DTYPES[name]
    part = zlib.decompressobj().decompress(data, n * dtype.itemsize) if n else zlib.decompress(data)
    return np.frombuffer(part, dtype)


def counts_to_bytes(values: Sequence[int]) -> bytes:
    """Integers of any size as compressed decimal text."""
    return zlib.compress(",".join(map(str, values)).encode(), _LEVEL)


def counts_of(data: bytes) -> list[int]:
    """The integers of a block of counts."""
    text = zlib.decompress(data)
    return list(map(int, text.split(b","))) if text else []


def names_circuits(data: bytes) -> bool:
    """Whether a block of counts only names a column of the circuits."""
    return data.startswith(_NAMED)


def counted(blocks: Iterable[bytes], circuits: Callable[[str], Sequence[int]]) -> list[int]:
    """The integers of a column of counts.

    Args:
        blocks: all of them, in order.
        circuits: what the store has of all circuits of the analysis, in the order of masks: "interpretations" or
            "observed".
    """
    found: list[int] = []
    for data in blocks:
        if names_circuits(data):
            found += circuits(data.removeprefix(_NAMED).decode())[len(found) : len(found) + BLOCK]
        else:
            found += counts_of(data)
    return found
