"""Tests between groups of networks, by scipy and statsmodels, each with the size of its effect; loads both.

Each is given its groups, level → key of a network → value. What stands in no library: which networks are compared at
all, most effects, and

- the interval of the difference of paired shares (Wald's: Agresti, Categorical Data Analysis, 10.1.1);
- the common difference of shares within strata (Greenland and Robins 1985) with its variance for few large strata and
  for many small ones (Sato, Greenland and Robins 1989).

statsmodels takes p from 1 less the distribution, which is 0 from 1e-16 on; here it is the upper tail of scipy.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any, Final, Literal

import numpy as np
from scipy import stats
from scipy.sparse.csgraph import connected_components
from scipy.stats.contingency import association
from statsmodels.stats.contingency_tables import SquareTable, StratifiedTable
from statsmodels.stats.contingency_tables import mcnemar as exact_mcnemar

Key = tuple[Hashable, int]
"""What pairs networks of two levels: all other levels, and the seed."""
Groups = Mapping[str, Mapping[Key, Any]]
_REACH: Final = float(stats.norm.ppf(0.975))  # of an interval of 95%, in standard errors
_FEWEST: Final = 2  # networks in each group, or pairs


@dataclass(frozen=True)
class Tested:
    """What one test says.

    Args:
        sizes: values in each group; blocks, where networks of equal seed are compared.
        statistic, p: two-sided; None where it could not be made, with ``note`` saying why.
        effect: its size, see :data:`TESTS`.
        low, high: 95% interval of the effect, where the test gives one.
        note: why it could not be made, or what to keep in mind.
    """

    sizes: tuple[int, ...]
    statistic: float | None = None
    p: float | None = None
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""


# --- independent groups


def _mann_whitney(groups: Groups) -> Tested:
    a, b = ([*map(float, values.values())] for values in groups.values())
    if min(len(a), len(b)) < _FEWEST:
        return _too_few(groups)
    found = stats.mannwhitneyu(a, b)
    p = 1.0 if math.isnan(found.pvalue) else float(found.pvalue)
    return Tested(_sizes(groups), float(found.statistic), p, 2 * float(found.statistic) / (len(a) * len(b)) - 1)


def _kruskal_wallis(groups: Groups) -> Tested:
    filled = [[*map(float, values.values())] for values in groups.values() if len(values) >= _FEWEST]
    if len(filled) < 2:
        return _too_few(groups)
    told = partial(Tested, _sizes(groups), note=_without(groups, _FEWEST))
    everything = [value for values in filled for value in values]
    if len(set(everything)) == 1:
        return told(0.0, 1.0, 0.0)
    found = stats.kruskal(*filled)
    return told(float(found.statistic), float(found.pvalue), float(found.statistic) / (len(everything) - 1))


def _spearman(groups: Groups) -> Tested:
    x = [place for place, values in enumerate(groups.values()) for _ in values]
    y = [float(value) for values in groups.values() for value in values.values()]
    if len(x) < 3 or len(set(x)) < 2:
        return _too_few(groups)
    if len(set(y)) < 2:
        return Tested(_sizes(groups), 0.0, 1.0, 0.0, note="all values are equal")
    found = stats.spearmanr(x, y)
    return Tested(_sizes(groups), float(found.statistic), float(found.pvalue), float(found.statistic))


def _independence(groups: Groups, *, exact: bool = False) -> Tested:
    """Chi-squared; Fisher's exact test of two groups and two categories."""
    counts = [Counter(map(str, values.values())) for values in groups.values()]
    categories = sorted(set().union(*counts))
    table = np.array([[count[category] for category in categories] for count in counts if count])
    if len(table) < 2:
        return _too_few(groups)
    if len(categories) < 2:
        return Tested(_sizes(groups), None, 1.0, 0.0, note="every network falls into one category")
    effect = float(association(table, method="cramer"))
    if exact and table.shape == (2, 2):
        found = stats.fisher_exact(table)
        return Tested(_sizes(groups), float(found.statistic), float(found.pvalue), effect)
    chi = stats.chi2_contingency(table, correction=False)
    least = float(chi.expected_freq.min())
    note = f"smallest expected count {least:.1f}, so p is rough" if least < 5 else ""
    return Tested(_sizes(groups), float(chi.statistic), float(chi.pvalue), effect, note=note)


