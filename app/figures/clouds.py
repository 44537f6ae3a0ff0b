"""Coverage against accuracy for every explanation at once, and beside it how all interpretations are spread.

Points that coincide are one mark whose area grows with their number. Circles are circuits, squares alignments; filled
squares are valid ones. Colour says nothing: marks are ink, so they read alike in both themes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.figures.plots import AXIS, CONFIG, LAYOUT, LEGEND, RULED, Figure

KINDS: Final = ("interpretation", "valid", "failing")
_MARKS: Final[dict[str, tuple[str, str, str]]] = {
    # kind: symbol, fill, name; a filled square is an alignment that keeps to its interchange interventions
    "failing": ("square-open", "--ink-3", "alignments that fail"),
    "valid": ("square", "--ink", "valid alignments"),
    "interpretation": ("circle-open", "--ink", "interpreted circuits, by observed class"),
}
_SMALLEST: Final = 7.0
MOST_BARS: Final = 240
"""More cannot be told apart at the height of the figure."""


@dataclass(frozen=True)
class Mark:
    """Explanations of one kind at one place.

    Args:
        kind: one of :data:`KINDS`.
        predicted: interventions that they predict.
        right: of those, how many are right.
        count: explanations here.
        words: what a hover says, with ``<br>`` between lines.
        action: what a click needs: url, ref, label.
    """

    kind: str
    predicted: int
    right: int
    count: int
    words: str
    action: Mapping[str, Any]


def cloud(marks: Sequence[Mark], of: int, spread: Sequence[tuple[int, int]] | None = None, *, noun: str = "") -> Figure:
    """The scatter of all explanations.

    Args:
        marks: places where explanations stand.
        of: interventions in all.
        spread: for interpretations (or classes) right on so many interventions: how many; drawn as bars sideways.
        noun: what the spread counts.
    """
    traces: list[Figure] = []
    for kind, (symbol, colour, name) in _MARKS.items():
        here = [mark for mark in marks if mark.kind == kind]
        if here:
            traces.append(_trace(here, of, symbol, colour, name))
    coverages = sorted({mark.predicted for mark in marks})
    low = math.log10(min([*coverages, of]) / of) if coverages else -1.0
    accuracies = [mark.right / mark.predicted for mark in marks]
    accuracies += [right / of for right, _ in spread or ()]
    bottom = max(-0.02, min([*accuracies, 0.95]) - 0.04)
    layout = _layout(bottom)
    layout["xaxis"] |= {
        "type": "log",
        "range": [min(low, -0.5) - 0.12, 0.12],
        "tickmode": "array",
        "tickvals": [n / of for n in _apart(coverages)],
        "ticktext": [f"{n:,}" for n in _apart(coverages)],
        "title": {"text": f"coverage: interventions predicted, of {of:,} (log scale)", "standoff": 8},
    }
    if spread:
        layout["xaxis"]["domain"] = [0, 0.76]
        layout["xaxis2"] = _side_axis()
        traces.append(_bars(spread, of, noun))
    return {"data": traces, "layout": layout, "config": dict(CONFIG)}


def _trace(marks: Sequence[Mark], of: int, symbol: str, colour: str, name: str) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [round(mark.predicted / of, 9) for mark in marks],
        "y": [round(mark.right / mark.predicted, 6) for mark in marks],
        "text": [mark.words for mark in marks],
        "customdata": [dict(mark.action) for mark in marks],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "symbol": symbol,
            "color": colour,
            "opacity": 0.5,
            "size": [round(_SMALLEST + 4.0 * math.log10(mark.count), 1) for mark in marks],
            "line": {"color": colour, "width": 1.2},
        },
    }


def _bars(spread: Sequence[tuple[int, int]], of: int, noun: str) -> Figure:
    """Bars sideways: one for each number of right predictions, or for some numbers in a row where there are many."""
    step = 1 if len(spread) <= MOST_BARS else -(-(of + 1) // MOST_BARS)
    together: Counter[int] = Counter()
    for right, count in spread:
        together[right // step] += count
    bars = [(k * step, min((k + 1) * step - 1, of), count) for k, count in sorted(together.items())]
    return {
        "type": "bar",
        "orientation": "h",
        "name": noun,
        "xaxis": "x2",
        "x": [count for _, _, count in bars],
        "y": [round((least + most) / 2 / of, 6) for least, most, _ in bars],
        "text": [
            f"{least:,}{f' to {most:,}' if most > least else ''} of {of:,} right: {count:,} {noun}"
            for least, most, count in bars
        ],
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
        "width": step / of,
        "marker": {"color": "--ink-3", "line": {"width": 0}},
        "showlegend": False,
    }


def _layout(bottom: float) -> Figure:
    axis: Figure = {**AXIS}
    return {
        **LAYOUT,
        **LEGEND,
        "margin": {"l": 56, "r": 12, "t": 12, "b": 84},
        "height": 460,
        "legend": {**LEGEND["legend"], "y": -0.2},
        "bargap": 0,
        "xaxis": {**axis, "fixedrange": True},
        "yaxis": {
            **axis,
            "fixedrange": True,
            **RULED,
            "range": [bottom, 1.03],
            "tickformat": ".2~f",
            "title": {"text": "accuracy", "standoff": 6},
        },
    }


def _side_axis() -> Figure:
    return {
        "domain": [0.8, 1],
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "showticklabels": False,
        "rangemode": "tozero",
        "linecolor": "--rule-2",
        "title": {"text": "spread", "standoff": 8},
    }


def _apart(coverages: Sequence[int]) -> list[int]:
    """The coverages that get a tick: the largest, and others as far as their labels do not touch."""
    ticks: list[int] = []
    for n in sorted(coverages, reverse=True):
        if not ticks or math.log10(ticks[-1] / n) > 0.16:
            ticks.append(n)
    return ticks
