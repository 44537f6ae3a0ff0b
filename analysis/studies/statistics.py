"""Statistics over the networks of a study, and what must be said beside each: of how many.

Networks that failed have no value; they are counted apart and included in the denominators of all shares.

- spreads: least, quartiles, median, most (linear interpolation between ranks), mean;
- shares: Wilson's interval;
- tests by scipy, each with an effect size: Cliff's delta (Mann-Whitney), the matched-pairs rank-biserial correlation
  (Wilcoxon), Kendall's W (Friedman), epsilon squared (Kruskal-Wallis), Spearman's rho, Cramér's V (chi-squared,
  Fisher);
- more tests of the same networks at several levels in :mod:`analysis.studies.paired`, of shares within strata in
  :mod:`analysis.studies.stratified`;
- Holm's correction over all tests of a study.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
import scipy  # loads scipy.stats, which takes most of a second, when it is first asked for

CONFIDENCE: Final = 0.95
_FEWEST: Final = 2  # values in each group for a rank test
_FEWEST_BLOCKED: Final = 3  # groups; two are wilcoxon's


@dataclass(frozen=True)
class Spread:
    """How the values of some networks lie.

    Args:
        n: networks with a value.
        failed: networks without one, whatever the reason; of n + failed in all.
        least, lower, median, upper, most: extremes and quartiles, None without values.
        mean: None without values.
        ones: how many have exactly the value 1, and ``zeros`` 0.
    """

    n: int
    failed: int
    least: float | None
    lower: float | None
    median: float | None
    upper: float | None
    most: float | None
    mean: float | None
    zeros: int
    ones: int

    @property
    def of(self) -> int:
        return self.n + self.failed


def spread_of(values: Sequence[float], failed: int = 0) -> Spread:
    """The spread of values; exact for integers of any size as far as floats go.

    Args:
        values: of the networks that have one.
        failed: networks that have none.
    """
    if not values:
        return Spread(0, failed, None, None, None, None, None, None, 0, 0)
    array = np.array([float(value) for value in values])
    least, lower, median, upper, most = (float(v) for v in np.percentile(array, [0, 25, 50, 75, 100]))
    zeros, ones = (sum(1 for value in values if value == number) for number in (0, 1))
    return Spread(len(values), failed, least, lower, median, upper, most, float(array.mean()), zeros, ones)


@dataclass(frozen=True)
class Share:
    """How many of some networks have a property.

    Args:
        hits: have it.
        of: all networks that the share is of.
        low, high: Wilson's interval at ``confidence``; None of no networks.
    """

    hits: int
    of: int
    low: float | None
    high: float | None
    confidence: float = CONFIDENCE

    @property
    def value(self) -> float | None:
        return self.hits / self.of if self.of else None


@lru_cache(maxsize=4096)
def share_of(hits: int, of: int, confidence: float = CONFIDENCE) -> Share:
    """A share with Wilson's interval."""
    if not of:
        return Share(hits, of, None, None, confidence)
    interval = scipy.stats.binomtest(hits, of).proportion_ci(confidence, method="wilson")
    return Share(hits, of, float(interval.low), float(interval.high), confidence)


@dataclass(frozen=True)
class Tested:
    """What one test says.

    Args:
        test: its key, as designs name it.
        groups: the levels that were compared.
        sizes: values in each group (pairs for a paired test).
        statistic: the test's own; None where it could not be made, with ``note`` saying why.
        p: two-sided; exactly 0 only where it is below what a float holds.
        p_holm: the same after Holm's correction over all tests of the study, None before.
        effect: size of the effect.
        effect_name: which measure of it.
        note: why it could not be made, or what to keep in mind.
        low, high: interval of the effect at ``CONFIDENCE``; None where the test gives none.
    """

    test: str
    groups: tuple[str, ...]
    sizes: tuple[int, ...]
    statistic: float | None
    p: float | None
    effect: float | None
    effect_name: str
    p_holm: float | None = None
    note: str = ""
    low: float | None = None
    high: float | None = None