def _within_strata(groups: Groups) -> Tested:
    """The test of Cochran, Mantel and Haenszel, without a continuity correction; strata are all other levels."""
    of = [Counter(levels for levels, _ in values) for values in groups.values()]
    yes = [Counter(levels for (levels, _), value in values.items() if value) for values in groups.values()]
    both = [stratum for stratum in of[0] if stratum in of[1]]
    left_out = len(of[0].keys() | of[1].keys()) - len(both)
    note = f"{left_out} strata have networks of one group only" if left_out else ""
    told = partial(Tested, tuple(sum(n[stratum] for stratum in both) for n in of))
    if not both:
        return told(note=note or "no networks")
    x, m, y, n = (np.array([count[s] for s in both], dtype=float) for count in (yes[0], of[0], yes[1], of[1]))
    total = m + n
    weight = float((m * n / total).sum())
    difference = float(((x * n - y * m) / total).sum()) / weight
    if ((x + y == 0) | (x + y == total)).all():
        return told(0.0, 1.0, difference, note="every network of each stratum gives the same answer")
    statistic = float(StratifiedTable(np.array([[x, m - x], [y, n - y]])).test_null_odds().statistic)
    slope = float(((m**2 * y - n**2 * x + m * n * (n - m) / 2) / total**2).sum())
    rest = float(((x * (n - y) + y * (m - x)) / (2 * total)).sum())
    reach = _REACH * math.sqrt(max(0.0, difference * slope + rest)) / weight
    p = float(stats.chi2.sf(statistic, 1))
    return told(statistic, p, difference, difference - reach, difference + reach, note=note)


# --- the same networks, or those of equal seed, in every group


def _wilcoxon(groups: Groups) -> Tested:
    rows, note = _blocks(groups)
    if len(rows) < _FEWEST:
        return Tested((len(rows),), note="too few pairs")
    moved = [float(one) - float(other) for one, other in rows if one != other]
    if not moved:
        return Tested((len(rows),), 0.0, 1.0, 0.0, note=note)
    found = stats.wilcoxon(moved)
    ranks = float(stats.wilcoxon(moved, alternative="greater", method="asymptotic").statistic)  # of those above 0
    effect = 4 * ranks / (len(moved) * (len(moved) + 1)) - 1
    return Tested((len(rows),), float(found.statistic), float(found.pvalue), effect, note=note)


