"""Statistics over the networks of a study, and what must be said beside each: of how many.

Networks that failed have no value; they are counted apart, and no spread, share or test is of them.

- spreads: least, quartiles, median, most (linear interpolation between ranks), mean;
- shares: Wilson's interval;
- tests by scipy, each with an effect size: Cliff's delta (Mann-Whitney), the matched-pairs rank-biserial correlation
  (Wilcoxon), Kendall's W (Friedman), epsilon squared (Kruskal-Wallis), Spearman's rho, Cramér's V (chi-squared,
  Fisher);
- tests of networks that share their seeds, each compared with its own partner: McNemar's exact test of yes or no at two
  levels, with the difference of the shares (at three or more Cochran's Q, which Friedman's test is of zeros and ones);
  Stuart's and Maxwell's test of equal shares of every category; Page's test of a trend along ordered levels;
- shares within strata: the test of Cochran, Mantel and Haenszel (1959), with the common difference of shares (Greenland
  and Robins 1985) and its variance for few large strata and for many small ones (Sato, Greenland and Robins 1989);
- Holm's correction over all tests of a study.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, Final

import numpy as np
import scipy  # loads scipy.stats, which takes most of a second, when it is first asked for

CONFIDENCE: Final = 0.95
_FEWEST: Final = 2  # values in each group for a rank test
_FEWEST_BLOCKED: Final = 3  # groups; two are wilcoxon's
_DIFFERENCE: Final = "difference of shares"
Values = Mapping[str, Mapping[Hashable, Any]]


@dataclass(frozen=True)
class Spread:
    """How the values of some networks lie.

    Args:
        n: networks with a value.
        least, lower, median, upper, most: extremes and quartiles, None without values.
        mean: None without values.
        ones: how many have exactly the value 1.
    """

    n: int
    least: float | None
    lower: float | None
    median: float | None
    upper: float | None
    most: float | None
    mean: float | None
    ones: int


def spread_of(values: Sequence[float]) -> Spread:
    """The spread of the values of the networks that have one; exact for integers as far as floats go."""
    if not values:
        return Spread(0, None, None, None, None, None, None, 0)
    array = np.array([float(value) for value in values])
    least, lower, median, upper, most = (float(v) for v in np.percentile(array, [0, 25, 50, 75, 100]))
    ones = sum(1 for value in values if value == 1)
    return Spread(len(values), least, lower, median, upper, most, float(array.mean()), ones)


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
    told = partial(Tested, "wilcoxon", (name_a, name_b), (len(pairs),), effect_name="rank-biserial correlation")
    if len(pairs) < _FEWEST:
        return told(None, None, None, note="too few pairs")
    if not len(moved):
        return told(0.0, 1.0, 0.0, note=note)
    found = scipy.stats.wilcoxon(moved)
    ranks = scipy.stats.rankdata(np.abs(moved))
    biserial = float((ranks[moved > 0].sum() - ranks[moved < 0].sum()) / ranks.sum())
    return told(float(found.statistic), float(found.pvalue), biserial, note=note)


def friedman(groups: Mapping[str, Mapping[Hashable, float]]) -> Tested:
    """Whether any group's values lie elsewhere, the same networks in each; effect: Kendall's W, 0 to 1.

    Of yes and no, as 1 and 0, it is Cochran's Q test: ranks with ties corrected give the same statistic.

    Args:
        groups: each a block (say, a seed) → value. Blocks that some group lacks are left out, and groups with fewer
            than half the values of the fullest one first, or else they would take all blocks with them; both are told.
    """
    fullest = max((len(values) for values in groups.values()), default=0)
    filled = {label: values for label, values in groups.items() if values and 2 * len(values) >= fullest}
    left_out = [label for label in groups if label not in filled]
    note = f"without {', '.join(left_out)}: too few" if left_out else ""
    blocks = [block for block in next(iter(filled.values()), {}) if all(block in values for values in filled.values())]
    told = partial(Tested, "friedman", tuple(groups), (len(blocks),), effect_name="Kendall's W")
    if len(filled) < _FEWEST_BLOCKED or len(blocks) < _FEWEST:
        return told(None, None, None, note="too few networks in every group")
    table = np.array([[float(values[block]) for values in filled.values()] for block in blocks])
    if (table == table[:, :1]).all():
        return told(0.0, 1.0, 0.0, note=note)
    found = scipy.stats.friedmanchisquare(*table.T)
    statistic = float(found.statistic)
    return told(statistic, float(found.pvalue), statistic / (len(blocks) * (len(filled) - 1)), note=note)


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


# --- networks that share their seeds


def mcnemar(groups: Values) -> Tested:
    """Whether the share of yes differs between two levels of the same networks; exact.

    Args:
        groups: two, each a block (say, a seed) → yes or no. Blocks that one lacks are left out and told.

    Returns:
        With the first share less the second, and its interval (Wald's, of paired shares).
    """
    names, blocks, note = paired(groups)
    first, second = (groups[name] for name in names)
    n = len(blocks)
    told = partial(Tested, "mcnemar", names, (n,), effect_name=_DIFFERENCE)
    if n < _FEWEST:
        return told(None, None, None, note="too few pairs")
    gained = sum(1 for block in blocks if first[block] and not second[block])
    lost = sum(1 for block in blocks if second[block] and not first[block])
    difference = (gained - lost) / n
    error = math.sqrt(max(0.0, gained + lost - (gained - lost) ** 2 / n)) / n
    reach = float(scipy.stats.norm.ppf((1 + CONFIDENCE) / 2)) * error
    p = float(scipy.stats.binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0
    return told(float(gained), p, difference, note=note, low=difference - reach, high=difference + reach)


def stuart_maxwell(groups: Values) -> Tested:
    """Whether any category's share differs between two levels of the same networks.

    Args:
        groups: two, each a block → category. Blocks that one lacks are left out and told.

    Returns:
        With the share of blocks whose category changes as its effect.
    """
    names, blocks, note = paired(groups)
    told = partial(Tested, "stuart-maxwell", names, (len(blocks),), effect_name="share that changes")
    pairs = Counter((str(groups[names[0]][block]), str(groups[names[1]][block])) for block in blocks)
    changing = sorted({category for pair in pairs if pair[0] != pair[1] for category in pair})
    if len(blocks) < _FEWEST:
        return told(None, None, None, note="too few pairs")
    if not changing:
        return told(0.0, 1.0, 0.0, note=note)
    table = np.array([[pairs[one, other] for other in changing] for one in changing], dtype=float)
    moved = float(table.sum() - table.trace())
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    shift = (rows - columns)[:-1]
    covariance = -(table + table.T)
    np.fill_diagonal(covariance, rows + columns - 2 * np.diag(table))
    inner = covariance[:-1, :-1]
    rank = int(np.linalg.matrix_rank(inner))
    statistic = float(shift @ np.linalg.pinv(inner) @ shift)
    p = float(scipy.stats.chi2.sf(statistic, rank))
    return told(statistic, p, moved / len(blocks), note=note)


def page(groups: Values) -> Tested:
    """Whether values rise or fall along the levels in their order, the same networks in each; two-sided.

    Args:
        groups: in order, each a block → number. Blocks that some level lacks are left out and told.

    Returns:
        With Page's L and, as the effect, Spearman's rho between values and order, averaged over blocks; a block whose
        values are all equal counts as 0. Equal values within a block make p larger than it would have to be, since the
        variance of L is taken without them.
    """
    names, blocks, note = paired(groups)
    told = partial(Tested, "page", names, (len(blocks),), effect_name="mean Spearman's rho")
    n_levels = len(names)
    if n_levels < _FEWEST_BLOCKED or len(blocks) < _FEWEST:
        return told(None, None, None, note="too few networks or levels")
    table = np.array([[float(groups[name][block]) for name in names] for block in blocks])
    rising, falling = (scipy.stats.page_trend_test(side, method="asymptotic") for side in (table, table[:, ::-1]))
    p = min(1.0, 2 * min(float(rising.pvalue), float(falling.pvalue)))
    moving = [values for values in table if values.min() < values.max()]
    mean = sum(float(scipy.stats.spearmanr(range(n_levels), values).statistic) for values in moving) / len(blocks)
    return told(float(rising.statistic), p, mean, note=note)


def paired(groups: Values) -> tuple[tuple[str, ...], Sequence[Hashable], str]:
    """The levels, the blocks that all of them have, and what is to be said of the others."""
    names = tuple(groups)
    blocks = [block for block in groups[names[0]] if all(block in groups[name] for name in names)]
    every = set().union(*groups.values())
    left_out = len(every) - len(blocks)
    return names, blocks, f"{left_out:,} networks are not in every level" if left_out else ""


# --- strata


def cochran_mantel_haenszel(groups: Mapping[str, Mapping[Hashable, Share]]) -> Tested:
    """Whether the share of one group differs from that of another within strata; without a continuity correction.

    Args:
        groups: two, each stratum → its share. A stratum in which one group has no network is left out and told.

    Returns:
        With the first group's share less the second's, common to all strata, and its interval.
    """
    (name_a, a), (name_b, b) = groups.items()
    both = [stratum for stratum in a if stratum in b and a[stratum].of and b[stratum].of]
    left_out = len(set(a) | set(b)) - len(both)
    note = f"{left_out} strata have networks of one group only" if left_out else ""
    sizes = (sum(a[stratum].of for stratum in both), sum(b[stratum].of for stratum in both))
    told = partial(Tested, "cochran-mantel-haenszel", (name_a, name_b), sizes, effect_name=_DIFFERENCE)
    if not both:
        return told(None, None, None, note=note or "no networks")
    excess = spread = top = weight = slope = rest = 0.0
    for stratum in both:
        x, m, y, n = a[stratum].hits, a[stratum].of, b[stratum].hits, b[stratum].of
        total, yes = m + n, x + y
        excess += x - m * yes / total
        if total > 1:
            spread += m * n * yes * (total - yes) / (total**2 * (total - 1))
        top += (x * n - y * m) / total
        weight += m * n / total
        slope += (m**2 * y - n**2 * x + m * n * (n - m) / 2) / total**2
        rest += (x * (n - y) + y * (m - x)) / (2 * total)
    difference = top / weight
    if not spread:
        note = "every network of each stratum gives the same answer"
        return told(0.0, 1.0, difference, note=note)
    statistic = excess**2 / spread
    error = math.sqrt(max(0.0, difference * slope + rest)) / weight
    reach = float(scipy.stats.norm.ppf((1 + CONFIDENCE) / 2)) * error
    p = float(scipy.stats.chi2.sf(statistic, 1))
    return told(statistic, p, difference, note=note, low=difference - reach, high=difference + reach)


# --- all tests of a study


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
