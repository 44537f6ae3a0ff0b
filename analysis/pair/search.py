"""The first of all pairs of readings that a neuron distinguishes, each right where the other is wrong.

Pairs are ordered by the narrower of their narrowest gaps around a threshold, widest first; then by the number of
neurons that differ, fewest first; then by the least share, the smaller of the two numbers of contradictions on which
one of them is right, of all their contradictions, largest first; then by the smaller of their circuits' margins,
largest first; then by reference. All pairs are looked at, block by block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.pair.readings import Readings, Words, packed, unpacked
from pluriscope.analysis.running.work import DEFAULT_WORK, Work

STAGE: Final = "pairs"
_BLOCK: Final = 256
_AT_ONCE: Final = 1 << 22  # words of pairs

Integers = NDArray[np.int64]
Pair = tuple[int, int]
"""Numbers of two classes, the smaller first."""


@dataclass(frozen=True)
class Experiments:
    """The experiments that decide between two readings.

    Args:
        groups: numbers of interventions; on those of one group each reading has to be right where the other is wrong.
        turning: ``[interventions]`` which of them change the network's answer, one of which has to be among those that
            decide; None if none has to.
        both: whether each has to be right once; else one of them.
    """

    groups: Sequence[NDArray[np.intp]]
    turning: NDArray[np.bool_] | None
    both: bool = True


def find_pairs(readings: Readings, experiments: Experiments, work: Work = DEFAULT_WORK) -> tuple[Pair | None, int]:
    """The first pair, None if there is none, and how many there are.

    Args:
        readings: the classes.
        experiments: those that have to decide between the two.
        work: reports progress between blocks; may cancel there.
    """
    best: NDArray[np.float64] | None = None
    pairs = 0
    for start, meets, differ in _blocks(readings, experiments, work):
        pairs += int(meets.sum())
        gaps = np.minimum(readings.gaps[start : start + len(meets), None], readings.gaps[start:])
        widest = gaps.max(where=meets, initial=-1.0 if best is None else -best[0])
        meets &= gaps == widest
        known = best is not None and -best[0] == widest
        fewest = differ.min(where=meets, initial=int(best[1]) if best is not None and known else 255)
        keys = _keys(readings, *_numbers(meets & (differ == fewest), start))
        if keys.size:
            least = keys[:, np.lexsort(keys[::-1])[0]]
            if best is None or tuple(least) < tuple(best):
                best = least
    return None if best is None else (int(best[-2]), int(best[-1])), pairs


def _blocks(
    readings: Readings, experiments: Experiments, work: Work
) -> Iterator[tuple[int, NDArray[np.bool_], NDArray[np.uint8]]]:
    """Yield some classes with all from the first of them on: its number, ``[some, others]`` which pairs meet the
    conditions, the second after the first, and how many of their neurons differ.
    """
    right, wrong = (unpacked(bits) for bits in (readings.right, readings.wrong))
    sides, turned = [], []  # of each group, words along the first axis
    for group in experiments.groups:
        sides.append([np.ascontiguousarray(packed(bits[:, group]).T) for bits in (right, wrong)])
        turning = group if experiments.turning is None else group[experiments.turning[group]]
        turned.append([np.ascontiguousarray(packed(bits[:, turning]).T) for bits in (right, wrong)])
    gates = np.ascontiguousarray(readings.gates.T)
    for start in range(0, len(readings), _BLOCK):
        work.report_step(STAGE, start, len(readings))
        some = slice(start, start + _BLOCK)
        meets = np.zeros((len(gates[0, some]), len(readings) - start), dtype=np.bool_)
        for side, turn in zip(sides, turned, strict=True):
            one, other = _decide(side, some, start)
            here = one & other if experiments.both else one | other
            if experiments.turning is not None and here.any():
                here &= np.logical_or(*_decide(turn, some, start))
            meets |= here
        differ = np.zeros(meets.shape, dtype=np.uint8)
        for gate in gates:
            differ += gate[some, None] != gate[start:]
        yield start, np.triu(meets, k=1), differ
    work.report_step(STAGE, 1, 1)


def _decide(side: Sequence[Words], some: slice, start: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Decide whether the first is right where the second is wrong, and the other way round, ``[some, others]``."""
    right, wrong = side
    return _meet(right[:, some], wrong[:, start:]), _meet(wrong[:, some], right[:, start:])


def _numbers(pairs: NDArray[np.bool_], start: int) -> tuple[Integers, Integers]:
    """The numbers of both classes of some pairs of a block."""
    first, second = np.nonzero(pairs)
    return first + start, second + start


def _meet(some: Words, others: Words) -> NDArray[np.bool_]:
    """Decide whether two rows have a bit in common, ``[some, others]``; their words are along the first axis."""
    found = np.zeros((some.shape[1], others.shape[1]), dtype=np.bool_)
    for one, other in zip(some, others, strict=True):
        found |= (one[:, None] & other) != 0
    return found


def _keys(readings: Readings, first: Integers, second: Integers) -> NDArray[np.float64]:
    """Return the keys by which pairs are sorted, the least first, ``[6, pairs]``: the negative of the narrowest gap,
    neurons that differ, the negatives of the least share and of the margin, and the two.
    """
    shares = np.zeros(len(first))
    step = max(1, _AT_ONCE // max(1, readings.right.shape[1]))
    for start in range(0, len(first), step):
        one, other = first[start : start + step], second[start : start + step]
        p, q = contradictions(readings, one, other)
        shares[start : start + step] = -np.minimum(p, q) / np.maximum(p + q, 1)
    gaps, least = (np.minimum(some[first], some[second]) for some in (readings.gaps, readings.margins))
    differ = np.zeros(len(first), dtype=np.int64)
    for gate in readings.gates.T:  # of millions of pairs all gates at once would take hundreds of MB
        differ += gate[first] != gate[second]
    return np.stack([-gaps, differ, shares, -least, first, second])


def contradictions(readings: Readings, first: Integers, second: Integers) -> tuple[Integers, Integers]:
    """Count the interventions on which the first of each pair is right and the second wrong, and the other way."""
    p = np.bitwise_count(readings.right[first] & readings.wrong[second]).sum(axis=1, dtype=np.int64)
    q = np.bitwise_count(readings.wrong[first] & readings.right[second]).sum(axis=1, dtype=np.int64)
    return p, q
