"""The backbone of a set of circuits, drawn on the network: what all of them keep, what some keep, what none keeps.

An edge that every circuit keeps is thick; one that some keep is thin, and the darker the more of them keep it; one that
none keeps is a faint dotted line. A negative weight has a bar at its end, as in every drawing, but no dashes: these
would make an edge that every circuit keeps look like a weak one. Filled neurons are active in every circuit, open ones
in some, faint ones in none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from markupsafe import Markup

from app.figures.svg.elements import circle, drawing, esc, num, part
from app.figures.svg.layout import Frame, Wiring, edge_name, node_name, place
from app.figures.svg.networks import PAD_X, PAD_Y, diagram_class, diagram_size, site_names
from app.figures.svg.tiles import PLAIN_HUES

_LEAST_INK: Final = 0.25


def backbone_diagram(
    weights: Sequence[Any], edge_use: Sequence[int], neuron_use: Sequence[Sequence[int]], of: int, *, sentence: str
) -> Markup:
    """The network with how many circuits keep each edge.

    Args:
        weights: matrices ``[n_l, n_(l-1)]``, cut to the output.
        edge_use: for each edge in mask order, how many circuits keep it.
        neuron_use: for each hidden layer and neuron, in how many it is active.
        of: circuits, at least 1.
        sentence: what it shows, in words.
    """
    wiring = Wiring.of(weights)
    width, height = diagram_size(wiring)
    frame = place(wiring.columns, width, height, PAD_X, PAD_Y)
    names, _ = site_names(wiring, frame, {}, PLAIN_HUES)
    body = _edges(wiring, frame, edge_use, of) + _sites(wiring, frame, neuron_use, of) + names
    return drawing(width, height, body, sentence=sentence, css_class=f"{diagram_class(wiring)} backbone")


def _edges(wiring: Wiring, frame: Frame, edge_use: Sequence[int], of: int) -> str:
    """Edges from the least used to those in every circuit, each with its numbers as a title."""
    drawn: list[tuple[int, str]] = []
    number = 0
    for layer, matrix in enumerate(wiring.weights):
        shown = [set(wiring.columns[layer].shown), set(wiring.columns[layer + 1].shown)]
        for out, row in enumerate(matrix.tolist()):
            for source, weight in enumerate(row):
                use = edge_use[number]
                number += 1
                if source in shown[0] and out in shown[1]:
                    ends = frame.at((layer, source)), frame.at((layer + 1, out))
                    name = f"{node_name(layer, source, wiring.sizes)} → {node_name(layer + 1, out, wiring.sizes)}"
                    edge = _edge(*ends, use, of, weight < 0, name)
                    drawn.append((use, part(edge_name(layer + 1, out, source, wiring.sizes), edge)))
    return "".join(text for _, text in sorted(drawn, key=lambda one: one[0]))


def _edge(start: tuple[float, float], end: tuple[float, float], use: int, of: int, negative: bool, name: str) -> str:
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    dx, dy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    x1, y1, x2, y2 = start[0] + 8 * dx, start[1] + 8 * dy, end[0] - 9 * dx, end[1] - 9 * dy
    kind = "b-all" if use == of else "b-none" if not use else "b-some"
    ink = f' stroke-opacity="{_LEAST_INK + (1 - _LEAST_INK) * use / of:.2f}"' if kind == "b-some" else ""
    path = f"M{num(x1)} {num(y1)}L{num(x2)} {num(y2)}"
    if negative and use:
        path += f"M{num(x2 - 5 * dy)} {num(y2 + 5 * dx)}L{num(x2 + 5 * dy)} {num(y2 - 5 * dx)}"
    return f'<path class="{kind}" d="{path}"{ink}><title>{esc(f"{name}: {use:,} of {of:,}")}</title></path>'


def _sites(wiring: Wiring, frame: Frame, neuron_use: Sequence[Sequence[int]], of: int) -> str:
    body = ""
    for column in wiring.columns:
        for neuron in column.shown:
            x, y = frame.x[column.layer], frame.places[column.layer, neuron]
            inner = 0 < column.layer < wiring.last
            use = neuron_use[column.layer - 1][neuron] if inner else of
            drawn = circle(x, y, 6.5, "n-on" if use == of else "n-open" if use else "n-cut")
            body += part(node_name(column.layer, neuron, wiring.sizes), drawn)
    return body
