"""Shares compared within strata: the test of Cochran, Mantel and Haenszel, the difference of shares and its interval.

Sources: Mantel and Haenszel (1959) for the test; Greenland and Robins (1985) for the common difference of shares; Sato,
Greenland and Robins (1989) for its variance, which holds for few large strata and for many small ones.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Final

import scipy

from analysis.studies.statistics import CONFIDENCE, Share, Tested

_TEST: Final = "cochran-mantel-haenszel"
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
