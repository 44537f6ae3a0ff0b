"""The filter of a list by what is kept: a drawing of the network whose neurons and edges are links."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from markupsafe import Markup

from pluriscope.figures.svg.elements import circle, drawing, line, text
from pluriscope.figures.svg.layout import Wiring


def part_filter(
    weights: Sequence[Any], chosen: Sequence[str], linked: Callable[[str, Markup], Markup]
) -> Markup | None:
    """The drawing; None of a network that is too wide for all of its neurons to be drawn.

    Args:
        weights: matrices ``[n_l, n_(l-1)]`` of the network.
        chosen: names of what is kept, those of what is left out behind a ``!``: n1.0, A-n1.0.
        linked: name and its drawing → the drawing as a link.
    """
    wiring = Wiring.of(weights)
    if any(column.n_hidden for column in wiring.columns):
        return None
    height = max(168.0, 28.0 * max(wiring.sizes))  # so that no name lies on another
    frame = wiring.place(240.0, height, 14.0, 26.0)

    def css(name: str) -> str:
        return "kept" if name in chosen else "left" if f"!{name}" in chosen else "open"

    body = Markup("")
    for edge in frame.edges():
        name = f"{wiring.name(edge.source)}-{wiring.name(edge.target)}"
        body += linked(name, Markup(line(*edge.ends, "hit") + line(*edge.ends, css(name))))  # noqa: S704
    for site, y in frame.places.items():
        name, x = wiring.name(site), frame.x[site[0]]
        label = text(x, y - 11, name, "small", anchor="middle")
        drawn = Markup(circle(x, y - 4, 14, "around") + label + circle(x, y, 6, css(name)))  # noqa: S704
        body += linked(name, drawn) if 0 < site[0] < wiring.last else drawn
    return drawing(240.0, height, body, sentence="Neurons and edges to choose", css_class="parts", sizing="exact")
