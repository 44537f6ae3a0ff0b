"""Tests between groups of networks, by scipy, which this loads, each with the size of its effect.

What scipy has not: which networks are compared at all, most effects, the interval of the difference of paired shares
(Wald's: Agresti, Categorical Data Analysis, 10.1.1), the test of Stuart and Maxwell, and Holm's correction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.sparse.csgraph import connected_components
from scipy.stats.contingency import association, crosstab

Key = tuple[Hashable, int]
"""What pairs networks of two levels: all other levels, and the seed."""
Groups = Mapping[str, Mapping[Key, Any]]
Arrays = list[NDArray[Any]]
_REACH: Final = float(stats.norm.ppf(0.975))  # of an interval of 95%, in standard errors
_FEWEST: Final = 2  # networks in each group, or pairs


@dataclass(frozen=True)
class Tested:
    """Result of a test.

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


@dataclass(frozen=True)
class Test:
    """Statistical test.

    Args:
        function: of the values of each group to statistic, p and effect, and perhaps the ends of its interval.
        effect_name: what its effect is.
        pairs: whether it compares every pair of levels; else it compares all at once.
        of_numbers: whether it compares numbers (or yes and no, as 1 and 0).
        paired: whether it compares networks of equal seed; others take levels as independent samples.
        fewest: levels that it takes.
    """

    function: Callable[[Arrays], tuple[float, ...]]
    effect_name: str
    pairs: bool = False
    of_numbers: bool = True
    paired: bool = False
    fewest: int = 2

    def made(self, groups: Groups) -> Iterator[tuple[tuple[str, ...], Tested]]:
        """Results of the test on groups, each behind the levels that it compares."""
        for names in combinations(groups, 2 if self.pairs else len(groups)):
            yield names, self._of({name: groups[name] for name in names})

    def _of(self, groups: Groups) -> Tested:
        if self.of_numbers and any(isinstance(value, str | tuple) for of in groups.values() for value in of.values()):
            return Tested(tuple(map(len, groups.values())), note="the values are no numbers")
        # one level with few networks would take the blocks of all others with it
        fewest = max(map(len, groups.values())) / 2 if self.paired and not self.pairs else _FEWEST
        kept = {name: of for name, of in groups.items() if self.pairs or len(of) >= max(fewest, 1)}
        thin = ", ".join(name for name in groups if name not in kept)
        note = f"without {thin}: too few" if thin else ""
        if self.paired:
            every = set[Key]().union(*kept.values())
            whole = [key for key in next(iter(kept.values()), ()) if all(key in of for of in kept.values())]
            kept = {name: {key: of[key] for key in whole} for name, of in kept.items()}
            if left_out := len(every) - len(whole):
                note = "; ".join(filter(None, (note, f"{left_out:,} networks are not in every level")))
        sizes = (len(next(iter(kept.values()), ())),) if self.paired else tuple(map(len, groups.values()))
        if len(kept) < self.fewest or min(map(len, kept.values())) < _FEWEST:
            return Tested(sizes, note="too few networks with a value")
        read = float if self.of_numbers else str
        values = [np.array([read(value) for value in of.values()]) for of in kept.values()]
        if all((one == values[0]).all() for one in values) if self.paired else len({*np.concatenate(values)}) == 1:
            return Tested(sizes, 0.0, 1.0, 0.0, note=note or ("" if self.paired else "all values are equal"))
        names = ("statistic", "p", "effect", "low", "high")
        return Tested(sizes, **dict(zip(names, map(float, self.function(values)), strict=False)), note=note)


def _mann_whitney(values: Arrays) -> tuple[float, ...]:
    found = stats.mannwhitneyu(*values)
    return found.statistic, found.pvalue, 2 * found.statistic / math.prod(map(len, values)) - 1


def _kruskal_wallis(values: Arrays) -> tuple[float, ...]:
    found = stats.kruskal(*values)
    return found.statistic, found.pvalue, found.statistic / (sum(map(len, values)) - 1)


def _spearman(values: Arrays) -> tuple[float, ...]:
    places = np.repeat(range(len(values)), [*map(len, values)])
    found = stats.spearmanr(places, np.concatenate(values))
    return found.statistic, found.pvalue, found.statistic


def _independence(values: Arrays, *, exact: bool = False) -> tuple[float, ...]:
    """Chi-squared; Fisher's exact test of two groups and two categories."""
    table = crosstab(np.repeat(range(len(values)), [*map(len, values)]), np.concatenate(values)).count
    is_exact = exact and table.shape == (2, 2)
    found = stats.fisher_exact(table) if is_exact else stats.chi2_contingency(table, correction=False)
    return found.statistic, found.pvalue, association(table, method="cramer")


