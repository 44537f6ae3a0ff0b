"""The scores that benchmarks of discovery rank by: areas under and beside the curve of faithfulness over size.

MIB (Mueller and others 2025) runs circuits of ten shares of the edges and takes trapezoids over the *requested* shares,
also where so few edges are asked for that a circuit has none; its areas begin at the smallest share, .001.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

MIB_SHARES: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Shares of the edges at which MIB's circuit track evaluates."""


def at_sizes(family: Sequence[int], sizes: Sequence[int]) -> list[int]:
    """For each number of edges the largest of nested raw masks with at most as many; the empty mask where none is."""
    known = [0, *family]
    n_edges = [raw.bit_count() for raw in known]
    return [known[bisect_right(n_edges, size) - 1] for size in sizes]


def areas(shares: Sequence[float], faithfulness: Sequence[float]) -> tuple[float, float]:
    """CPR, the area under the curve, and CMD, the area between it and 1, both by trapezoids.

    Args:
        shares: of the edges, ascending.
        faithfulness: at each of them; 0 as the empty circuit, 1 as the whole network.
    """
    beside = [abs(1.0 - one) for one in faithfulness]
    return _area(shares, faithfulness), _area(shares, beside)


def _area(x: Sequence[float], y: Sequence[float]) -> float:
    pairs = zip(x, x[1:], y, y[1:], strict=False)
    return sum((to - start) * (first + second) / 2 for start, to, first, second in pairs)
