"""Statistics that the findings need beside those that a study can declare."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from analysis.studies.statistics import Values, paired

_FEWEST_RATIOS: Final = 10  # below this the interval's normal approximation is rough
_RESAMPLES: Final = 2_000


def median_of(values: Sequence[float]) -> tuple[float, float, float]:
    """The median of at least six values, and its 95% interval between two of the values (by the sign test)."""
    found = scipy.stats.quantile_test(values, q=0, p=0.5).confidence_interval(0.95)
    return float(np.median(values)), float(found.low), float(found.high)


@dataclass(frozen=True)
class Ratio:
    """By what factor the values of one level lie above those of another, network by network.

    Args:
        factor: the Hodges-Lehmann estimate; None of fewer than 10 pairs.
        low, high: its interval at ``confidence``.
        pairs: networks that it is of.
        zeros: pairs left out because one of the two is 0.
        confidence: of the interval; 0.9 makes "inside the bounds" two one-sided tests at 0.05.
    """

    factor: float | None
    low: float | None
    high: float | None
    pairs: int
    zeros: int
    confidence: float

    def within(self, bound: float) -> bool:
        """Whether the interval lies within a factor of ``bound`` in both directions, so that the two are equivalent."""
        return self.low is not None and self.high is not None and 1 / bound < self.low and self.high < bound


def ratio_of(groups: Values, confidence: float = 0.9) -> Ratio:
    """The ratio of the first level's values to the second's.

    The estimate is the median of the means of all pairs of logarithms of ratios (Hodges and Lehmann 1963), its interval
    that of Wilcoxon's signed-rank test by the normal approximation.

    Args:
        groups: two, each a block → number of at least 0.
        confidence: of the interval.
    """
    names, blocks, _ = paired(groups)
    pairs = [(float(groups[names[0]][block]), float(groups[names[1]][block])) for block in blocks]
    logs = np.array([math.log(a / b) for a, b in pairs if a > 0 and b > 0])
    n, zeros = len(logs), len(pairs) - len(logs)
    if n < _FEWEST_RATIOS:
        return Ratio(None, None, None, n, zeros, confidence)
    means = _walsh_averages(logs)
    spread = math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    outside = n * (n + 1) / 4 - float(scipy.stats.norm.ppf((1 + confidence) / 2)) * spread
    skipped = max(0, math.floor(outside))
    low, high = float(means[skipped]), float(means[len(means) - 1 - skipped])
    return Ratio(math.exp(float(np.median(means))), math.exp(low), math.exp(high), n, zeros, confidence)


def _walsh_averages(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of every pair of values, each with itself too, in order."""
    above = np.triu_indices(len(values))
    return np.asarray(np.sort((values[above[0]] + values[above[1]]) / 2))


@dataclass(frozen=True)
class Estimate:
    """A number computed from the means of some networks' values.

    Args:
        value: what it is.
        low, high: ends of its 95% interval.
        n: networks.
    """

    value: float
    low: float
    high: float
    n: int


def bootstrap(columns: Sequence[ArrayLike], of: Callable[..., NDArray[np.float64]] = np.positive) -> Estimate:
    """A function of the means of some columns, with its percentile interval over networks drawn with replacement.

    Args:
        columns: each a value for each network, in the same order; one network at least.
        of: from arrays of their means to the number; by default the mean of the only column.
    """
    values = np.array(columns, dtype=float)
    n = values.shape[1]
    drawn = np.random.Generator(np.random.PCG64(0)).integers(0, n, (_RESAMPLES, n))
    low, high = np.percentile(of(*(one[drawn].mean(axis=1) for one in values)), [2.5, 97.5])
    return Estimate(float(of(*values.mean(axis=1))), float(low), float(high), n)
