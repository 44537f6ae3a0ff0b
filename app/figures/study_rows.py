"""Figures of studies that read in rows, as plotly figures: ladders of rules, and how categories share each group.

Rows leave labels upright and whole on narrow screens. A ladder has one block of rows for each of its steps and in it
one row for each group, so that what one rule changes is the change from block to block at the same place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.figures.plots import CONFIG, LAYOUT, Figure
from app.figures.studies import Strip, jitter, kept

ROW: Final = 15  # pixels
GAP: Final = 0.5  # between blocks, in rows
_SPREAD: Final = 0.34  # of dots above and below their row
TONES: Final = ("--ink", "--ink-3", "--hair", "--paper", "--rule-2", "--sunk")
_ON_TONES: Final = ("--paper", "--paper", "--ink", "--ink", "--paper", "--ink")
_LEAST_NAMED: Final = 0.07  # share of a segment that has room for its figure


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


def ladder_plot(steps: Sequence[LadderStep], *, x_title: str, told_title: str, log: bool, share: bool) -> Figure:
    """Rules from top to bottom: a bar for each group, its networks as dots, the median as a line.

    Args:
        steps: in order.
        x_title: the measure.
        told_title: what stands beside each row.
        log: whether a logarithmic axis is wanted.
        share: whether bars are shares.
    """
    axis = Axis.of(steps, log, share)
    heads, rows, n = places(steps)
    n_strips = sum(len(step.rows) for step in steps)
    x: list[float] = []
    y: list[float] = []
    custom: list[list[str]] = []
    symbols: list[str] = []
    shapes: list[Figure] = []
    notes = [_note(0, head, step.label, "left", "--ink") for head, step in zip(heads, steps, strict=True)]
    notes += [_note(1, -0.2, told_title, "right", "--ink-2", paper_right=True)] if told_title else []
    bars: list[Figure] = []
    for at, row in _walk(steps, rows):
        for index, number in enumerate(kept(row.strip, n_strips)):
            dot = row.strip.dots[number]
            x.append(axis.value(dot.value))
            y.append(round(at + _SPREAD * jitter(index), 3))
            custom.append([*row.strip.told(number)])
            symbols.append("circle-open" if dot.hollow else "circle")
        bars.append({"y": at, "x": row})
        if row.strip.median is not None:
            here = axis.value(row.strip.median)
            shapes.append(_line(here, here, at - 0.42, at + 0.42, 3))
        notes.append(_note(1, at, row.told, "right", "--ink-2", paper_right=True))
    start = axis.floor if axis.log else 0.0
    length = [axis.value(bar["x"].length or 0.0) for bar in bars]
    trace: Figure = {
        "type": "bar",
        "orientation": "h",
        "base": start,
        "y": [bar["y"] for bar in bars],
        "x": [end - start for end in length],
        "width": 0.84,
        "marker": {"color": "--ink-3" if share else "--hair"},
        "customdata": [[bar["x"].words, ""] for bar in bars],
        "hovertemplate": "%{customdata[0]}<extra></extra>",
        "showlegend": False,
    }
    if share:
        shapes += [
            _line(row.low, row.high, at, at, 1.5)
            for at, row in _walk(steps, rows)
            if row.low is not None and row.high is not None
        ]
    dots: Figure = {
        "type": "scatter",
        "mode": "markers",
        "x": x,
        "y": y,
        "customdata": custom,
        "marker": {
            "color": "--ink-3",
            "size": 4,
            "opacity": 0.55,
            "symbol": symbols if "circle-open" in symbols else "circle",
        },
        "hovertemplate": "%{customdata[0]}<extra></extra>",
        "showlegend": False,
    }
    figure = _layout([trace, dots] if x else [trace], n, x_title)
    ticks = axis.ticks
    figure["layout"]["xaxis"] |= {"tickvals": [value for value, _ in ticks], "ticktext": [name for _, name in ticks]}
    if axis.log:
        figure["layout"]["xaxis"] |= {"type": "log", "range": [math.log10(start), math.log10(axis.high) + 0.1]}
    else:
        figure["layout"]["xaxis"]["range"] = [0, axis.high * 1.04]
    named = [(at, row.label) for at, row in _walk(steps, rows)]
    figure["layout"]["yaxis"] |= {"tickvals": [at for at, _ in named], "ticktext": [label for _, label in named]}
    figure["layout"] |= {"shapes": shapes, "annotations": notes}
    figure["layout"]["margin"] |= {"r": 92 if told_title else 56}
    return figure


def stacks_plot(categories: Sequence[str], stacks: Sequence[Stack]) -> Figure:
    """One row for each group, cut into its categories.

    Args:
        categories: in the order in which they follow each other.
        stacks: the groups, top to bottom.
    """
    traces: list[Figure] = []
    for place, name in enumerate(categories):
        shares = [stack.shares[place] for stack in stacks]
        tone = place % len(TONES)
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": name,
                "x": shares,
                "y": list(range(len(stacks))),
                "width": 0.72,
                "marker": {"color": TONES[tone], "line": {"color": "--ink-3", "width": 1}},
                "text": [f"{share:.0%}" if share >= _LEAST_NAMED else "" for share in shares],
                "textposition": "inside",
                "insidetextanchor": "middle",
                "textangle": 0,
                "textfont": {"color": _ON_TONES[tone], "size": 11},
                "customdata": [[stack.words[place], ""] for stack in stacks],
                "hovertemplate": "%{customdata[0]}<extra></extra>",
            }
        )
    figure = _layout(traces, 2 * len(stacks) + 2, "share of networks")
    figure["layout"] |= {
        "barmode": "stack",
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
    }
    figure["layout"]["margin"] |= {"t": 44, "r": 24}
    figure["layout"]["xaxis"] |= {"range": [0, 1], "tickvals": [0, 0.25, 0.5, 0.75, 1], "tickformat": ".0%"}
    labels = [stack.label for stack in stacks]
    figure["layout"]["yaxis"] |= {"tickvals": list(range(len(stacks))), "ticktext": labels}
    figure["layout"]["yaxis"]["range"] = [len(stacks) - 0.5, -0.5]
    return figure


def _walk(steps: Sequence[LadderStep], rows: Sequence[Sequence[float]]) -> list[tuple[float, LadderRow]]:
    pairs = zip(steps, rows, strict=True)
    return [(at, row) for step, ats in pairs for at, row in zip(ats, step.rows, strict=True)]


def _line(x0: float, x1: float, y0: float, y1: float, width: float) -> Figure:
    return {"type": "line", "x0": x0, "x1": x1, "y0": y0, "y1": y1, "line": {"color": "--ink", "width": width}}


def _note(x: float, y: float, words: str, side: str, color: str, *, paper_right: bool = False) -> Figure:
    note: dict[str, Any] = {"xref": "paper", "x": x, "y": y, "text": words, "showarrow": False, "yanchor": "middle"}
    note |= {"xanchor": "left", "align": side, "font": {"color": color, "size": 11 if paper_right else 12}}
    return note | ({"xshift": 6} if paper_right else {})


def _layout(traces: list[Figure], n: float, x_title: str) -> Figure:
    axis: Figure = {"zeroline": False, "fixedrange": True, "linecolor": "rgba(0,0,0,0)", "ticks": ""}
    return {
        "data": traces,
        "layout": {
            **LAYOUT,
            "margin": {"l": 30, "r": 12, "t": 18, "b": 44},
            "height": max(160, round(ROW * (n + 0.6)) + 62),
            "xaxis": {
                **axis,
                "showgrid": True,
                "gridcolor": "--rule",
                "tickmode": "array",
                "title": {"text": x_title, "standoff": 6},
            },
            "yaxis": {
                **axis,
                "showgrid": False,
                "tickmode": "array",
                "range": [n - GAP, -0.8],
                "automargin": True,
            },
        },
        "config": dict(CONFIG),
    }
