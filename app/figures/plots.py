"""Distributions as plotly figures: plain JSON dictionaries, drawn in the browser by ``plots.js``.

Colours are names of design tokens ("--ink"); the page replaces them when it draws and again when the theme changes. A
click or hover never holds a fact that the page does not also say in words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from app.figures.numbers import SUPERSCRIPTS, exact, noun

Plot = dict[str, Any]
_CLEAR: Final = "rgba(0,0,0,0)"
_AXIS: Final[Plot] = {"showgrid": False, "zeroline": False, "fixedrange": True, "linecolor": "--rule-2"}
_LAYOUT: Final[Plot] = {
    "height": 260,
    "margin": {"l": 52, "r": 12, "t": 12, "b": 44},
    "bargap": 0.12,
    "paper_bgcolor": _CLEAR,
    "plot_bgcolor": _CLEAR,
    "font": {"family": "--sans", "size": 12, "color": "--ink-2"},
    "showlegend": False,
    "dragmode": False,
    "hoverlabel": {"bgcolor": "--surface", "bordercolor": "--ink", "font": {"color": "--ink", "family": "--sans"}},
}


def edges_histogram(by_edges: Mapping[int, int], leads: Callable[[int], str] | None = None) -> Plot:
    """How many circuits have how many edges.

    Args:
        by_edges: number of edges → number of circuits.
        leads: number of edges → address of the circuits that a bar counts.
    """
    edges = list(range(min(by_edges), max(by_edges) + 1)) if by_edges else []
    bars: Plot = {"x": edges, "y": [by_edges.get(e, 0) for e in edges], "hovertext": [noun(e, "edge") for e in edges]}
    if leads is not None:
        bars["customdata"] = [leads(e) for e in edges]
    ticks = [] if len(edges) > 30 else edges
    return _histogram(bars, "edges kept", "valid circuits", {e: str(e) for e in ticks})


def binned_histogram(bins: Mapping[str, Sequence[float]], x: str, y: str, *, logarithmic: bool = False) -> Plot:
    """Counts between bin edges.

    Args:
        bins: as stored with an analysis: ``counts``, and one more ``edges``, ascending; both empty without any.
        x: what is measured.
        y: what is counted.
        logarithmic: whether the edges are base-10 logarithms, to be labelled as powers.
    """
    edges = bins["edges"]
    spans = [f"{_number(low, logarithmic)} to {_number(high, logarithmic)}" for low, high in pairwise(edges)]
    middles = [round((low + high) / 2, 6) for low, high in pairwise(edges)]
    bars: Plot = {"x": middles, "y": list(bins["counts"]), "hovertext": spans}
    if not (logarithmic and edges):
        return _histogram(bars, x, y, {})
    first, last = math.floor(edges[0]), math.ceil(edges[-1])
    decades = range(first, last + 1, max(1, (last - first) // 6))
    return _histogram(bars, x, y, {decade: _number(decade, True) for decade in decades})


def spread_figures(spread: Mapping[str, Any], leads: Callable[[int], str]) -> Iterator[tuple[Plot, str]]:
    """How an analysis's explanations are spread: figures of what there is, each with what it shows in words.

    Args:
        spread: as stored, see :func:`app.db.distributions.distributions_of`.
        leads: number of edges → address of the list of circuits that have so many.
    """
    sizes, iia = dict(spread["edges"]), spread["iia"]
    if sizes:
        common = max(sizes, key=lambda edges: (sizes[edges], -edges))
        words = f"Edges kept by the {noun(sum(sizes.values()), 'valid circuit')}: {min(sizes)} to {max(sizes)}, "
        yield edges_histogram(sizes, leads), f"{words}most often {common}."
    for name, said in (
        ("interpretations", "Interpretations of a listed circuit: {} to {}, on a log scale."),
        ("margin", "Margin of a listed circuit, {} to {}. Close to 0, a small change undoes the verdict."),
    ):
        bins, power = spread[name], name == "interpretations"
        if bins["counts"]:
            ends = (_number(bins["edges"][end], power) for end in (0, -1))
            yield binned_histogram(bins, name, "listed circuits", logarithmic=power), said.format(*ends)
    if iia["counts"]:
        last = f"{exact(iia['counts'][-1])} lie in the last bin, {iia['edges'][-2]:.2f} to 1."
        words = f"IIA of the {noun(sum(iia['counts']), 'kept alignment')}, the best that fail included. {last}"
        yield binned_histogram(iia, "IIA", "kept alignments"), words


def _histogram(bars: Plot, x: str, y: str, ticks: Mapping[int, str]) -> Plot:
    """Bars in the house's style; without ticks of their own, plotly chooses where the x axis is labelled."""
    trace: Plot = {"type": "bar", "marker": {"color": "--ink-3"}, **bars}
    trace["hovertemplate"] = f"%{{hovertext}}: %{{y:,}} {y}<extra></extra>"
    across: Plot = {**_AXIS, "title": {"text": x, "standoff": 8}, "ticks": "outside", "tickcolor": "--rule-2"}
    if ticks:
        across |= {"tickmode": "array", "tickangle": 0, "tickvals": list(ticks), "ticktext": list(ticks.values())}
    up: Plot = {**_AXIS, "title": {"text": y, "standoff": 6}, "showgrid": True, "gridcolor": "--rule"}
    up |= {"linecolor": _CLEAR, "rangemode": "tozero", "tickformat": ",d", "automargin": True}
    up["nticks"] = min(6, max([1, *bars["y"]]) + 1)  # or few circuits would have thirds of one
    layout = {**_LAYOUT, "xaxis": across, "yaxis": up}
    return {"data": [trace], "layout": layout, "config": {"displayModeBar": False, "responsive": True}}


def _number(value: float, logarithmic: bool) -> str:
    """A bin's end in words; of a base-10 logarithm the number itself: 1, 10, 1,000, then 3.2 × 10⁴."""
    if not logarithmic:
        return f"{value:.3g}".replace("-", "−")
    whole = math.floor(value)
    if whole <= 3:
        return f"{round(10**value):,}"
    mantissa = f"{10 ** (value - whole):.1f} × " if value > whole else ""
    return f"{mantissa}10{str(whole).translate(SUPERSCRIPTS)}"
