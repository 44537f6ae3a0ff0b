"""How many interpretations of each circuit pass several criteria at once, from the counts of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.criteria.interpretation_tallies import CIRCUIT_WIDE, SCRUBBING, ReadingCounts
from analysis.criteria.steps import CriterionStep
from analysis.criteria.verdict import FAILED, NOT_APPLICABLE, UNDECIDED

_STRICTNESS: Final = (
    ("interchange", "interchange-joint"),
    ("interchange-on-circuit", "interchange-joint-on-circuit"),
    (SCRUBBING,),
)
"""Criteria of which each is stricter than the one before; those of different rows are asked each by itself."""
_MOST_SUMMED: Final = 1 << 61


class Combination:
    """How many interpretations of each circuit pass all criteria so far, for any set of criteria in any order.

    Numbers are held as int64 where all interpretations together fit, else as Python's integers, so that sums are exact.

    Args:
        totals: interpretations of each circuit.
    """

    def __init__(self, totals: Sequence[int]) -> None:
        self._dtype: Any = np.int64 if sum(totals) < _MOST_SUMMED else object
        self.totals = self._array(totals)
        self._representatives: ReadingCounts | None = None  # of observed-class, once it is among the criteria
        self._strictest: dict[int, ReadingCounts] = {}  # of each row of :data:`_STRICTNESS` so far
        self._rank: dict[int, int] = {}
        self._lost = np.zeros(len(totals), dtype=bool)  # circuits of which nothing is left
        self._open = np.zeros(len(totals), dtype=bool)  # circuits of which nothing is known
        self._passed, self._undecided = self.totals, np.zeros_like(self.totals)

    @property
    def total(self) -> int:
        return int(self.totals.sum())

    @property
    def by_circuit(self) -> list[int]:
        found: list[int] = self._passed.tolist()
        return found

    @property
    def passed(self) -> int:
        return int(self._passed.sum())

    @property
    def undecided(self) -> int:
        return int(self._undecided.sum())

    def take(self, step: CriterionStep, found: ReadingCounts, outcomes: NDArray[np.uint8]) -> int:
        """One more criterion; returns of how many survivors its question does not arise.

        Args:
            found: its counts.
            outcomes: what all interpretations of a circuit share, :attr:`ReadingCounts.outcomes` as stored.
        """
        if sum(found.totals) >= _MOST_SUMMED:
            self._dtype = object
        before = self._passed.astype(self._dtype)
        self.totals = self._array(found.totals)
        unasked = outcomes == NOT_APPLICABLE
        beside = int(np.minimum(before, self.totals)[unasked].sum()) if unasked.any() else 0
        self._lost |= unasked
        if step.key in CIRCUIT_WIDE:
            self._lost |= outcomes == FAILED
            self._open |= outcomes == UNDECIDED
        if step.key == "observed-class":
            self._representatives = found
        for row, keys in enumerate(_STRICTNESS):
            if step.key in keys and keys.index(step.key) > self._rank.get(row, -1):
                self._strictest[row], self._rank[row] = found, keys.index(step.key)
        passed, undecided = self._left()
        nothing = np.zeros_like(passed)
        self._passed = np.where(self._lost | self._open, nothing, passed)
        self._undecided = np.where(self._lost, nothing, np.where(self._open, passed + undecided, undecided))
        return beside

    def _left(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Of each circuit what passes the criteria that ask each interpretation by itself, and what may.

        Of one criterion both are known; what passes several at once lies between two bounds.
        """
        representatives, parts = self._representatives, list(self._strictest.values())
        if not parts:
            if representatives is None:
                return self.totals, np.zeros_like(self.totals)
            return self._array(representatives.passed), self._array(representatives.undecided)
        if representatives is None:
            every = self.totals
            passed = [self._array(one.passed) for one in parts]
            undecided = [self._array(one.undecided) for one in parts]
        else:
            every = self._array(representatives.passed)
            passed = [self._array(one.representatives) for one in parts]
            undecided = [self._array(one.representatives_undecided) for one in parts]
        least = np.maximum(np.sum(passed, axis=0) - (len(parts) - 1) * every, 0)
        most = np.min([sure + open_to for sure, open_to in zip(passed, undecided, strict=True)], axis=0)
        return least, most - least

    def _array(self, values: Sequence[int]) -> NDArray[Any]:
        return np.array(values, dtype=self._dtype)
