"""What figures of studies are drawn of: strips of networks with quartiles, bars with intervals.

Where there are more networks than a page shows at ease, some of each group, evenly spread, are drawn, and the caption
says how many; quartiles are always of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

MAX_DOTS: Final = 2_000


class Dot(NamedTuple):
    """One network.

    Args:
        value: finite.
        hollow: whether the value is an estimate or a lower bound.
    """

    value: float
    hollow: bool = False


@dataclass(frozen=True)
class Strip:
    """The networks of one group.

    Args:
        label: below the strip.
        dots: every network with a value.
        lower, median, upper: quartiles, None without values.
        note: beneath the label, e.g. "3 failed".
    """

    label: str
    dots: tuple[Dot, ...]
    lower: float | None
    median: float | None
    upper: float | None
    note: str = ""


@dataclass(frozen=True)
class BarMark:
    """One bar with an interval, for shares and categories.

    Args:
        label: below the bar.
        value: its height.
        low, high: ends of the interval, None without one.
        words: what a hover says.
    """

    label: str
    value: float
    low: float | None
    high: float | None
    words: str


def jitter(index: int) -> float:
    """A place to the side for the index-th dot, −1 to 1: evenly spread, and the same every time."""
    return 2 * ((index * 0.618033988749895) % 1) - 1


def kept(strip: Strip, n_strips: int) -> Sequence[int]:
    """The places of the dots of a strip that are drawn: all, or some spread evenly over its cells and seeds."""
    most, n = max(1, MAX_DOTS // max(1, n_strips)), len(strip.dots)
    return range(n) if n <= most else [place * n // most for place in range(most)]


def use_log(strips: Sequence[Strip], wanted: bool) -> bool:
    """Whether an axis is logarithmic: wanted, and the values span more than a factor of ten."""
    values = [dot.value for strip in strips for dot in strip.dots if dot.value > 0]
    return wanted and bool(values) and max(values) > 10 * min(values)


def has_zeros(strips: Sequence[Strip]) -> bool:
    """Whether any value is 0, which a logarithmic axis has no place for."""
    return any(dot.value <= 0 for strip in strips for dot in strip.dots)
