"""Which conjunctions of criteria leave exactly one explanation: the front on half of the seeds, and the other half.

A study has stored for each network how many explanations pass which criteria together, so what a conjunction leaves is
a sum. Existence is the share of networks in which it leaves at least one, identifiability that in which it leaves at
most one; exactly one is left in their sum less one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

MOST_CRITERIA: Final = 4
RESAMPLES: Final = 1_000
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Halves:
    """What every conjunction leaves in the networks of both halves.

    Args:
        keys: the criteria, in the order of the patterns' bits.
        conjunctions: positions of criteria, the empty one first, then by their number and in the order of the keys.
        first: ``[conjunctions, networks]`` explanations left, of the half on which fronts are found.
        second: the same of the other half.
    """

    keys: tuple[str, ...]
    conjunctions: tuple[tuple[int, ...], ...]
    first: Counts
    second: Counts

    def name(self, conjunction: int) -> str:
        return " + ".join(f"`{self.keys[i]}`" for i in self.conjunctions[conjunction]) or "none"

    def best(self) -> int:
        """The conjunction that leaves exactly one in most networks of the first half; of several the first."""
        return int((self.first == 1).sum(axis=1).argmax())


def halves_of(keys: Sequence[str], first: Sequence[Mapping[int, int]], second: Sequence[Mapping[int, int]]) -> Halves:
    """Count what each conjunction of up to four criteria leaves.

    Args:
        keys: the criteria.
        first: of each network of the first half explanations by pattern.
        second: of the other half.
    """
    some = tuple(one for size in range(MOST_CRITERIA + 1) for one in combinations(range(len(keys)), size))
    return Halves(tuple(keys), some, _left(some, first), _left(some, second))


def _left(conjunctions: Sequence[Sequence[int]], networks: Sequence[Mapping[int, int]]) -> Counts:
    asked = np.array([sum(1 << i for i in one) for one in conjunctions], dtype=np.int64)
    left = np.zeros((len(asked), len(networks)), dtype=np.int64)
    for number, patterns in enumerate(networks):
        for pattern, count in patterns.items():
            left[(asked & pattern) == asked, number] += count
    return left


def shares(left: Counts) -> tuple[Floats, Floats]:
    """``[conjunctions]`` existence and identifiability."""
    return (left >= 1).mean(axis=1), (left <= 1).mean(axis=1)


def front(existence: Floats, identifiability: Floats) -> list[int]:
    """The conjunctions that no other one beats, by falling existence; of equal ones the first."""
    order = np.lexsort((np.arange(len(existence)), -identifiability, -existence))
    found: list[int] = []
    for conjunction in order.tolist():
        if not found or identifiability[conjunction] > identifiability[found[-1]]:
            found.append(conjunction)
    return found


def band(left: Counts, levels: Floats) -> tuple[Floats, Floats]:
    """``[levels]`` where the front lies, for each level of existence, in 95% of samples of the networks.

    Args:
        left: ``[conjunctions, networks]``.
        levels: of existence, each the least that is asked for.

    Returns:
        Lower and upper ends of the best identifiability of a conjunction with at least so much existence.
    """
    random, n = np.random.default_rng(0), left.shape[1]
    some, most = (left >= 1).astype(np.float64), (left <= 1).astype(np.float64)
    best = np.empty((RESAMPLES, len(levels)))
    for sample in best:
        weights = np.bincount(random.integers(n, size=n), minlength=n) / n
        existence, identifiability = some @ weights, most @ weights
        sample[:] = [identifiability[existence >= level - 1e-9].max(initial=0.0) for level in levels]
    low, high = np.percentile(best, [2.5, 97.5], axis=0)
    return low, high
