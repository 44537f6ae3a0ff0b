"""Distributions as plotly figures: plain JSON dictionaries, drawn in the browser by ``plots.js``.

Colours are written as names of design tokens ("--ink"); the page replaces them when it draws and again when the theme
changes. Ground transparent, no mode bar, rules on the y axis only, direct labels instead of legends. A click or hover
never holds a fact that the page does not also say in words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

Figure = dict[str, Any]
CONFIG: Final[Figure] = {"displayModeBar": False, "responsive": True, "scrollZoom": False}
AXIS: Final[Figure] = {
    "showgrid": False,
    "zeroline": False,
    "linecolor": "--rule-2",
    "tickcolor": "--rule-2",
    "ticks": "outside",
    "ticklen": 4,
}
"""An axis in the house's style."""
LAYOUT: Final[Figure] = {
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"family": "--sans", "size": 12, "color": "--ink-2"},
    "showlegend": False,
    "hovermode": "closest",
    "dragmode": False,
    "hoverlabel": {"bgcolor": "--surface", "bordercolor": "--ink", "font": {"color": "--ink", "family": "--sans"}},
}
"""What all plots have in common; each adds its height, margins and axes."""
RULED: Final[Figure] = {"showgrid": True, "gridcolor": "--rule", "ticks": "", "linecolor": "rgba(0,0,0,0)"}
"""What an axis adds whose values rules show instead of ticks."""


def edges_histogram(
    by_edges: Mapping[int, int], *, noun: str = "valid circuits", leads: Callable[[int], str] | None = None
) -> Figure:
    """How many circuits have how many edges.

    Args:
        by_edges: number of edges → number of circuits.
        noun: what is counted.
        leads: number of edges → address of the circuits that a bar counts.
    """
    edges = list(range(min(by_edges), max(by_edges) + 1)) if by_edges else []
    counts = [int(by_edges.get(e, 0)) for e in edges]
    bars = _bars(edges, counts, hover=f"%{{x}} edges: %{{y:,}} {noun}<extra></extra>")
    if leads is not None:
        bars["customdata"] = [[str(e), leads(e)] for e in edges]
    return _figure([bars], x_title="edges kept", y_title=noun, y_values=counts, x_ticks=edges)


def binned_histogram(
    edges: Sequence[float], counts: Sequence[int], *, x_title: str, noun: str, logarithmic: bool = False
) -> Figure:
    """Counts between bin edges, as they are stored with an analysis.

    Args:
        edges: one more than counts, ascending; empty if nothing was counted.
        counts: how many lie in each bin.
        x_title: what is measured.
        noun: what is counted.
        logarithmic: whether the edges are base-10 logarithms, to be labelled as powers.
    """
    middles = [(a + b) / 2 for a, b in pairwise(edges)]
    spans = [f"{_power(a)} to {_power(b)}" if logarithmic else f"{a:.3g} to {b:.3g}" for a, b in pairwise(edges)]
    bars = _bars([round(m, 6) for m in middles], counts, hover=f"%{{customdata}}: %{{y:,}} {noun}<extra></extra>")
    bars["customdata"] = spans
    if len(edges) > 1:
        bars["width"] = round(0.9 * (edges[1] - edges[0]), 6)
    figure = _figure([bars], x_title=x_title, y_title=noun, y_values=list(counts))
    if logarithmic and len(edges) > 1:
        low, high = math.floor(edges[0]), math.ceil(edges[-1])
        ticks = list(range(low, high + 1, max(1, (high - low) // 6)))
        figure["layout"]["xaxis"].update(tickmode="array", tickvals=ticks, ticktext=[_power(t) for t in ticks])
    return figure


def _bars(x: Sequence[Any], y: Sequence[int], *, hover: str) -> Figure:
    trace: Figure = {
        "type": "bar",
        "x": list(x),
        "y": list(y),
        "marker": {"color": "--ink-3", "line": {"width": 0}},
        "hovertemplate": hover,
        "showlegend": False,
    }
    return trace


def _figure(
    traces: list[Figure],
    *,
    x_title: str,
    y_title: str,
    y_values: Sequence[int],
    x_ticks: Sequence[int] | None = None,
) -> Figure:
    """The house layout round some traces."""
    axis: Figure = {**AXIS, "fixedrange": True}
    few = max([int(v) for v in y_values] or [0])
    layout: Figure = {
        **LAYOUT,
        "margin": {"l": 52, "r": 12, "t": 26, "b": 44},
        "height": 260,
        "bargap": 0.12,
        "xaxis": {**axis, "title": {"text": x_title, "standoff": 8}},
        "yaxis": {
            **axis,
            **RULED,
            "rangemode": "tozero",
            "tickformat": ",d",
            "nticks": min(6, few + 1) if few else 2,
            "title": {"text": y_title, "standoff": 6},
            "automargin": True,  # counts of circuits may have nine digits and more
        },
    }
    if x_ticks is not None and len(x_ticks) <= 30:
        layout["xaxis"].update(tickmode="array", tickvals=list(x_ticks), ticktext=[str(t) for t in x_ticks])
    return {"data": traces, "layout": layout, "config": dict(CONFIG)}


def _power(exponent: float) -> str:
    """10 to an exponent in words: 1, 10, 100, 1,000, then 10⁴; thirds of a decade rounded."""
    if exponent <= 3:
        return f"{round(10**exponent):,}"
    if exponent == int(exponent):
        return f"10<sup>{int(exponent)}</sup>"
    return f"{10 ** (exponent - math.floor(exponent)):.1f}·10<sup>{math.floor(exponent)}</sup>"
