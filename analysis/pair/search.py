"""The first of all pairs of readings in which each is right where the other is wrong, and how many come before a pair.

Pairs are ordered by the number of neurons that differ, fewest first; then by the least share, the smaller of the two
numbers of contradictions on which one of them is right, of all their contradictions, largest first; then by the smaller
of their circuits' margins, largest first; then by reference. All pairs are looked at, block by block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.pair.readings import Readings, Words
from analysis.work import DEFAULT_WORK, Work

STAGE: Final = "pairs"
_BLOCK: Final = 256
_AT_ONCE: Final = 1 << 22  # words of pairs

Integers = NDArray[np.int64]
Pair = tuple[int, int]
"""Numbers of two classes, the smaller first."""


@dataclass(frozen=True)
class Found:
    """What a search has found.

    Args:
        first: the first pair; None if there is none.
        pairs: how many there are.
        before: how many of them come before the pair that was asked about.
    """

    first: Pair | None
    pairs: int
    before: int


def find_pairs(
    readings: Readings, work: Work = DEFAULT_WORK, *, among: int, both: bool = True, asked: Pair | None = None
) -> Found:
    """The first pair, how many there are, and how many come before one.

    Args:
        readings: the classes.
        work: told between blocks; may cancel there.
        among: the first so many interventions, on one of which each has to be right where the other is wrong.
        both: whether each has to; else one of them.
        asked: the pair that is asked about.
    """
    best: NDArray[np.float64] | None = None
    pairs = before = 0
    key = None if asked is None else _keys(readings, *(np.array([one]) for one in asked))[:, 0]
    for start, meets, differ in _blocks(readings, work, among, both=both):
        pairs += int(meets.sum())
        if key is not None:
            before += int((meets & (differ < key[0])).sum())
            same = _keys(readings, *_places(meets & (differ == key[0]), start))
            before += int(_is_before(same, key).sum())
        fewest = differ.min(where=meets, initial=255 if best is None else int(best[0]))
        keys = _keys(readings, *_places(meets & (differ == fewest), start))
        if keys.size:
            least = keys[:, np.lexsort(keys[::-1])[0]]
            if best is None or tuple(least) < tuple(best):
                best = least
    return Found(None if best is None else (int(best[-2]), int(best[-1])), pairs, before)


def _blocks(
    readings: Readings, work: Work, among: int, *, both: bool
) -> Iterator[tuple[int, NDArray[np.bool_], NDArray[np.uint8]]]:
    """Some classes and all from the first of them on: its number, ``[some, others]`` which pairs meet what is asked,
    the second after the first, and how many of their neurons differ.
    """
    n_words, rest = -(-among // 64), among % 64
    last = np.full(n_words, np.iinfo(np.uint64).max)
    if rest:
        last[-1] = (1 << rest) - 1
    right, wrong = (np.ascontiguousarray((bits[:, :n_words] & last).T) for bits in (readings.right, readings.wrong))
    gates = np.ascontiguousarray(readings.gates.T)
    for start in range(0, len(readings), _BLOCK):
        work.tell(STAGE, start, len(readings))
        some = slice(start, start + _BLOCK)
        one, other = _meet(right[:, some], wrong[:, start:]), _meet(wrong[:, some], right[:, start:])
        meets = np.triu(one & other if both else one | other, k=1)
        differ = np.zeros(meets.shape, dtype=np.uint8)
        for gate in gates:
            differ += gate[some, None] != gate[start:]
        yield start, meets, differ
    work.tell(STAGE, 1, 1)


def _places(pairs: NDArray[np.bool_], start: int) -> tuple[Integers, Integers]:
    """The numbers of both classes of some pairs of a block."""
    first, second = np.nonzero(pairs)
    return first + start, second + start


def _meet(some: Words, others: Words) -> NDArray[np.bool_]:
    """``[some, others]`` whether two rows have a bit in common; their words are along the first axis."""
    found = np.zeros((some.shape[1], others.shape[1]), dtype=np.bool_)
    for one, other in zip(some, others, strict=True):
        found |= (one[:, None] & other) != 0
    return found


def _keys(readings: Readings, first: Integers, second: Integers) -> NDArray[np.float64]:
    """``[5, pairs]`` where each pair stands, the least first: neurons that differ, the negatives of the least share and
    of the margin, and the two.
    """
    shares = np.zeros(len(first))
    step = max(1, _AT_ONCE // max(1, readings.right.shape[1]))
    for start in range(0, len(first), step):
        one, other = first[start : start + step], second[start : start + step]
        p, q = contradictions(readings, one, other)
        shares[start : start + step] = -np.minimum(p, q) / np.maximum(p + q, 1)
    least = np.minimum(readings.margins[first], readings.margins[second])
    differ = np.zeros(len(first), dtype=np.int64)
    for gate in readings.gates.T:  # of millions of pairs all gates at once would take hundreds of MB
        differ += gate[first] != gate[second]
    return np.stack([differ, shares, -least, first, second])


def _is_before(keys: NDArray[np.float64], key: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of some pairs come before one."""
    before, level = np.zeros(keys.shape[1], dtype=np.bool_), np.ones(keys.shape[1], dtype=np.bool_)
    for some, one in zip(keys, key, strict=True):
        before |= level & (some < one)
        level &= some == one
    return before


def contradictions(readings: Readings, first: Integers, second: Integers) -> tuple[Integers, Integers]:
    """On how many interventions that count the first of each pair is right and the second wrong, and the other way."""
    p = np.bitwise_count(readings.right[first] & readings.wrong[second]).sum(axis=1, dtype=np.int64)
    q = np.bitwise_count(readings.wrong[first] & readings.right[second]).sum(axis=1, dtype=np.int64)
    return p, q
