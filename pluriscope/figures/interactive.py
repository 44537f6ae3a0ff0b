"""Charts as figures of plotly, which a browser draws once the page has been painted.

Colours are variables of the style sheet; ``static/charts.js`` puts in what they are on the page.
"""

from __future__ import annotations

import html
import json
import math
import textwrap
from collections.abc import Sequence
from typing import Any, Final, Literal

from pluriscope.figures.charts import DARK, Chart, Look, Mark, Series

VERSION: Final = "4.1.1"
"""Of plotly.js, whose smallest bundle lies in ``static/vendor``."""
FILE: Final = f"vendor/plotly-basic-{VERSION}.min.js"

_COLOURS: Final[dict[Look, str]] = {
    "ink": "var(--ink)", "grey": "var(--ink-3)", "pale": "var(--rule-2)", "open": "var(--ink-2)",
    "dashed": "var(--ink-2)",
}  # fmt: skip
_LINE: Final = 15  # height of a label
_EDGE: Final = 0.12  # share of an axis beside which a label is held within the chart
_FEW: Final = 10  # whole numbers that each have a tick
_LETTERS: Final = 22  # of a line of a name; names have two lines


def figure_json(chart: Chart) -> str:
    """The figure of a chart as JSON: each item has its words to be shown under the pointer, and its address."""
    traces = [_trace(chart, series, row) for row, series in enumerate(chart.series)]
    marks = [] if chart.empty else list(chart.placed_marks())
    lines = max((line for *_, line in marks), default=0)
    layout: dict[str, Any] = {
        "margin": {"l": 8, "r": 12, "t": 28 + _LINE * lines, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": "var(--ink-2)", "size": 12, "family": "var(--sans)"},
        "hoverlabel": {"bgcolor": "var(--ink)", "font": {"color": "var(--paper)", "size": 13}, "align": "left"},
        "modebar": {"bgcolor": "var(--paper)", "color": "var(--ink-3)", "activecolor": "var(--ink)"},
        "hovermode": "closest",
        "barmode": "overlay",
        "bargap": 0.4 if chart.across else 0.08,
        "dragmode": "select" if chart.selects else "zoom",
        "selectdirection": "h",
        "showlegend": chart.kind != "heat" and 1 < len(chart.series) <= 8,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "xaxis": _axis(chart, "x"),
        "yaxis": _axis(chart, "y"),
        "meta": {"selects": list(chart.selects), "marks": [mark.url for mark, *_ in marks]},
    }
    if marks:
        layout["shapes"] = [_shape(mark.axis, mark.at) for mark, *_ in marks]
        layout["annotations"] = [_label(chart, *placed) for placed in marks]
    if chart.kind == "heat":
        names = [series.name for series in chart.series]
        layout["uniformtext"] = {"mode": "hide", "minsize": 11}
        layout["xaxis"] |= {"side": "top", "showgrid": False}
        layout["yaxis"] = _named(names, upside_down=True) | {"showgrid": False}
    return json.dumps({"data": traces, "layout": layout}, separators=(",", ":"))


def _trace(chart: Chart, series: Series, row: int) -> dict[str, Any]:
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
        shares = [chart.darkness(y) * (0.5 if y < 0 else 1.0) for *_, y in found]  # so that words on stripes are read
        below = ["/" if y < 0 else "" for *_, y in found]
        marker = {
            "color": "var(--ink)",
            "opacity": shares,
            "line": {"width": 0},
            "pattern": {"shape": below, "solidity": 0.2},
        }
        cells = {"x": [x for _, x, _ in found], "base": [row - 0.48] * len(found), "y": [0.96] * len(found)}
        dark = [share > DARK and y >= 0 for share, (*_, y) in zip(shares, found, strict=True)]
        font = {"color": ["var(--paper)" if one else "var(--ink)" for one in dark]}
        words = [html.escape(chart.written(series, number)) for number, *_ in found]
        inside = {"text": words, "textposition": "inside", "insidetextanchor": "middle", "textangle": 0}
        inside |= {"constraintext": "none"}  # in wide fonts as large as in narrow ones
        look = {"width": 0.96, "marker": marker, "insidetextfont": font}
        return {"type": "bar", **common, **cells, **inside, **look}
    coordinates: dict[str, Any] = {"x": [x for _, x, _ in found], "y": [y for *_, y in found]}
    if series.low:
        near, far = ([end[number] for number, *_ in found] for end in (series.low, series.high))
        values = coordinates["x" if chart.across else "y"]
        under = [0 if low is None else value - low for value, low in zip(values, near, strict=True)]
        above = [0 if high is None else high - value for value, high in zip(values, far, strict=True)]
        coordinates["error_x" if chart.across else "error_y"] = {
            "array": above, "arrayminus": under, "thickness": 1.2, "width": 0,
            "color": _COLOURS["ink"] if chart.kind == "bars" else colour,
        }  # fmt: skip
    if chart.kind == "bars":
        bar: dict[str, Any] = {"color": colour}
        if series.look in ("open", "dashed"):
            bar = {"color": "rgba(0,0,0,0)", "line": {"color": "var(--ink-3)", "width": 1}}
        wide = {"width": 0.3} if alone else {}  # the bar of a single value is no block
        if chart.across and row == len(chart.series) - 1:  # as in the drawing, what lies on top has its value written
            coordinates |= {"text": [chart.x.words(x) for _, x, _ in found], "textposition": "auto", "textangle": 0,
                       "constraintext": "none"}  # fmt: skip
        look = {"orientation": "h" if chart.across else "v", "marker": bar}
        return {"type": "bar", **common, **coordinates, **wide, **look}
    symbol = "circle-open" if series.look in ("open", "dashed") else "circle"
    line = {"color": colour, "width": 1.6, "dash": "dash" if series.look == "dashed" else "solid"}
    few = len(found) <= 24
    mode = "markers" if chart.kind == "dots" else "lines+markers" if few else "lines"
    dot = {"color": colour, "size": 8 if few else 6, "symbol": symbol}
    return {"type": "scatter", **common, **coordinates, "cliponaxis": False, "mode": mode, "marker": dot, "line": line}


_LOOK: Final[dict[str, Any]] = {
    "automargin": True, "gridcolor": "var(--hair)", "linecolor": "var(--rule-2)", "zerolinecolor": "var(--rule-2)",
}  # fmt: skip


def _axis(chart: Chart, which: Literal["x", "y"]) -> dict[str, Any]:
    """An axis with the ends that it has in the drawing."""
    axis = chart.x if which == "x" else chart.y
    found = _LOOK | {"title": {"text": html.escape(axis.title), "font": {"size": 12}}}
    if axis.names:
        return found | _named(axis.names, upside_down=which == "y")
    if chart.empty or chart.kind == "heat":
        return found
    low, high = chart.ends(which)
    if axis.log:
        return found | {
            "type": "log",
            "dtick": 1 if high / low > 1000 else "D2",
            "tickformat": "" if high / low > 1000 else ",~r",  # else plotly writes 5 for 50
            "range": [math.log10(low), math.log10(high) + 0.02],
        }
    room = 0.02 * (high - low)
    found["range"] = [low - room * (low != 0 or chart.kind != "bars"), high + room]
    if axis.percent:
        return found | {"tickformat": ".0%"}
    every = [x if which == "x" else y for one in chart.series for _, x, y in chart.points(one)]
    few = high - low <= _FEW and all(float(value).is_integer() for value in every)
    return found | ({"dtick": 1} if few else {})


def _named(names: Sequence[str], *, upside_down: bool) -> dict[str, Any]:
    """An axis of places with names."""
    ends = [len(names) - 0.5, -0.5] if upside_down else [-0.5, len(names) - 0.5]
    ticks = {"tickvals": list(range(len(names))), "ticktext": list(map(_in_lines, names))}
    return _LOOK | ticks | {"range": ends, "zeroline": False}


def _shape(axis: str, at: float) -> dict[str, Any]:
    ends = {"x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper"}
    if axis == "y":
        ends = {"y0": at, "y1": at, "x0": 0, "x1": 1, "xref": "paper"}
    return {"type": "line", "line": {"color": "var(--ink-2)", "width": 1.2, "dash": "dot"}, **ends}


def _label(chart: Chart, mark: Mark, share: float, line: int) -> dict[str, Any]:
    log = (chart.x if mark.axis == "x" else chart.y).log
    # plotly counts annotations of a logarithmic axis in powers of ten
    coordinate = math.log10(mark.at) if log else mark.at
    side = "left" if share < _EDGE else "right" if share > 1 - _EDGE else "center"
    where = {"x": coordinate, "y": 1, "yref": "paper", "xanchor": side, "yanchor": "bottom", "yshift": _LINE * line}
    if mark.axis == "y":
        where = {"y": coordinate, "x": 0, "xref": "paper", "xanchor": "left", "yanchor": "bottom"}
    link = {"captureevents": bool(mark.url), "showarrow": False, "font": {"color": "var(--ink)", "size": 12}}
    return {"text": html.escape(mark.label), **link, **where}


def _in_lines(name: str) -> str:
    lines = textwrap.wrap(name, _LETTERS, max_lines=2, placeholder="…")
    return "<br>".join(map(html.escape, lines))
