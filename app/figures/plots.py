"""Distributions as plotly figures: plain JSON dictionaries, drawn in the browser by ``app.js``.

Colours are written as names of design tokens ("--ink"); the page replaces them when it draws and again when the theme
changes. Ground transparent, no mode bar, rules on the y axis only, direct labels instead of legends. A click or hover
never holds a fact that the page does not also say in words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

Figure = dict[str, Any]
CONFIG: Final[Figure] = {"displayModeBar": False, "responsive": True, "scrollZoom": False}
_BINS: Final = 24


def edges_histogram(by_edges: Mapping[int, int], *, noun: str = "valid circuits") -> Figure:
    """How many circuits have how many edges.

    Args:
        by_edges: number of edges → number of circuits.
        noun: what is counted.
    """
    edges = list(range(min(by_edges), max(by_edges) + 1)) if by_edges else []
    counts = [int(by_edges.get(e, 0)) for e in edges]
    bars = _bars(edges, counts, hover=f"%{{x}} edges: %{{y:,}} {noun}<extra></extra>")
    return _figure([bars], x_title="edges kept", y_title=noun, y_values=counts, x_ticks=edges)


def interpretations_histogram(counts: Sequence[int], *, noun: str = "circuits") -> Figure:
    """Interpretations per circuit, on a logarithmic axis with one bar for each third of a decade.

    Args:
        counts: interpretations of each circuit; circuits without one stand apart on the left.
        noun: what is counted.
    """
    logs = [math.log10(c) for c in counts if c > 0]
    none = sum(1 for c in counts if c == 0)
    low, high = (math.floor(min(logs)), math.ceil(max(logs) + 1e-9)) if logs else (0, 1)
    edges = np.linspace(low, max(high, low + 1), 3 * (max(high, low + 1) - low) + 1)
    heights, _ = np.histogram(logs, bins=edges)
    middles = ((edges[:-1] + edges[1:]) / 2).round(6).tolist()
    spans = [f"{_power(a)} to {_power(b)}" for a, b in pairwise(edges.tolist())]
    x, y, text = list(middles), [int(h) for h in heights], spans
    if none:
        x, y, text = [low - 0.8, *x], [none, *y], ["no interpretation", *text]
    bars = _bars(x, y, hover=f"%{{customdata}}: %{{y:,}} {noun}<extra></extra>", width=0.31)
    bars["customdata"] = text
    figure = _figure([bars], x_title="interpretations per circuit", y_title=noun, y_values=y)
    ticks = list(range(low, max(high, low + 1) + 1))
    step = max(1, len(ticks) // 8)
    positions: list[float] = [*ticks[::step]]
    names = [_power(t) for t in ticks[::step]]
    if none:
        positions, names = [low - 0.8, *positions], ["none", *names]
    figure["layout"]["xaxis"].update(tickmode="array", tickvals=positions, ticktext=names)
    return figure


def margins_histogram(margins: Sequence[float], *, fragile: float = 1e-6, noun: str = "circuits") -> Figure:
    """Smallest distances from the decision's edge, with the mark below which a verdict is fragile.

    Args:
        margins: one for each explanation, finite.
        fragile: margins below it are fragile.
        noun: what is counted.
    """
    finite = [m for m in margins if math.isfinite(m)]
    top = max([*finite, 1e-3])
    heights, edges = np.histogram(finite, bins=_BINS, range=(0.0, top))
    middles = ((edges[:-1] + edges[1:]) / 2).round(6).tolist()
    bars = _bars(middles, [int(h) for h in heights], hover=f"margin about %{{x:.3f}}: %{{y:,}} {noun}<extra></extra>")
    bars["width"] = round(0.9 * float(edges[1] - edges[0]), 6)
    figure = _figure([bars], x_title="smallest margin to the decision", y_title=noun, y_values=heights.tolist())
    n_fragile = sum(1 for m in finite if m < fragile)
    if n_fragile:
        figure["layout"]["annotations"] = [_label(0, 1, f"{n_fragile:,} below {fragile:g}: fragile", anchor="left")]
    return figure


def iia_histogram(fractions: Sequence[tuple[int, int]], *, noun: str = "alignments") -> Figure:
    """Interchange intervention accuracy of alignments.

    Args:
        fractions: (agreed, of) for each alignment; those with nothing to test are left out.
        noun: what is counted.
    """
    values = [agreed / of for agreed, of in fractions if of]
    heights, edges = np.histogram([v for v in values if v < 1], bins=20, range=(0.0, 1.0))
    middles = ((edges[:-1] + edges[1:]) / 2).round(4).tolist()
    near = _bars(middles, [int(h) for h in heights], hover=f"IIA about %{{x:.2f}}: %{{y:,}} {noun}<extra></extra>")
    near["width"] = 0.045
    near["marker"] = {"color": "--surface", "line": {"color": "--ink", "width": 1.2}}
    perfect = sum(1 for v in values if v == 1)
    valid = _bars([1.025], [perfect], hover=f"IIA 1: %{{y:,}} {noun}<extra></extra>", width=0.045)
    figure = _figure([near, valid], x_title="IIA", y_title=noun, y_values=[*heights.tolist(), perfect])
    figure["layout"]["xaxis"].update(range=[-0.02, 1.08], tickmode="array", tickvals=[0, 0.25, 0.5, 0.75, 1.025],
                                     ticktext=["0", "0.25", "0.5", "0.75", "1"])  # fmt: skip
    if perfect:
        figure["layout"]["annotations"] = [
            _label(1.05, max([perfect, *heights[-4:].tolist()]), f"{perfect:,} valid", anchor="right", y_ref="y")
        ]
    return figure


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


def _bars(x: Sequence[Any], y: Sequence[int], *, hover: str, width: float | None = None) -> Figure:
    trace: Figure = {
        "type": "bar",
        "x": list(x),
        "y": list(y),
        "marker": {"color": "--ink", "line": {"width": 0}},
        "hovertemplate": hover,
        "showlegend": False,
    }
    if width is not None:
        trace["width"] = width
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
    axis: Figure = {
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "linecolor": "--rule-2",
        "tickcolor": "--rule-2",
        "ticks": "outside",
        "ticklen": 4,
    }
    few = max([int(v) for v in y_values] or [0])
    layout: Figure = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "--sans", "size": 12, "color": "--ink-2"},
        "margin": {"l": 52, "r": 12, "t": 26, "b": 44},
        "height": 260,
        "bargap": 0.12,
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": False,
        "hoverlabel": {"bgcolor": "--surface", "bordercolor": "--ink", "font": {"color": "--ink", "family": "--sans"}},
        "xaxis": {**axis, "title": {"text": x_title, "standoff": 8}},
        "yaxis": {
            **axis,
            "showgrid": True,
            "gridcolor": "--rule",
            "ticks": "",
            "linecolor": "rgba(0,0,0,0)",
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


def _label(x: float, y: float, words: str, *, anchor: str = "center", y_ref: str = "paper") -> Figure:
    return {
        "x": x,
        "y": y,
        "xref": "x",
        "yref": y_ref,
        "text": words,
        "showarrow": False,
        "xanchor": anchor,
        "yanchor": "bottom",
        "font": {"color": "--ink", "size": 12},
    }


def _power(exponent: float) -> str:
    """10 to an exponent in words: 1, 10, 100, 1,000, then 10⁴; thirds of a decade rounded."""
    if exponent <= 3:
        return f"{round(10**exponent):,}"
    if exponent == int(exponent):
        return f"10<sup>{int(exponent)}</sup>"
    return f"{10 ** (exponent - math.floor(exponent)):.1f}·10<sup>{math.floor(exponent)}</sup>"
