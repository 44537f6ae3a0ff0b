"""Charts as figures of plotly, which a browser draws once the page has been painted.

Colours are variables of the style sheet; ``static/charts.js`` puts in what they are on the page.
"""

from __future__ import annotations

import html
import json
import math
import textwrap
from typing import Any, Final

import plotly.graph_objects as go

from pluriscope.figures.charts import Axis, Chart, Look, Series

VERSION: Final = "4.1.1"
"""Of plotly.js, whose smallest bundle lies in ``static/vendor``."""
FILE: Final = f"vendor/plotly-basic-{VERSION}.min.js"

_COLOURS: Final[dict[Look, str]] = {
    "ink": "var(--ink)", "grey": "var(--ink-3)", "pale": "var(--rule-2)", "open": "var(--ink-2)",
    "dashed": "var(--ink-2)",
}  # fmt: skip
_LETTERS: Final = 22  # of a line of a name; names have two lines


def figure_of(chart: Chart) -> go.Figure:
    """The figure of a chart: each item has its words to be shown under the pointer, and its address."""
    traces = [_trace(chart, series, row) for row, series in enumerate(chart.series)]
    layout: dict[str, Any] = {
        "template": None,
        "margin": {"l": 8, "r": 12, "t": 28, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": "var(--ink-2)", "size": 12, "family": "var(--sans)"},
        "hoverlabel": {"bgcolor": "var(--ink)", "font": {"color": "var(--paper)", "size": 13}, "align": "left"},
        "hovermode": "closest",
        "barmode": "overlay",
        "bargap": 0.4 if chart.across else 0.08,
        "dragmode": "select" if chart.selects else "zoom",
        "selectdirection": "h",
        "showlegend": chart.kind != "heat" and 1 < len(chart.series) <= 8,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "xaxis": _axis(chart.x),
        "yaxis": _axis(chart.y, upside_down=chart.across),
        "shapes": [_shape(mark.axis, mark.at) for mark in chart.marks],
        "annotations": [_label(chart, mark.axis, mark.at, mark.label) for mark in chart.marks],
        "meta": {"selects": list(chart.selects)},
    }
    if chart.kind == "heat":
        names = [series.name for series in chart.series]
        layout["xaxis"] |= {"side": "top", "showgrid": False}
        layout["yaxis"] = _axis(Axis(names=names), upside_down=True) | {"showgrid": False}
    return go.Figure(traces, layout)


def figure_json(chart: Chart) -> str:
    """The figure as JSON, without plotly's own template."""
    document = json.loads(figure_of(chart).to_json())
    document["layout"].pop("template", None)
    return json.dumps(document, separators=(",", ":"))


def _trace(chart: Chart, series: Series, row: int) -> Any:
    """The items of one series that have a place in the chart."""
    found = list(chart.points(series))
    alone = chart.kind == "bars" and not chart.across and len(found) == 1
    common: dict[str, Any] = {
        "name": html.escape(series.name),
        "hovertext": [html.escape(chart.words(series, number)) for number, *_ in found],
        "hoverinfo": "text",
        "customdata": [series.urls[number] if series.urls else "" for number, *_ in found],
    }
    colour = _COLOURS[series.look]
    if chart.kind == "heat":
        largest = chart.y.high or max((abs(y) for one in chart.series for _, _, y in chart.points(one)), default=1.0)
        shares = [min(1.0, abs(y) / (largest or 1.0)) for *_, y in found]
        marker = {"color": "var(--ink)", "opacity": shares, "line": {"width": 0}}
        cells = {"x": [x for _, x, _ in found], "base": [row - 0.48] * len(found), "y": [0.96] * len(found)}
        return go.Bar(**common, **cells, width=0.96, marker=marker)
    places: dict[str, Any] = {"x": [x for _, x, _ in found], "y": [y for *_, y in found]}
    if series.low:
        near, far = ([end[number] for number, *_ in found] for end in (series.low, series.high))
        values = places["x" if chart.across else "y"]
        below = [0 if low is None else value - low for value, low in zip(values, near, strict=True)]
        above = [0 if high is None else high - value for value, high in zip(values, far, strict=True)]
        places["error_x" if chart.across else "error_y"] = {
            "array": above, "arrayminus": below, "thickness": 1.2, "width": 0,
            "color": _COLOURS["ink"] if chart.kind == "bars" else colour,
        }  # fmt: skip
    if chart.kind == "bars":
        pattern = {"shape": "/" if series.look in ("open", "dashed") else ""}
        bar = {"color": colour, "pattern": pattern}
        wide = {"width": 0.3} if alone else {}  # the bar of a single value is no block
        return go.Bar(**common, **places, **wide, orientation="h" if chart.across else "v", marker=bar)
    symbol = "circle-open" if series.look in ("open", "dashed") else "circle"
    line = {"color": colour, "width": 1.6, "dash": "dash" if series.look == "dashed" else "solid"}
    few = len(found) <= 24
    mode = "markers" if chart.kind == "dots" else "lines+markers" if few else "lines"
    dot = {"color": colour, "size": 8 if few else 6, "symbol": symbol}
    return go.Scatter(**common, **places, mode=mode, marker=dot, line=line)


def _axis(axis: Axis, *, upside_down: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {
        "title": {"text": html.escape(axis.title), "font": {"size": 12}},
        "automargin": True,
        "gridcolor": "var(--hair)",
        "linecolor": "var(--rule-2)",
        "zerolinecolor": "var(--rule-2)",
    }
    if axis.names:
        places = list(range(len(axis.names)))
        ends = [len(places) - 0.5, -0.5] if upside_down else [-0.5, len(places) - 0.5]
        return found | {"tickvals": places, "ticktext": [_in_lines(name) for name in axis.names], "range": ends,
                        "zeroline": False}  # fmt: skip
    if axis.percent:
        found["tickformat"] = ".0%"
    if axis.log:
        return found | {"type": "log", "dtick": 1}
    if axis.low is not None and axis.high is not None:
        room = (axis.high - axis.low) * 0.02
        found["range"] = [axis.low - room, axis.high + room]
    return found


def _shape(axis: str, at: float) -> dict[str, Any]:
    ends = {"x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper"}
    if axis == "y":
        ends = {"y0": at, "y1": at, "x0": 0, "x1": 1, "xref": "paper"}
    return {"type": "line", "line": {"color": "var(--ink-2)", "width": 1.2, "dash": "dot"}, **ends}


def _label(chart: Chart, axis: str, at: float, words: str) -> dict[str, Any]:
    log = (chart.x if axis == "x" else chart.y).log
    place = math.log10(at) if log else at  # plotly counts annotations of a logarithmic axis in powers of ten
    where = {"x": place, "y": 1, "yref": "paper", "yanchor": "bottom"}
    if axis == "y":
        where = {"y": place, "x": 0, "xref": "paper", "xanchor": "left", "yanchor": "bottom"}
    return {"text": html.escape(words), "showarrow": False, "font": {"color": "var(--ink)", "size": 12}, **where}


def _in_lines(name: str) -> str:
    lines = textwrap.wrap(name, _LETTERS, max_lines=2, placeholder="…")
    return "<br>".join(map(html.escape, lines))
