"""Tests between groups of networks, by scipy and statsmodels, each with the size of its effect; loads both.

Each test is given its groups, level → key of a network → value. What stands in no library: which networks are compared
at all, most effects, and

- the interval of the difference of paired shares (Wald's: Agresti, Categorical Data Analysis, 10.1.1);
- the common difference of shares within strata (Greenland and Robins 1985) with its variance for few large strata and
  for many small ones (Sato, Greenland and Robins 1989).

statsmodels takes p from 1 less the distribution, which is 0 from 1e-16 on; here it is the upper tail of scipy.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.sparse.csgraph import connected_components
from scipy.stats.contingency import association
from statsmodels.stats.contingency_tables import SquareTable, StratifiedTable
from statsmodels.stats.contingency_tables import mcnemar as exact_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

Key = tuple[Hashable, int]
"""What pairs networks of two levels: all other levels, and the seed."""
Groups = Mapping[str, Mapping[Key, Any]]
Interval = tuple[float, float]
_REACH: Final = float(stats.norm.ppf(0.975))  # of an interval of 95%, in standard errors
_FEWEST: Final = 2  # networks in each group, or pairs
_FEWEST_LEVELS: Final = 3  # of a test of blocks; two are wilcoxon's


@dataclass(frozen=True)
class Tested:
    """What one test says.

    Args:
        sizes: values in each group; blocks, where networks of equal seed are compared.
        statistic: the test's own; None where it could not be made, with ``note`` saying why.
        p: two-sided.
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


def share_interval(hits: int, of: int) -> Interval:
    """Wilson's 95% interval of a share of at least one network."""
    low, high = proportion_confint(hits, of, method="wilson")
    return float(low), float(high)


def holm(ps: Sequence[float]) -> list[float]:
    """Values of p after Holm's correction, in their order."""
    return [float(p) for p in multipletests(ps, method="holm")[1]] if ps else []


# --- independent groups


def mann_whitney(groups: Groups) -> Tested:
    """Whether values of one group tend to be larger."""
    a, b = (_numbers(values) for values in groups.values())
    if min(len(a), len(b)) < _FEWEST:
        return _too_few(groups)
    found = stats.mannwhitneyu(a, b)
    p = 1.0 if math.isnan(found.pvalue) else float(found.pvalue)
    return Tested((len(a), len(b)), float(found.statistic), p, 2 * float(found.statistic) / (len(a) * len(b)) - 1)


def kruskal_wallis(groups: Groups) -> Tested:
    """Whether any group's values lie elsewhere."""
    numbers = {name: _numbers(values) for name, values in groups.items()}
    filled = [values for values in numbers.values() if len(values) >= _FEWEST]
    told = partial(Tested, tuple(map(len, numbers.values())), note=_without(groups, _FEWEST))
    if len(filled) < 2:
        return _too_few(groups)
    everything = [value for values in filled for value in values]
    if len(set(everything)) == 1:
        return told(0.0, 1.0, 0.0)
    found = stats.kruskal(*filled)
    return told(float(found.statistic), float(found.pvalue), float(found.statistic) / (len(everything) - 1))


def spearman(groups: Groups) -> Tested:
    """Whether values rise or fall along the groups in their order."""
    numbers = [_numbers(values) for values in groups.values()]
    x = [place for place, values in enumerate(numbers) for _ in values]
    y = [value for values in numbers for value in values]
    told = partial(Tested, tuple(map(len, numbers)))
    if len(x) < 3 or len(set(x)) < 2:
        return _too_few(groups)
    if len(set(y)) < 2:
        return told(0.0, 1.0, 0.0, note="all values are equal")
    found = stats.spearmanr(x, y)
    return told(float(found.statistic), float(found.pvalue), float(found.statistic))


def independence(groups: Groups, *, exact: bool = False) -> Tested:
    """Whether shares of categories differ between groups: chi-squared, or exact of two groups and two categories."""
    counts = [Counter(map(str, values.values())) for values in groups.values()]
    categories = sorted(set().union(*counts))
    told = partial(Tested, tuple(len(values) for values in groups.values()))
    table = np.array([[count[category] for category in categories] for count in counts if count])
    if len(table) < 2:
        return told(note="too few networks")
    if len(categories) < 2:
        return told(None, 1.0, 0.0, note="every network falls into one category")
    effect = float(association(table, method="cramer"))
    if exact and table.shape == (2, 2):
        found = stats.fisher_exact(table)
        return told(float(found.statistic), float(found.pvalue), effect)
    chi = stats.chi2_contingency(table, correction=False)
    least = float(chi.expected_freq.min())
    note = f"smallest expected count {least:.1f}, so p is rough" if least < 5 else ""
    return told(float(chi.statistic), float(chi.pvalue), effect, note=note)


