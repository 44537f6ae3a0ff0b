"""What figures of studies that read in rows are drawn of: ladders of rules, and how categories share each group.

Rows leave labels upright and whole on narrow screens. A ladder has one block of rows for each of its steps and in it
one row for each group, so that what one rule changes is the change from block to block at the same place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.figures.studies import Strip

GAP: Final = 0.5  # between blocks, in rows
TONES: Final = ("--ink", "--ink-3", "--hair", "--paper", "--rule-2", "--sunk")


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
class Stack:
    """How the categories share one group; ``shares`` are in the order of the figure's categories."""

    label: str
    shares: tuple[float, ...]
    words: tuple[str, ...]


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
