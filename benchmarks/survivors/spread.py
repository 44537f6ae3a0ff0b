"""Medians, quartiles, means and shares of counts over networks, and how far those of a second sample may lie."""

from __future__ import annotations

from collections.abc import Sequence
from math import erf, sqrt
from statistics import fmean, stdev
from typing import Final, Literal

from analysis.circuits.estimating import share_interval

Statistic = Literal["median", "lower quartile", "upper quartile", "mean", "share of 0", "share of 1", "share of 2"]
_QUANTILES: Final = {"lower quartile": 0.25, "median": 0.5, "upper quartile": 0.75}
_Z: Final = 1.959964  # 95%


def quantile(counts: Sequence[int], share: float) -> float:
    """By linear interpolation between neighbours in order; exact where it falls on a count, however large."""
    ordered = sorted(counts)
    place = min(max(share, 0.0), 1.0) * (len(ordered) - 1)
    low = int(place)
    if place == low:
        return ordered[low]
    return ordered[low] + (ordered[low + 1] - ordered[low]) * (place - low)


def value_of(counts: Sequence[int], statistic: Statistic) -> float:
    """One statistic of a count over networks; shares from 0 to 1."""
    if statistic in _QUANTILES:
        return quantile(counts, _QUANTILES[statistic])
    if statistic == "mean":
        return fmean(counts)
    return list(counts).count(int(statistic[-1])) / len(counts)


def range_of_another(counts: Sequence[int], statistic: Statistic, n_others: int) -> tuple[float, float]:
    """Where the same statistic of a second sample of networks lies 95 times of 100, if both are drawn alike.

    Both samples are random, so the interval is wider than the confidence interval of the first alone, by the factor
    sqrt(1 + n/m). Quantiles: order statistics; shares: Clopper and Pearson at the level of that width; means: normal.

    Args:
        counts: of the first sample.
        statistic: compared.
        n_others: networks in the second sample.
    """
    n = len(counts)
    wide = sqrt(1 + n / n_others)
    if statistic in _QUANTILES:
        share = _QUANTILES[statistic]
        reach = _Z * wide * sqrt(share * (1 - share) / n)
        return quantile(counts, share - reach), quantile(counts, share + reach)
    if statistic == "mean":
        reach = _Z * wide * stdev(counts) / sqrt(n)
        return fmean(counts) - reach, fmean(counts) + reach
    n_hits = round(value_of(counts, statistic) * n)
    low, high = share_interval(n_hits, n, erf(_Z * wide / sqrt(2)))
    return float(low), float(high)