def within_strata(groups: Groups) -> Tested:
    """Whether the share of yes of one group differs from that of another among networks of equal other levels, by the
    test of Cochran, Mantel and Haenszel without a continuity correction.

    Args:
        groups: two. Strata in which one has no network are left out and told.
    """
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
    tables = np.array([[x, m - x], [y, n - y]])
    statistic = float(StratifiedTable(tables).test_null_odds().statistic)
    slope = float(((m**2 * y - n**2 * x + m * n * (n - m) / 2) / total**2).sum())
    rest = float(((x * (n - y) + y * (m - x)) / (2 * total)).sum())
    reach = _REACH * math.sqrt(max(0.0, difference * slope + rest)) / weight
    p = float(stats.chi2.sf(statistic, 1))
    return told(statistic, p, difference, difference - reach, difference + reach, note=note)


# --- the same networks, or those of equal seed, in every group


def wilcoxon(groups: Groups) -> Tested:
    """Whether paired values differ in one direction."""
    table, note = _blocks(groups)
    told = partial(Tested, (len(table),))
    if len(table) < _FEWEST:
        return told(note="too few pairs")
    moved = table[:, 0] - table[:, 1]
    moved = moved[moved != 0]
    if not len(moved):
        return told(0.0, 1.0, 0.0, note=note)
    found = stats.wilcoxon(moved)
    ranks = float(stats.wilcoxon(moved, alternative="greater", method="asymptotic").statistic)  # of those above 0
    effect = 4 * ranks / (len(moved) * (len(moved) + 1)) - 1
    return told(float(found.statistic), float(found.pvalue), effect, note=note)


