"""Distributions of studies as plotly figures: every network a dot, quartiles and medians above them.

Each dot carries its network's address, which static/studies.js follows. Where there are more networks than a browser
draws at ease, some of each group, evenly spread, are drawn, and the caption says how many; quartiles are always of all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from app.figures.plots import AXIS, CONFIG, LAYOUT, RULED, Figure

MAX_DOTS: Final = 6_000
_SPREAD: Final = 0.32  # of dots to either side, where groups are 1 apart


class Dot(NamedTuple):
    """One network.

    Args:
        value: finite.
        hollow: whether the value is an estimate or a lower bound.
    """

    value: float
    hollow: bool = False


def _nothing(_place: int) -> tuple[str, str]:
    return "", ""


@dataclass(frozen=True)
class Strip:
    """The networks of one group.

    Args:
        label: below the strip.
        dots: every network with a value.
        lower, median, upper: quartiles, None without values.
        note: beneath the label, e.g. "3 failed".
        told: of the dot at a place what a hover says and where a click leads, "" for nowhere; asked of dots that are
            drawn as plotly figures alone.
    """

    label: str
    dots: tuple[Dot, ...]
    lower: float | None
    median: float | None
    upper: float | None
    note: str = ""
    told: Callable[[int], tuple[str, str]] = _nothing


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


def strips_plot(strips: Sequence[Strip], *, y_title: str, x_title: str, log: bool = False) -> Figure:
    """Every network as a dot above its group, with quartiles as a box and the median as a line.

    On a logarithmic axis zeros stand below everything else, on a line of their own.

    Args:
        strips: the groups, in order.
        y_title: the measure.
        x_title: the factor.
        log: whether a logarithmic axis is wanted, see :func:`use_log`.
    """
    log = use_log(strips, log)
    floor = _floor(strips) if log else 0.0

    def height(value: float) -> float:
        return max(value, floor) if log else value

    x: list[float] = []
    y: list[float] = []
    custom: list[list[str]] = []
    symbols: list[str] = []
    for place, strip in enumerate(strips):
        for index, number in enumerate(kept(strip, len(strips))):
            dot = strip.dots[number]
            x.append(round(place + _SPREAD * jitter(index), 3))
            y.append(height(dot.value))
            custom.append([*strip.told(number)])
            symbols.append("circle-open" if dot.hollow else "circle")
    dots: Figure = {
        "type": "scatter",
        "mode": "markers",
        "x": x,
        "y": y,
        "customdata": custom,
        "marker": {
            "color": "--ink-3",
            "size": 6,
            "opacity": 0.55,
            "symbol": symbols if "circle-open" in symbols else "circle",
        },
        "hovertemplate": "%{customdata[0]}<extra></extra>",
        "showlegend": False,
    }
    shapes: list[Figure] = []
    for place, strip in enumerate(strips):
        shapes += _box(place, strip, height)
    return _layout([dots], strips, shapes, y_title, x_title, log, floor)


def bars_plot(bars: Sequence[BarMark], *, y_title: str, x_title: str, share: bool) -> Figure:
    """Bars with intervals.

    Args:
        bars: in order.
        y_title: what their height is.
        x_title: the factor.
        share: whether heights are shares, from 0 to 1.
    """
    trace: Figure = {
        "type": "bar",
        "x": list(range(len(bars))),
        "y": [bar.value for bar in bars],
        "customdata": [[bar.words, ""] for bar in bars],
        "hovertemplate": "%{customdata[0]}<extra></extra>",
        "marker": {"color": "--ink-3"},
        "width": 0.55,
        "showlegend": False,
    }
    if any(bar.low is not None for bar in bars):
        trace["error_y"] = {
            "type": "data",
            "symmetric": False,
            "array": [0 if bar.high is None else bar.high - bar.value for bar in bars],
            "arrayminus": [0 if bar.low is None else bar.value - bar.low for bar in bars],
            "color": "--ink",
            "thickness": 1.5,
            "width": 5,
        }
    strips = [Strip(bar.label, (), None, None, None) for bar in bars]
    figure = _layout([trace], strips, [], y_title, x_title, False, 0.0)
    if share:
        figure["layout"]["yaxis"] |= {"range": [0, 1.02], "tickformat": ".0%"}
    return figure


_FEW: Final = 8  # up to here each whole number has a tick


def _floor(strips: Sequence[Strip]) -> float:
    """Where zeros stand on a logarithmic axis: a third of the least positive value."""
    positive = [dot.value for strip in strips for dot in strip.dots if dot.value > 0]
    return min(positive) / 3


def has_zeros(strips: Sequence[Strip]) -> bool:
    """Whether any value is 0, which a logarithmic axis has no place for."""
    return any(dot.value <= 0 for strip in strips for dot in strip.dots)


def _box(place: int, strip: Strip, height: Any) -> list[Figure]:
    if strip.median is None or strip.lower is None or strip.upper is None:
        return []
    left, right = place - 0.4, place + 0.4
    line = {"color": "--ink", "width": 1.2}
    return [
        {
            "type": "rect",
            "x0": left,
            "x1": right,
            "y0": height(strip.lower),
            "y1": height(strip.upper),
            "line": line,
            "fillcolor": "rgba(0,0,0,0)",
        },
        {
            "type": "line",
            "x0": left,
            "x1": right,
            "y0": height(strip.median),
            "y1": height(strip.median),
            "line": {"color": "--ink", "width": 3},
        },
    ]


def _layout(
    traces: list[Figure],
    strips: Sequence[Strip],
    shapes: list[Figure],
    y_title: str,
    x_title: str,
    log: bool,
    floor: float,
) -> Figure:
    axis: Figure = {**AXIS, "fixedrange": True}
    labels = [strip.label + (f"<br><span>{strip.note}</span>" if strip.note else "") for strip in strips]
    y_axis: Figure = {
        **axis,
        **RULED,
        "title": {"text": y_title, "standoff": 6},
        "automargin": True,
    }
    if log:
        y_axis |= {"type": "log", **_log_ticks(strips, floor)}
    else:
        y_axis |= {"rangemode": "tozero", **_whole_ticks(strips)}
    crowded = len(strips) > 6 or any(len(strip.label) > 14 for strip in strips)
    return {
        "data": traces,
        "layout": {
            **LAYOUT,
            "margin": {"l": 58, "r": 12, "t": 16, "b": 50},
            "height": 340,
            "shapes": shapes,
            "xaxis": {
                **axis,
                "range": [-0.6, len(strips) - 0.4],
                "tickmode": "array",
                "tickvals": list(range(len(strips))),
                "ticktext": labels,
                "tickangle": -35 if crowded else 0,
                "automargin": True,
                "title": {"text": x_title, "standoff": 8},
            },
            "yaxis": y_axis,
        },
        "config": dict(CONFIG),
    }


def _whole_ticks(strips: Sequence[Strip]) -> Figure:
    """No ticks between whole numbers where every value is a small one of these."""
    values = {dot.value for strip in strips for dot in strip.dots}
    return {"dtick": 1} if values and all(value in range(_FEW + 1) for value in values) else {}


def _log_ticks(strips: Sequence[Strip], floor: float) -> Figure:
    """Decades by their numbers, zero by its own name, and a range that holds both."""
    values = [dot.value for strip in strips for dot in strip.dots if dot.value > 0]
    zeros = has_zeros(strips)
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)) + 1e-9)
    step = max(1, (high - low) // 6)
    decades = list(range(low, high + 1, step))
    bottom = math.log10(floor) - 0.1 if zeros else math.log10(min(values)) - 0.1
    return {
        "range": [min(bottom, low if not zeros else bottom), math.log10(max(values)) + 0.12],
        "tickmode": "array",
        "tickvals": ([floor] if zeros else []) + [10.0**d for d in decades if not zeros or 10.0**d > floor * 1.5],
        "ticktext": (["0"] if zeros else []) + [_decade(d) for d in decades if not zeros or 10.0**d > floor * 1.5],
    }


def _decade(exponent: int) -> str:
    return f"{10**exponent:,}" if 0 <= exponent <= 4 else f"10<sup>{exponent}</sup>"
