"""The map of circuits as a plotly figure: circuits that share most of their edges stand near each other.

Ink and shape tell what is asked about: the stronger a mark, the fewer edges; or filled marks pass a criterion and
hollow ones fail; or a shape for each relation of a circuit's story to the network's, or for each other value. Diamonds
stand round the two most different circuits, squares round the mutually most different ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from app.figures.numbers import noun
from app.figures.plots import AXIS, CONFIG, LAYOUT, LEGEND, Figure

SHAPES: Final[Mapping[str, str]] = {
    "": "circle",
    "passes": "circle",
    "fails": "circle-open",
    "same": "circle",
    "narrower": "triangle-down",
    "wider": "triangle-up",
    "opposite": "x",
    "none": "circle-open",
    "overlapping": "star-square",
    "not asked": "line-ns-open",
}
"""The shape of a mark by what it shows."""
_OTHER_SHAPES: Final = ("circle", "square-open", "triangle-up", "x", "triangle-down-open", "star", "diamond", "cross")
"""Of what else marks show, one after the other."""
_RINGS: Final = {
    "different": ("square-open", 14.0, "mutually most different"),
    "pair": ("diamond-open", 19.0, "most different two"),
}
_LIGHTEST: Final = 0.2


@dataclass(frozen=True)
class CircuitMark:
    """A circuit on the map.

    Args:
        x: its place.
        y: its place.
        n_edges: edges that it keeps.
        role: whether it is one of the most different ones.
        shows: what is shown of it; empty where its size is.
        label: what a hover calls it.
        action: what a click needs: url, ref, label.
    """

    x: float
    y: float
    n_edges: int
    role: Literal["", "pair", "different"]
    shows: str
    label: str
    action: Mapping[str, Any]


def circuit_map_figure(marks: Sequence[CircuitMark], *, what: str = "", part: str = "edge") -> Figure:
    """The scatter of circuits.

    Args:
        marks: at least one.
        what: marks show, in front of each of its values in the legend; empty where they show sizes.
        part: what a size is a number of.
    """
    traces = []
    others = sorted({mark.shows for mark in marks} - set(SHAPES))
    shapes = {**SHAPES, **{one: _OTHER_SHAPES[place % len(_OTHER_SHAPES)] for place, one in enumerate(others)}}
    for shows, symbol in shapes.items():
        some = [mark for mark in marks if mark.shows == shows]
        if some:
            name = f"{what}: {shows}" if shows else "circuits"
            traces.append(_trace(some, symbol, name, part, sized=not shows))
    for role, (symbol, size, name) in _RINGS.items():
        some = [mark for mark in marks if mark.role == role]
        if some:
            traces.append(_ring(some, symbol, size, name))
    return {"data": traces, "layout": _layout(), "config": dict(CONFIG)}


def _trace(marks: Sequence[CircuitMark], symbol: str, name: str, part: str, *, sized: bool) -> Figure:
    few, many = min(mark.n_edges for mark in marks), max(mark.n_edges for mark in marks)
    span = max(many - few, 1)
    shades = [round(1.0 - (1.0 - _LIGHTEST) * (mark.n_edges - few) / span, 2) for mark in marks]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [mark.x for mark in marks],
        "y": [mark.y for mark in marks],
        "text": [f"{mark.label}<br>{noun(mark.n_edges, part)}" for mark in marks],
        "customdata": [dict(mark.action) for mark in marks],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "symbol": symbol,
            "color": "--ink",
            "size": 8.0,
            "opacity": shades if sized else 0.85,
            "line": {"color": "--ink", "width": 1.0},
        },
    }


def _ring(marks: Sequence[CircuitMark], symbol: str, size: float, name: str) -> Figure:
    """Outlines round some marks; the marks themselves answer a hover and a click."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [mark.x for mark in marks],
        "y": [mark.y for mark in marks],
        "hoverinfo": "skip",
        "marker": {"symbol": symbol, "color": "--ink", "size": size, "line": {"color": "--ink", "width": 1.6}},
    }


def _layout() -> Figure:
    axis: Figure = {
        **AXIS,
        "showticklabels": False,
        "ticks": "",
        "linecolor": "rgba(0,0,0,0)",  # the axes of a map mean nothing by themselves
        "fixedrange": True,
    }
    return {
        **LAYOUT,
        **LEGEND,
        "margin": {"l": 16, "r": 16, "t": 12, "b": 56},
        "height": 460,
        "legend": {**LEGEND["legend"], "y": -0.05},
        "xaxis": axis,
        "yaxis": {**axis, "scaleanchor": "x"},  # distances mean the same along both
    }
