"""Statistics for networks that share their seeds: each compared with its own partner, never as independent samples.

- yes or no at two levels: McNemar's exact test, with the difference of the shares; at three or more Cochran's Q, which
  :func:`analysis.studies.statistics.friedman` is of zeros and ones;
- categories at two levels: Stuart's and Maxwell's test of equal shares of every category;
- a trend along ordered levels: Page's test.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import scipy

from analysis.studies.statistics import CONFIDENCE, Tested

_DIFFERENCE: Final = "difference of shares"
_FEWEST: Final = 2
_FEWEST_LEVELS: Final = 3
Values = Mapping[str, Mapping[Hashable, Any]]


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
    if n < _FEWEST:
        return Tested("mcnemar", names, (n,), None, None, None, _DIFFERENCE, None, "too few pairs")
    gained = sum(1 for block in blocks if first[block] and not second[block])
    lost = sum(1 for block in blocks if second[block] and not first[block])
    difference = (gained - lost) / n
    error = math.sqrt(max(0.0, gained + lost - (gained - lost) ** 2 / n)) / n
    reach = float(scipy.stats.norm.ppf((1 + CONFIDENCE) / 2)) * error
    p = float(scipy.stats.binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0
    interval = (difference - reach, difference + reach)
    return Tested("mcnemar", names, (n,), float(gained), p, difference, _DIFFERENCE, None, note, *interval)


def stuart_maxwell(groups: Values) -> Tested:
    """Whether any category's share differs between two levels of the same networks.

    Args:
        groups: two, each a block → category. Blocks that one lacks are left out and told.

    Returns:
        With the share of blocks whose category changes as its effect.
    """
    names, blocks, note = paired(groups)
    effect = "share that changes"
    pairs = Counter((str(groups[names[0]][block]), str(groups[names[1]][block])) for block in blocks)
    changing = sorted({category for pair in pairs if pair[0] != pair[1] for category in pair})
    if len(blocks) < _FEWEST:
        return Tested("stuart-maxwell", names, (len(blocks),), None, None, None, effect, None, "too few pairs")
    if not changing:
        return Tested("stuart-maxwell", names, (len(blocks),), 0.0, 1.0, 0.0, effect, None, note)
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
    return Tested("stuart-maxwell", names, (len(blocks),), statistic, p, moved / len(blocks), effect, None, note)


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
    effect, n_levels = "mean Spearman's rho", len(names)
    if n_levels < _FEWEST_LEVELS or len(blocks) < _FEWEST:
        return Tested("page", names, (len(blocks),), None, None, None, effect, None, "too few networks or levels")
    table = np.array([[float(groups[name][block]) for name in names] for block in blocks])
    rising, falling = (scipy.stats.page_trend_test(side, method="asymptotic") for side in (table, table[:, ::-1]))
    p = min(1.0, 2 * min(float(rising.pvalue), float(falling.pvalue)))
    moving = [values for values in table if values.min() < values.max()]
    mean = sum(float(scipy.stats.spearmanr(range(n_levels), values).statistic) for values in moving) / len(blocks)
    return Tested("page", names, (len(blocks),), float(rising.statistic), p, mean, effect, None, note)


def paired(groups: Values) -> tuple[tuple[str, ...], Sequence[Hashable], str]:
    """The levels, the blocks that all of them have, and what is to be said of the others."""
    names = tuple(groups)
    blocks = [block for block in groups[names[0]] if all(block in groups[name] for name in names)]
    every = set().union(*groups.values())
    left_out = len(every) - len(blocks)
    return names, blocks, f"{left_out:,} networks are not in every level" if left_out else ""
