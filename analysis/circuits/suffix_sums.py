"""The tails of one state, sorted by what they ask of a head: which tails fit which head sums (see combinations)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.bitsets import Words, prefixes_of


@dataclass(frozen=True, eq=False)
class End:
    """One end of one row's box, seen from the head: which tails admit a given head sum.

    Args:
        row: the row.
        is_low: whether the sum must reach the thresholds, or stay at or below them.
        thresholds: ``[tails]``.
    """

    row: int
    is_low: bool
    thresholds: NDArray[np.float64]

    @cached_property
    def order(self) -> NDArray[np.int64]:
        return np.argsort(self.thresholds, kind="stable")

    @cached_property
    def sorted(self) -> NDArray[np.float64]:
        return self.thresholds[self.order]

    @cached_property
    def sets(self) -> Words:
        """The admitting tails by rank."""
        if self.is_low:
            return prefixes_of(self.order)
        return np.ascontiguousarray(prefixes_of(self.order[::-1])[::-1])

    def ranks(self, sums: NDArray[np.float64], order: NDArray[np.int64]) -> NDArray[np.int64]:
        """Row of :attr:`sets` for each head sum.

        Args:
            sums: ``[heads]``.
            order: ``[heads]`` their argsort, shared by the ends of a row. The thresholds are looked up among the sums
                instead of the other way round, which is far quicker, as there are fewer of them.
        """
        # the first of the sorted sums that has passed each threshold
        passed = np.searchsorted(sums[order], self.sorted, side="left" if self.is_low else "right")
        gaps = np.diff(passed, prepend=0, append=len(sums))
        ranks = np.empty(len(sums), dtype=np.int64)
        ranks[order] = np.repeat(np.arange(len(gaps)), gaps)
        return ranks

    def rank(self, sums: NDArray[np.float64]) -> NDArray[np.int64]:
        """Row of :attr:`sets` for each head sum, where there are about as many sums as thresholds, or fewer."""
        ranks: NDArray[np.int64] = np.searchsorted(self.sorted, sums, side="right" if self.is_low else "left")
        return ranks

    def admits_all(self, sums: NDArray[np.float64]) -> bool:
        """Whether every tail admits every one of these head sums; so too if there are none."""
        if not len(sums):
            return True
        return bool(sums.min() >= self.sorted[-1]) if self.is_low else bool(sums.max() <= self.sorted[0])


@dataclass(frozen=True, eq=False)
class Tails:
    """What one state's tails admit, and the sums over its leads ``[rows, units]``."""

    ends: Sequence[End]
    lead_sums: NDArray[np.float64]
