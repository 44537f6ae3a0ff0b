"""Shares compared within strata: the test of Cochran, Mantel and Haenszel, the difference of shares and its interval.

Sources: Mantel and Haenszel (1959) for the test; Greenland and Robins (1985) for the common difference of shares; Sato,
Greenland and Robins (1989) for its variance, which holds for few large strata and for many small ones; Liang and Zeger
(1986) for the variance where blocks take part in several strata.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping
from typing import Final

import scipy

from analysis.studies.statistics import CONFIDENCE, Share, Tested

_TEST: Final = "cochran-mantel-haenszel"
_BY_BLOCKS: Final = "mantel-haenszel-by-blocks"
_EFFECT: Final = "difference of shares"


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
    if not both:
        return Tested(_TEST, (name_a, name_b), sizes, None, None, None, _EFFECT, None, note or "no networks")
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
        return Tested(_TEST, (name_a, name_b), sizes, 0.0, 1.0, difference, _EFFECT, None, note)
    statistic = excess**2 / spread
    error = math.sqrt(max(0.0, difference * slope + rest)) / weight
    reach = float(scipy.stats.norm.ppf((1 + CONFIDENCE) / 2)) * error
    p = float(scipy.stats.chi2.sf(statistic, 1))
    interval = (difference - reach, difference + reach)
    return Tested(_TEST, (name_a, name_b), sizes, statistic, p, difference, _EFFECT, None, note, *interval)


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