def mann_whitney(groups: Mapping[str, Sequence[float]]) -> Tested:
    """Whether values of one group tend to be larger; effect: Cliff's delta, P(first larger) − P(second larger)."""
    (name_a, a), (name_b, b) = groups.items()
    sizes = (len(a), len(b))
    if min(sizes) < _FEWEST:
        return _not_made("mann-whitney", groups, "Cliff's delta")
    found = scipy.stats.mannwhitneyu(a, b, alternative="two-sided")
    delta = 2 * float(found.statistic) / (sizes[0] * sizes[1]) - 1
    p = 1.0 if math.isnan(float(found.pvalue)) else float(found.pvalue)
    return Tested("mann-whitney", (name_a, name_b), sizes, float(found.statistic), p, delta, "Cliff's delta")


def wilcoxon(groups: Mapping[str, Mapping[Hashable, float]]) -> Tested:
    """Whether paired values differ in one direction; effect: matched-pairs rank-biserial correlation.

    Args:
        groups: two, each pair (say, a seed) → value; pairs that one of them lacks are left out and told.
    """
    (name_a, a), (name_b, b) = groups.items()
    pairs = [key for key in a if key in b]
    left_out = len(a) + len(b) - 2 * len(pairs)
    note = f"{left_out:,} values have no partner" if left_out else ""
    differences = np.array([float(a[key]) - float(b[key]) for key in pairs])
    moved = differences[differences != 0]
    effect = "rank-biserial correlation"
    if len(pairs) < _FEWEST:
        return Tested("wilcoxon", (name_a, name_b), (len(pairs),), None, None, None, effect, None, "too few pairs")
    if not len(moved):
        return Tested("wilcoxon", (name_a, name_b), (len(pairs),), 0.0, 1.0, 0.0, effect, None, note)
    found = scipy.stats.wilcoxon(moved)
    ranks = scipy.stats.rankdata(np.abs(moved))
    biserial = float((ranks[moved > 0].sum() - ranks[moved < 0].sum()) / ranks.sum())
    statistic, p = float(found.statistic), float(found.pvalue)
    return Tested("wilcoxon", (name_a, name_b), (len(pairs),), statistic, p, biserial, effect, None, note)


def friedman(groups: Mapping[str, Mapping[Hashable, float]]) -> Tested:
    """Whether any group's values lie elsewhere, the same networks in each; effect: Kendall's W, 0 to 1.

    Of yes and no, as 1 and 0, it is Cochran's Q test: ranks with ties corrected give the same statistic.

    Args:
        groups: each a block (say, a seed) → value. Blocks that some group lacks are left out, and groups with fewer
            than half the values of the fullest one first, or else they would take all blocks with them; both are told.
    """
    name = "Kendall's W"
    fullest = max((len(values) for values in groups.values()), default=0)
    filled = {label: values for label, values in groups.items() if values and 2 * len(values) >= fullest}
    left_out = [label for label in groups if label not in filled]
    note = f"without {', '.join(left_out)}: too few" if left_out else ""
    blocks = [block for block in next(iter(filled.values()), {}) if all(block in values for values in filled.values())]
    sizes = (len(blocks),)
    if len(filled) < _FEWEST_BLOCKED or len(blocks) < _FEWEST:
        return Tested("friedman", tuple(groups), sizes, None, None, None, name, None, "too few networks in every group")
    table = np.array([[float(values[block]) for values in filled.values()] for block in blocks])
    if (table == table[:, :1]).all():
        return Tested("friedman", tuple(groups), sizes, 0.0, 1.0, 0.0, name, None, note)
    found = scipy.stats.friedmanchisquare(*table.T)
    statistic = float(found.statistic)
    effect = statistic / (len(blocks) * (len(filled) - 1))
    return Tested("friedman", tuple(groups), sizes, statistic, float(found.pvalue), effect, name, None, note)


