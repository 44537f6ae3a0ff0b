"""Figures of studies: rows under one rule or several.

A figure has one block of rows for each of its steps and in it one row for each group, so that what one rule changes is
the change from block to block at the same place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from markupsafe import Markup, escape

from pluriscope.figures.svg.elements import Sizing, drawing, num, text, text_width

_ROW: Final = 18.0
_GAP: Final = 0.5  # between blocks, in rows
_WIDE: Final = 760.0
_PHONE: Final = 344.0  # all of a drawing
_LEAST_PLOT: Final = 110.0
_TOP: Final = 26.0
_GOLDEN: Final = 0.618033988749895

Dot = tuple[float, bool]
"""One network: its value, finite, and whether that is an estimate or a lower bound."""


@dataclass(frozen=True)
class LadderRow:
    """One group under one step.

    Args:
        label: of the group; "" where there is only one.
        length: of the bar: the mean, or the share.
        beside: what stands between label and bar.
        words: what a hover says.
        dots: networks with a value; none for shares.
        median: of these; None without values.
        interval: its ends; None without one.
    """

    label: str
    length: float | None
    beside: str
    words: str
    dots: Sequence[Dot] = ()
    median: float | None = None
    interval: tuple[float, float] | None = None


class LadderStep(NamedTuple):
    """One rule, and the groups under it."""

    label: str
    rows: Sequence[LadderRow]


@dataclass(frozen=True)
class Ladder:
    """Rules in order, what their axis is of, and whether it is to be logarithmic, or of shares."""

    steps: Sequence[LadderStep]
    x_title: str
    log: bool
    share: bool


@dataclass(frozen=True)
class Axis:
    """From values to places: logarithmic ones have zero on a line of its own, a third below the least value.

    Args:
        log: whether places are decimal logarithms.
        low: the smallest value, at most 0; on a logarithmic axis where zero stands.
        high: the largest value, at least 1.
        share: whether values are shares.
    """

    log: bool
    low: float
    high: float
    share: bool

    @classmethod
    def of(cls, steps: Sequence[LadderStep], log: bool, share: bool) -> Axis:
        """An axis that holds every dot and bar."""
        rows = [row for step in steps for row in step.rows]
        values = [0.0, *(value for row in rows for value, _ in row.dots), *(row.length or 0.0 for row in rows)]
        positive, high = [value for value in values if value > 0], max([1.0, *values])
        log = log and not share and min(values) >= 0 and bool(positive) and high > max(1.0, 10 * min(positive))
        low = min([1.0, *(value for value in positive if value >= 1)]) / 3 if log else min(values)
        return cls(log, low, high, share)

    def place(self, value: float) -> float:
        """Where a value is drawn, from 0 at the beginning of the axis to 1 at its end."""
        if not self.log:
            return (value - self.low) / ((self.high - self.low) * 1.04)
        start = math.log10(self.low)
        return (math.log10(max(value, self.low)) - start) / (math.log10(self.high) + 0.1 - start)

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """Values with their names; about so many."""
        if self.log:
            decades = range(math.floor(math.log10(self.high)) + 1)
            shown = decades[:: math.ceil(len(decades) / most)]
            return [(self.low, "0")] + [(10.0**d, f"{10**d:,}" if d <= 3 else f"1e{d}") for d in shown]
        if self.high - self.low <= 1:
            parts = 4 if most > 4 else 2
            values = [part / parts for part in range(parts + 1)]
            return [(value, f"{value:.0%}" if self.share else f"{value:g}") for value in values]
        step = max(1, math.ceil((self.high - self.low) / most))
        first = math.ceil(self.low / step) * step
        return [(float(k), f"{k:,}".replace("-", "−")) for k in range(first, math.ceil(self.high) + 1, step)]


def ladder_drawing(ladder: Ladder, sentence: str, notes: Sequence[str] = (), *, narrow: bool = False) -> Markup:
    """Rules from top to bottom: a bar for each group, its networks as dots, the median as a line.

    Args:
        sentence: what it shows, in words.
        notes: lines below everything.
        narrow: whether it is for a phone.
    """
    steps, x_title, beside = ladder.steps, ladder.x_title, "" if ladder.share else "median · mean"
    axis, rows = Axis.of(steps, ladder.log, ladder.share), [row for step in steps for row in step.rows]
    named = 12 + max([text_width(row.label, 11.5) for row in rows] + [0.0])
    left = named + 14 + max(60.0, *(text_width(one, 11.5) for one in (beside, *(row.beside for row in rows))))
    plot = max(_LEAST_PLOT, _PHONE - left - 14) if narrow else _WIDE
    base = _TOP + _ROW * sum(1 + len(step.rows) + _GAP for step in steps)
    body = text(named + 2, 12, beside, "lab s") if beside else ""
    for value, label in axis.ticks(max(2, min(6, int(plot // 45)))):
        x = left + plot * axis.place(value)
        body += f'<path class="m-hair" d="M{num(x)} {num(_TOP - 6)}V{num(base)}"/>'
        body += text(x, base + 14, label, "lab s", anchor="middle")
    y = _TOP
    for step in steps:
        body += text(2, y + 4, step.label, "lab halo")
        for row in step.rows:
            y += _ROW
            body += _row(row, axis, named, left, plot, y)
        y += _ROW * (1 + _GAP)
    x_title += ", log scale" if axis.log else ""
    middle = left + plot + 12 - max(plot / 2 + 12, text_width(x_title, 12) / 2)  # all of it in the drawing
    body += text(middle, base + 30, x_title, "lab s", anchor="middle")
    height = base + 36
    for number, note in enumerate(notes):
        body += text(2, height + 12 + 15 * number, note, "lab s")
    width = max([left + plot + 14, *(text_width(note, 11.5) + 6 for note in notes)])
    height += 15 * len(notes) + (6 if notes else 0)
    sizing: Sizing = "exact" if narrow else "capped"
    return drawing(width, height, body, sentence=sentence, css_class="wide", sizing=sizing)


def _row(row: LadderRow, axis: Axis, named: float, left: float, plot: float, y: float) -> str:
    def across(value: float) -> str:
        return num(left + plot * axis.place(value))

    body = f"<g><title>{escape(row.words)}</title>" + text(named - 6, y + 4, row.label, "lab s", anchor="end")
    body += text(named + 2, y + 4, row.beside, "lab s")
    if not axis.log:  # on which a length would say nothing
        start, end = across(0.0), across(row.length or 0.0)
        body += f'<path class="m-bar pale" d="M{start} {num(y - 6)}H{end}V{num(y + 6)}H{start}Z"/>'
    for index, (value, hollow) in enumerate(row.dots):
        cy = y + 0.34 * _ROW * (2 * (index * _GOLDEN % 1) - 1)  # evenly spread, and the same every time
        body += f'<circle class="{"m-hollow" if hollow else "m-dot"}" cx="{across(value)}" cy="{num(cy)}" r="1.7"/>'
    if row.median is not None:
        body += f'<path class="m-median" d="M{across(row.median)} {num(y - 6)}v12"/>'
    if row.interval is not None:
        body += f'<path class="m-box" d="M{across(row.interval[0])} {num(y)}H{across(row.interval[1])}"/>'
    return f"{body}</g>"