def _wilcoxon(values: Arrays) -> tuple[float, ...]:
    moved = (values[0] - values[1])[values[0] != values[1]]
    found = stats.wilcoxon(moved)
    ranks = stats.wilcoxon(moved, alternative="greater", method="asymptotic").statistic  # of those above 0
    return found.statistic, found.pvalue, 4 * ranks / (len(moved) * (len(moved) + 1)) - 1


def _friedman(values: Arrays) -> tuple[float, ...]:
    """Friedman's test; on yes and no it is Cochran's Q."""
    found = stats.friedmanchisquare(*values)
    return found.statistic, found.pvalue, found.statistic / (len(values[0]) * (len(values) - 1))


def _page(values: Arrays) -> tuple[float, ...]:
    """Page's trend along the levels in their order, on both sides; a block of equal values has an effect of 0.

    Equal values within a block make p larger than it would have to be: the variance of L is taken without them.
    """
    table = np.array(values).T
    rising, falling = (stats.page_trend_test(side, method="asymptotic") for side in (table, table[:, ::-1]))
    moving = [block for block in table if block.min() < block.max()]
    rho = sum(stats.spearmanr(range(len(values)), block).statistic for block in moving)
    return rising.statistic, min(1.0, 2 * min(rising.pvalue, falling.pvalue)), rho / len(table)


def _mcnemar(values: Arrays) -> tuple[float, ...]:
    one, other = (np.isin(column, ("True", "1")) for column in values)
    n, gained, lost = len(one), int((one & ~other).sum()), int((other & ~one).sum())
    difference, p = (gained - lost) / n, stats.binomtest(gained, gained + lost).pvalue  # half of them by chance
    reach = _REACH * math.sqrt(max(0.0, gained + lost - (gained - lost) ** 2 / n)) / n
    return min(gained, lost), p, difference, difference - reach, difference + reach


def _stuart_maxwell(values: Arrays) -> tuple[float, ...]:
    """Stuart and Maxwell's test of categories that change: whether as many networks come to each as leave it; those
    within groups that do not change into each other are added up, each with its degrees of freedom.
    """
    changes = [one[values[0] != values[1]] for one in values]
    names = np.unique(np.concatenate(changes))
    table = crosstab(*changes, levels=(names, names)).count
    n_groups, group = connected_components(table, directed=False)
    tables = [table[group == one][:, group == one] for one in range(n_groups)]
    statistic = 0.0
    for one in tables:
        left, come = one.sum(axis=1), one.sum(axis=0)
        # the last category follows from the others, without which the matrix can be solved
        covariance, moved = (np.diag(left + come) - one - one.T)[:-1, :-1], (left - come)[:-1]
        statistic += moved @ np.linalg.solve(covariance, moved)
    return statistic, stats.chi2.sf(statistic, len(names) - n_groups), len(changes[0]) / len(values[0])


def holm(ps: Sequence[float]) -> list[float]:
    """P-values corrected for being several, by Holm (1979): the k-th smallest of n times n + 1 - k, at most 1."""
    steps = np.sort(ps) * range(len(ps), 0, -1)
    return [*map(float, np.minimum(np.maximum.accumulate(steps), 1.0)[np.argsort(np.argsort(ps))])]


TESTS: Final[Mapping[str, Test]] = {
    "mann-whitney": Test(_mann_whitney, "Cliff's delta", pairs=True),
    "kruskal-wallis": Test(_kruskal_wallis, "epsilon squared"),
    "spearman": Test(_spearman, "Spearman's rho"),
    "chi-squared": Test(_independence, "Cramér's V", of_numbers=False),
    "fisher": Test(partial(_independence, exact=True), "Cramér's V", pairs=True, of_numbers=False),
    "wilcoxon": Test(_wilcoxon, "rank-biserial correlation", pairs=True, paired=True),
    "friedman": Test(_friedman, "Kendall's W", paired=True, fewest=3),
    "page": Test(_page, "mean Spearman's rho", paired=True, fewest=3),
    "mcnemar": Test(_mcnemar, "difference of shares", pairs=True, of_numbers=False, paired=True),
    "stuart-maxwell": Test(_stuart_maxwell, "share that changes", pairs=True, of_numbers=False, paired=True),
}
