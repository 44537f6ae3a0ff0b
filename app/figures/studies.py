"""What figures of studies are drawn of: rows under one rule or several.

Rows leave labels upright and whole on narrow screens. A ladder has one block of rows for each of its steps and in it
one row for each group, so that what one rule changes is the change from block to block at the same place. Where there
are more networks than a page shows at ease, some of each group, evenly spread, are drawn; the caption says how many.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

GAP: Final = 0.5  # between blocks, in rows
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
        dots: every network with a value.
        median: None without values.
    """

    dots: tuple[Dot, ...]
    median: float | None = None


@dataclass(frozen=True)
class LadderRow:
    """One group under one step.

    Args:
        label: of the group; "" where there is only one.
        length: of the bar: the mean, or the share.
        strip: the networks as dots; without any for shares.
        low, high: ends of an interval, None without one.
        told: beside the row.
        words: what a hover says.
    """

    label: str
    length: float | None
    strip: Strip
    low: float | None
    high: float | None
    told: str
    words: str


@dataclass(frozen=True)
class LadderStep:
    """One rule, and the groups under it."""

    label: str
    rows: tuple[LadderRow, ...]


@dataclass(frozen=True)
class Axis:
    """From values to places: logarithmic ones have zero on a line of its own, a third below the least value.

    Args:
        log: whether places are decimal logarithms.
        floor: where zero stands on a logarithmic axis.
        high: the largest value, at least 1 for shares.
        share: whether values are shares.
    """

    log: bool
    floor: float
    high: float
    share: bool

    @classmethod
    def of(cls, steps: Sequence[LadderStep], log: bool, share: bool) -> Axis:
        """An axis that holds every dot and bar."""
        rows = [row for step in steps for row in step.rows]
        values = [dot.value for row in rows for dot in row.strip.dots] + [row.length or 0.0 for row in rows]
        positive = [value for value in values if value > 0]
        log = log and not share and bool(positive) and max(positive) > max(1.0, 10 * min(positive))
        floor = min([1.0, *(value for value in positive if value >= 1)]) / 3 if log else 0.0
        return cls(log, floor, 1.0 if share else max([1.0, *positive]), share)

    def value(self, value: float) -> float:
        """The value that is drawn."""
        return max(value, self.floor) if self.log else value

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Values with their names."""
        if self.share:
            return [(tenth / 4, f"{tenth * 25}%") for tenth in range(5)]
        if not self.log and self.high <= 1:
            return [(quarter / 4, f"{quarter / 4:g}") for quarter in range(5)]
        if not self.log:
            step = max(1, math.ceil(self.high / 5))
            return [(float(k), f"{k:,}") for k in range(0, math.ceil(self.high) + 1, step)]
        decades = range(math.floor(math.log10(self.high)) + 1)
        every = max(1, len(decades) // 6)
        return [(self.floor, "0")] + [(10.0**d, f"{10**d:,}" if d <= 4 else f"1e{d}") for d in decades[::every]]


def places(steps: Sequence[LadderStep]) -> tuple[list[float], list[list[float]], float]:
    """Where headings and rows stand, counted in rows from the top, and how many rows there are in all."""
    heads, rows, at = [], [], 0.0
    for step in steps:
        heads.append(at)
        rows.append([at + 1 + place for place in range(len(step.rows))])
        at += 1 + len(step.rows) + GAP
    return heads, rows, at


def jitter(index: int) -> float:
    """A place to the side for the index-th dot, −1 to 1: evenly spread, and the same every time."""
    return 2 * ((index * 0.618033988749895) % 1) - 1


def kept(strip: Strip, n_strips: int) -> Sequence[int]:
    """The places of the dots of a strip that are drawn: all, or some spread evenly over its cells and seeds."""
    most, n = max(1, MAX_DOTS // max(1, n_strips)), len(strip.dots)
    return range(n) if n <= most else [place * n // most for place in range(most)]
