"""The map of circuits as a plotly figure: circuits that share most of their edges stand near each other.

Ink tells what is asked about: the stronger a mark, the fewer edges; or filled marks pass a criterion, hollow ones fail.
Diamonds are the two most different circuits, squares the mutually most different ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from app.figures.plots import AXIS, CONFIG, Figure

_SYMBOLS: Final = {"": "circle", "different": "square", "pair": "diamond"}
_SIZES: Final = {"": 8.0, "different": 12.0, "pair": 15.0}
_NAMES: Final = {"": "valid circuits", "different": "mutually most different", "pair": "most different two"}
_LIGHTEST: Final = 0.2


@dataclass(frozen=True)
class CircuitMark:
    """A circuit on the map.

    Args:
        x: its place.
        y: its place.
        n_edges: edges that it keeps.
        role: whether it is one of the most different ones.
        passes: whether it passes what is asked; None where nothing is.
        label: what a hover calls it.
        action: what a click needs: url, ref, label.
    """

    x: float
    y: float
    n_edges: int
    role: Literal["", "pair", "different"]
    passes: bool | None
    label: str
    action: Mapping[str, Any]


def circuit_map_figure(marks: Sequence[CircuitMark], *, passing: str = "") -> Figure:
    """The scatter of circuits.

    Args:
        marks: at least one.
        passing: what filled marks pass; empty where marks show sizes.
    """
    few, many = min(mark.n_edges for mark in marks), max(mark.n_edges for mark in marks)
    traces = []
    for role, symbol in _SYMBOLS.items():
        here = [mark for mark in marks if mark.role == role]
        for outcome in (True, False) if passing else (None,):
            some = [mark for mark in here if outcome is None or mark.passes == outcome]
            if some:
                hollow = outcome is False
                name = _NAMES[role] + ("" if not passing else f", fail {passing}" if hollow else f", pass {passing}")
                traces.append(
                    _trace(some, symbol + ("-open" if hollow else ""), _SIZES[role], name, few, many, passing)
                )
    return {"data": traces, "layout": _layout(), "config": dict(CONFIG)}


def _trace(
    marks: Sequence[CircuitMark], symbol: str, size: float, name: str, few: int, many: int, passing: str
) -> Figure:
    span = max(many - few, 1)
    shades = [
        0.85 if passing or mark.role else round(1.0 - (1.0 - _LIGHTEST) * (mark.n_edges - few) / span, 2)
        for mark in marks
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [mark.x for mark in marks],
        "y": [mark.y for mark in marks],
        "text": [f"{mark.label}<br>{mark.n_edges} edges" for mark in marks],
        "customdata": [dict(mark.action) for mark in marks],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "symbol": symbol,
            "color": "--ink",
            "size": size,
            "opacity": shades,
            "line": {"color": "--ink", "width": 1.0},
        },
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
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "--sans", "size": 12, "color": "--ink-2"},
        "margin": {"l": 16, "r": 16, "t": 12, "b": 56},
        "height": 460,
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": -0.05, "yanchor": "top", "itemsizing": "constant"},
        "hovermode": "closest",
        "dragmode": False,
        "hoverlabel": {
            "bgcolor": "--surface",
            "bordercolor": "--ink",
            "align": "left",
            "font": {"color": "--ink", "family": "--sans"},
        },
        "xaxis": axis,
        "yaxis": {**axis, "scaleanchor": "x"},  # distances mean the same along both
    }
