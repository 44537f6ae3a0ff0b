"""Statistics that the findings need beside those that a study can declare.

- how much two levels differ at most: the Hodges-Lehmann estimate of the ratio with its interval, which is held against
  a bound where "no difference" is to be said;
- the difference of shares within strata where blocks take part in several (Liang and Zeger 1986 for its variance).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy
from numpy.typing import NDArray

from analysis.studies.statistics import CONFIDENCE, Tested, Values, paired

_BY_BLOCKS: Final = "mantel-haenszel-by-blocks"
_EFFECT: Final = "difference of shares"
_FEWEST_RATIOS: Final = 10  # below this the interval's normal approximation is rough


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


def difference_by_blocks(groups: Mapping[str, Mapping[tuple[Hashable, Hashable], bool]]) -> Tested:
    """The difference of shares within strata where one block may take part in several, so that strata go together.

    The difference is that of :func:`cochran_mantel_haenszel`, with its weights. Its variance is that of sums over whole
    blocks, and p is the normal one of their ratio; both need some twenty blocks or more.

    Args:
        groups: two, each (stratum, block) → yes or no. Blocks of the two are independent. A stratum in which one group
            has no network is left out and told.
    """
    (name_a, a), (name_b, b) = groups.items()
    of = [Counter(stratum for stratum, _ in values) for values in (a, b)]
    weight = {stratum: n * of[1][stratum] / (n + of[1][stratum]) for stratum, n in of[0].items() if of[1][stratum]}
    left_out = len(set(of[0]) | set(of[1])) - len(weight)
    note = f"{left_out} strata have networks of one group only" if left_out else ""
    total = sum(weight.values())
    difference = variance = 0.0
    n_blocks: list[int] = []
    for values, sizes, sign in ((a, of[0], 1), (b, of[1], -1)):
        hits = Counter(stratum for (stratum, _), yes in values.items() if yes)
        difference += sign * sum(weight[stratum] / total * hits[stratum] / sizes[stratum] for stratum in weight)
        moved: defaultdict[Hashable, float] = defaultdict(float)
        for (stratum, block), yes in values.items():
            if stratum in weight:
                own = hits[stratum] / sizes[stratum]
                moved[block] += weight[stratum] / total * (yes - own) / sizes[stratum]
        n_blocks.append(len(moved))
        if len(moved) > 1:
            variance += len(moved) / (len(moved) - 1) * sum(value**2 for value in moved.values())
    sizes_told = (n_blocks[0], n_blocks[1])
    if not total or not variance:
        note = note or "every network of each stratum gives the same answer"
        return Tested(_BY_BLOCKS, (name_a, name_b), sizes_told, None, None, None, _EFFECT, None, note)
    error = math.sqrt(variance)
    reach = float(scipy.stats.norm.ppf((1 + CONFIDENCE) / 2)) * error
    p = float(2 * scipy.stats.norm.sf(abs(difference) / error))
    interval = (difference - reach, difference + reach)
    return Tested(
        _BY_BLOCKS, (name_a, name_b), sizes_told, difference / error, p, difference, _EFFECT, None, note, *interval
    )