def _friedman(groups: Groups) -> Tested:
    """Of yes and no it is Cochran's Q.

    Groups with fewer than half the values of the fullest one are left out, or they would take all blocks with them.
    """
    half = max(1, -(-max(map(len, groups.values()), default=0) // 2))
    filled = {name: values for name, values in groups.items() if len(values) >= half}
    rows, _ = _blocks(filled)
    if len(filled) < 3 or len(rows) < _FEWEST:
        return Tested((len(rows),), note="too few networks in every group")
    told = partial(Tested, (len(rows),), note=_without(groups, half))
    if all(len(set(row)) == 1 for row in rows):
        return told(0.0, 1.0, 0.0)
    found = stats.friedmanchisquare(*np.array(rows, dtype=float).T)
    effect = float(found.statistic) / (len(rows) * (len(filled) - 1))
    return told(float(found.statistic), float(found.pvalue), effect)


def _page(groups: Groups) -> Tested:
    """Page's trend along the levels in their order, on both sides; a block of equal values has an effect of 0.

    Equal values within a block make p larger than it would have to be: the variance of L is taken without them.
    """
    rows, note = _blocks(groups)
    if len(groups) < 3 or len(rows) < _FEWEST:
        return Tested((len(rows),), note="too few networks or levels")
    table = np.array(rows, dtype=float)
    rising, falling = (stats.page_trend_test(side, method="asymptotic") for side in (table, table[:, ::-1]))
    p = min(1.0, 2 * min(float(rising.pvalue), float(falling.pvalue)))
    moving = [values for values in table if values.min() < values.max()]
    rho = sum(float(stats.spearmanr(range(len(groups)), values).statistic) for values in moving)
    return Tested((len(rows),), float(rising.statistic), p, rho / len(rows), note=note)


def _mcnemar(groups: Groups) -> Tested:
    """McNemar's exact test."""
    rows, note = _blocks(groups)
    n, counts = len(rows), Counter((bool(one), bool(other)) for one, other in rows)
    if n < _FEWEST:
        return Tested((n,), note="too few pairs")
    gained, lost = counts[True, False], counts[False, True]
    found = exact_mcnemar([[0, gained], [lost, 0]], exact=True)
    difference = (gained - lost) / n
    reach = _REACH * math.sqrt(max(0.0, gained + lost - (gained - lost) ** 2 / n)) / n
    ends = difference - reach, difference + reach
    return Tested((n,), float(found.statistic), float(found.pvalue), difference, *ends, note=note)


def _stuart_maxwell(groups: Groups) -> Tested:
    rows, note = _blocks(groups)
    counts = Counter((str(one), str(other)) for one, other in rows)
    told = partial(Tested, (len(rows),))
    changing = sorted({category for pair in counts if pair[0] != pair[1] for category in pair})
    if len(rows) < _FEWEST:
        return told(note="too few pairs")
    if not changing:
        return told(0.0, 1.0, 0.0, note=note)
    table = np.array([[counts[one, other] for other in changing] for one in changing])
    changed = float(table.sum() - table.trace()) / len(rows)
    if connected_components(table, directed=False)[0] > 1:
        return told(None, None, changed, note="categories change within groups apart, which one test cannot compare")
    found = SquareTable(table, shift_zeros=False).homogeneity()
    return told(float(found.statistic), float(stats.chi2.sf(found.statistic, found.df)), changed, note=note)


def _blocks(groups: Groups) -> tuple[list[tuple[Any, ...]], str]:
    """The values of each network that every level has, and what is to be said of the others."""
    first, *others = groups.values() or ({},)
    rows = [tuple(values[key] for values in groups.values()) for key in first if all(key in one for one in others)]
    left_out = len(set(first).union(*others)) - len(rows)
    return rows, f"{left_out:,} networks are not in every level" if left_out else ""


def _sizes(groups: Groups) -> tuple[int, ...]:
    return tuple(map(len, groups.values()))


def _without(groups: Groups, fewest: int) -> str:
    left_out = [name for name, values in groups.items() if len(values) < fewest]
    return f"without {', '.join(left_out)}: too few" if left_out else ""


def _too_few(groups: Groups) -> Tested:
    return Tested(_sizes(groups), note="too few networks with a value")


# --- all of them


@dataclass(frozen=True)
class Test:
    """One test.

    Args:
        function: of the groups that it compares.
        effect_name: what its effect is.
        compares: at once: every pair of levels, all of them, or the first against each other.
        of_numbers: whether it compares numbers (or yes and no, as 1 and 0).
        paired: whether it compares networks of equal seed; others take levels as independent samples.
    """

    function: Callable[[Groups], Tested]
    effect_name: str
    compares: Literal["pairs", "all", "first"]
    of_numbers: bool = True
    paired: bool = False

    def made(self, groups: Groups) -> list[tuple[tuple[str, ...], Tested]]:
        """What it says of some groups, each time behind the levels that it compares."""
        values = [value for group in groups.values() for value in group.values()]
        if self.of_numbers and any(isinstance(value, str | tuple) for value in values):
            return [(tuple(groups), Tested(_sizes(groups), note="the values are no numbers"))]
        some: list[tuple[str, ...]] = [tuple(groups)] if self.compares == "all" else [*combinations(groups, 2)]
        some = some[: len(groups) - 1] if self.compares == "first" else some
        return [(names, self.function({name: groups[name] for name in names})) for names in some]


_DIFFERENCE: Final = "difference of shares"
TESTS: Final[Mapping[str, Test]] = {
    "mann-whitney": Test(_mann_whitney, "Cliff's delta", "pairs"),
    "kruskal-wallis": Test(_kruskal_wallis, "epsilon squared", "all"),
    "spearman": Test(_spearman, "Spearman's rho", "all"),
    "chi-squared": Test(_independence, "Cramér's V", "all", of_numbers=False),
    "fisher": Test(partial(_independence, exact=True), "Cramér's V", "pairs", of_numbers=False),
    "cochran-mantel-haenszel": Test(_within_strata, _DIFFERENCE, "first", of_numbers=False),
    "wilcoxon": Test(_wilcoxon, "rank-biserial correlation", "pairs", paired=True),
    "friedman": Test(_friedman, "Kendall's W", "all", paired=True),
    "page": Test(_page, "mean Spearman's rho", "all", paired=True),
    "mcnemar": Test(_mcnemar, _DIFFERENCE, "pairs", of_numbers=False, paired=True),
    "stuart-maxwell": Test(_stuart_maxwell, "share that changes", "pairs", of_numbers=False, paired=True),
}