def kruskal_wallis(groups: Mapping[str, Sequence[float]]) -> Tested:
    """Whether any group's values lie elsewhere; effect: epsilon squared, 0 to 1."""
    filled = {name: values for name, values in groups.items() if len(values) >= _FEWEST}
    names, sizes = tuple(groups), tuple(len(values) for values in groups.values())
    if len(filled) < 2:
        return _not_made("kruskal-wallis", groups, "epsilon squared")
    everything = [value for values in filled.values() for value in values]
    note = "" if len(filled) == len(groups) else f"without {', '.join(n for n in names if n not in filled)}: too few"
    if len(set(everything)) == 1:
        return Tested("kruskal-wallis", names, sizes, 0.0, 1.0, 0.0, "epsilon squared", None, note)
    found = scipy.stats.kruskal(*filled.values())
    statistic = float(found.statistic)
    effect = statistic / (len(everything) - 1)
    p = float(found.pvalue)
    return Tested("kruskal-wallis", names, sizes, statistic, p, effect, "epsilon squared", None, note)


def spearman(groups: Mapping[str, Sequence[float]]) -> Tested:
    """Whether values rise or fall along the groups in their order; effect: Spearman's rho."""
    x = [place for place, values in enumerate(groups.values()) for _ in values]
    y = [float(value) for values in groups.values() for value in values]
    names, sizes = tuple(groups), tuple(len(values) for values in groups.values())
    if len(x) < 3 or len(set(x)) < 2:
        return _not_made("spearman", groups, "Spearman's rho")
    if len(set(y)) < 2:
        return Tested("spearman", names, sizes, 0.0, 1.0, 0.0, "Spearman's rho", None, "all values are equal")
    found = scipy.stats.spearmanr(x, y)
    rho = float(found.statistic)
    return Tested("spearman", names, sizes, rho, float(found.pvalue), rho, "Spearman's rho")


def independence(test: str, groups: Mapping[str, Mapping[str, int]]) -> Tested:
    """Whether shares of categories differ between groups; effect: Cramér's V, 0 to 1.

    Args:
        test: "chi-squared", or "fisher" for two groups and two categories, exact.
        groups: group → category → networks.
    """
    categories = sorted({category for counts in groups.values() for category in counts})
    table = np.array([[counts.get(category, 0) for category in categories] for counts in groups.values()])
    sizes = tuple(int(row.sum()) for row in table)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0] if table.size else table
    effect = "Cramér's V"
    if min(table.shape, default=0) < 2:
        note = "every network falls into one category" if table.size and table.shape[0] >= 2 else "too few networks"
        same = 1.0 if "one category" in note else None
        return Tested(test, tuple(groups), sizes, None, same, 0.0 if same else None, effect, None, note)
    chi = scipy.stats.chi2_contingency(table, correction=False)
    v = math.sqrt(float(chi.statistic) / (table.sum() * (min(table.shape) - 1)))
    if test == "fisher" and table.shape == (2, 2):
        exact = scipy.stats.fisher_exact(table)
        return Tested(test, tuple(groups), sizes, float(exact.statistic), float(exact.pvalue), v, effect)
    low = float(chi.expected_freq.min())
    note = f"smallest expected count {low:.1f}, so p is rough" if low < 5 else ""
    return Tested("chi-squared", tuple(groups), sizes, float(chi.statistic), float(chi.pvalue), v, effect, None, note)


def holm(results: Sequence[Tested]) -> list[Tested]:
    """All tests of a study with p corrected by Holm's step-down method, in the same order."""
    made = sorted((r.p, place) for place, r in enumerate(results) if r.p is not None)
    corrected: dict[int, float] = {}
    worst = 0.0
    for rank, (p, place) in enumerate(made):
        worst = max(worst, min(1.0, p * (len(made) - rank)))
        corrected[place] = worst
    return [replace(result, p_holm=corrected.get(place)) for place, result in enumerate(results)]


def _not_made(test: str, groups: Mapping[str, Sequence[Any]], effect_name: str) -> Tested:
    sizes = tuple(len(values) for values in groups.values())
    return Tested(test, tuple(groups), sizes, None, None, None, effect_name, None, "too few networks with a value")