def friedman(groups: Groups) -> Tested:
    """Whether any group's values lie elsewhere, the same networks in each; of yes and no it is Cochran's Q.

    Groups with fewer than half the values of the fullest one are left out, or else they would take all blocks with
    them.
    """
    fullest = max(map(len, groups.values()), default=0)
    filled = {name: values for name, values in groups.items() if values and 2 * len(values) >= fullest}
    table, _ = _blocks(filled)
    told = partial(Tested, (len(table),))
    if len(filled) < _FEWEST_LEVELS or len(table) < _FEWEST:
        return told(note="too few networks in every group")
    note = _without(groups, max(1, -(-fullest // 2)))
    if (table == table[:, :1]).all():
        return told(0.0, 1.0, 0.0, note=note)
    found = stats.friedmanchisquare(*table.T)
    effect = float(found.statistic) / (len(table) * (len(filled) - 1))
    return told(float(found.statistic), float(found.pvalue), effect, note=note)


def page(groups: Groups) -> Tested:
    """Whether values rise or fall along the levels in their order, the same networks in each; two-sided.

    A block whose values are all equal counts as 0 in the effect. Equal values within a block make p larger than it
    would have to be, since the variance of L is taken without them.
    """
    table, note = _blocks(groups)
    told = partial(Tested, (len(table),))
    if len(groups) < _FEWEST_LEVELS or len(table) < _FEWEST:
        return told(note="too few networks or levels")
    rising, falling = (stats.page_trend_test(side, method="asymptotic") for side in (table, table[:, ::-1]))
    p = min(1.0, 2 * min(float(rising.pvalue), float(falling.pvalue)))
    moving = [values for values in table if values.min() < values.max()]
    rho = sum(float(stats.spearmanr(range(len(groups)), values).statistic) for values in moving)
    return told(float(rising.statistic), p, rho / len(table), note=note)


def mcnemar(groups: Groups) -> Tested:
    """Whether the share of yes differs between two levels of the same networks; exact."""
    pairs, note = _pairs(groups)
    n = pairs.total()
    told = partial(Tested, (n,))
    if n < _FEWEST:
        return told(note="too few pairs")
    gained, lost = (sum(k for (one, other), k in pairs.items() if (bool(one), bool(other)) == way) for way in _CHANGES)
    found = exact_mcnemar([[0, gained], [lost, 0]], exact=True)
    difference = (gained - lost) / n
    reach = _REACH * math.sqrt(max(0.0, gained + lost - (gained - lost) ** 2 / n)) / n
    p = float(found.pvalue)
    return told(float(found.statistic), p, difference, difference - reach, difference + reach, note=note)


_CHANGES: Final = ((True, False), (False, True))


def stuart_maxwell(groups: Groups) -> Tested:
    """Whether any category's share differs between two levels of the same networks."""
    pairs, note = _pairs(groups)
    told = partial(Tested, (pairs.total(),))
    changing = sorted({str(category) for pair in pairs if pair[0] != pair[1] for category in pair})
    if pairs.total() < _FEWEST:
        return told(note="too few pairs")
    if not changing:
        return told(0.0, 1.0, 0.0, note=note)
    counts = Counter({(str(one), str(other)): k for (one, other), k in pairs.items()})
    table = np.array([[counts[one, other] for other in changing] for one in changing])
    changed = float(table.sum() - table.trace()) / pairs.total()
    if connected_components(table, directed=False)[0] > 1:
        return told(None, None, changed, note="categories change within groups apart, which one test cannot compare")
    found = SquareTable(table, shift_zeros=False).homogeneity()
    return told(float(found.statistic), float(stats.chi2.sf(found.statistic, found.df)), changed, note=note)


def _numbers(values: Mapping[Key, Any]) -> list[float]:
    return [float(value) for value in values.values()]


def _blocks(groups: Groups) -> tuple[NDArray[np.float64], str]:
    """``[block, level]`` the values of networks that every level has, and what is to be said of the others."""
    first, *others = groups.values() or ({},)
    blocks = [block for block in first if all(block in values for values in others)]
    left_out = len(set(first).union(*others)) - len(blocks)
    note = f"{left_out:,} networks are not in every level" if left_out else ""
    table = [[float(values[block]) for values in groups.values()] for block in blocks]
    return np.array(table).reshape(len(blocks), len(groups)), note


def _pairs(groups: Groups) -> tuple[Counter[tuple[Any, Any]], str]:
    """How many networks have which values at two levels, and what is to be said of the others."""
    one, other = groups.values()
    both = [block for block in one if block in other]
    left_out = len(one.keys() | other.keys()) - len(both)
    return Counter((one[block], other[block]) for block in both), (
        f"{left_out:,} networks are not in every level" if left_out else ""
    )


def _without(groups: Groups, fewest: int) -> str:
    left_out = [name for name, values in groups.items() if len(values) < fewest]
    return f"without {', '.join(left_out)}: too few" if left_out else ""


def _too_few(groups: Groups) -> Tested:
    return Tested(tuple(map(len, groups.values())), note="too few networks with a value")


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
            return [(tuple(groups), Tested(tuple(map(len, groups.values())), note="the values are no numbers"))]
        pairs = list(combinations(groups, 2))
        chosen: dict[str, list[tuple[str, ...]]] = {
            "pairs": [*pairs],
            "first": [*pairs[: len(groups) - 1]],
            "all": [tuple(groups)],
        }
        return [(some, self.function({name: groups[name] for name in some})) for some in chosen[self.compares]]


_DIFFERENCE: Final = "difference of shares"
TESTS: Final[Mapping[str, Test]] = {
    "mann-whitney": Test(mann_whitney, "Cliff's delta", "pairs"),
    "kruskal-wallis": Test(kruskal_wallis, "epsilon squared", "all"),
    "spearman": Test(spearman, "Spearman's rho", "all"),
    "chi-squared": Test(independence, "Cramér's V", "all", of_numbers=False),
    "fisher": Test(partial(independence, exact=True), "Cramér's V", "pairs", of_numbers=False),
    "cochran-mantel-haenszel": Test(within_strata, _DIFFERENCE, "first", of_numbers=False),
    "wilcoxon": Test(wilcoxon, "rank-biserial correlation", "pairs", paired=True),
    "friedman": Test(friedman, "Kendall's W", "all", paired=True),
    "page": Test(page, "mean Spearman's rho", "all", paired=True),
    "mcnemar": Test(mcnemar, _DIFFERENCE, "pairs", of_numbers=False, paired=True),
    "stuart-maxwell": Test(stuart_maxwell, "share that changes", "pairs", of_numbers=False, paired=True),
}
