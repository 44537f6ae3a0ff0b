"""A network whose edges and neurons are links: each leads to the mask with it left out, or kept again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout
from pluriscope.figures.numbers import decimal
from pluriscope.figures.svg.elements import circle, drawing, esc, num, text, touchable, twice
from pluriscope.figures.svg.layout import Column, Wiring, node_name, place, stroke_width

MAX_EDGES: Final = 400
"""Of networks that are drawn; of larger ones a mask is given in words."""


@dataclass(frozen=True)
class _Size:
    """Of a drawing, and how far the first layer is from its sides."""

    width: float
    gap: float
    pad_x: float
    pad_y: float
    radius: float


_WIDE: Final = _Size(640.0, 122.0, 58.0, 46.0, 11.0)
_NARROW: Final = _Size(360.0, 87.0, 34.0, 44.0, 11.0)


def clickable(
    weights: Any, layout: EdgeLayout, raw: int, used: int, url: Callable[[int], str], *, title: str
) -> Markup:
    """A network for wide pages and for phones.

    Args:
        weights: matrices ``[n_l, n_(l-1)]``.
        layout: of its edges, at most :data:`MAX_EDGES`.
        raw: the edges that are kept; those not in ``used`` lead nowhere.
        used: the circuit that is left of them.
        url: mask → where it leads.
        title: what it is.
    """
    wiring = Wiring.of(weights)
    return twice(*(_drawn(wiring, layout, raw, used, url, title, size) for size in (_WIDE, _NARROW)))


def toggled(raw: int, edges: int) -> int:
    """A mask after a click on some edges: without them where it keeps one, else with all of them."""
    return raw & ~edges if raw & edges else raw | edges


def _drawn(
    wiring: Wiring, layout: EdgeLayout, raw: int, used: int, url: Callable[[int], str], title: str, size: _Size
) -> Markup:
    sizes, letter = layout.sizes, "w" if size is _WIDE else "p"
    columns = tuple(Column(layer, n, tuple(range(n))) for layer, n in enumerate(sizes))
    gap = size.gap if max(sizes) <= 3 else max(2.8 * size.radius, size.gap * 3 / max(sizes))
    height = 2 * size.pad_y + gap * max(max(sizes) - 1, 1)
    frame = place(columns, size.width, height, size.pad_x, size.pad_y)
    body, last = "", len(sizes) - 1

    def link(name: str, kind: str, edges: int, kept: bool, words: str, css: str, inner: str) -> str:
        loose = " loose" if css else ""
        return (
            f'<a id="{letter}-{esc(name)}" role="button" data-{kind}="{edges:x}" aria-pressed="{str(kept).lower()}" '
            f'class="part{loose}" href="{esc(url(toggled(raw, edges)))}" aria-label="{esc(words)}">{inner}</a>'
        )

    for layer in range(1, last + 1):
        matrix = wiring.weights[layer - 1].tolist()
        for out in range(sizes[layer]):
            for source in range(sizes[layer - 1]):
                edge, weight = layout.edge_index(layer, out, source), matrix[out][source]
                (x1, y1), (x2, y2) = frame.at((layer - 1, source)), frame.at((layer, out))
                path, bit = f"M{num(x1)} {num(y1)}L{num(x2)} {num(y2)}", 1 << edge
                name = f"{node_name(layer - 1, source, sizes)}→{node_name(layer, out, sizes)}"
                width = stroke_width(weight, wiring.largest, 1.6, 4.2)
                css = "e-neg" if weight < 0 else "e-pos"
                inner = f'{touchable(path)}<path class="{css}" d="{path}" stroke-width="{width:g}"/>'
                loose = "loose" if raw & bit and not used & bit else ""
                words = f"{name}, weight {decimal(weight)}"
                body += link(f"e{edge}", "edge", bit, bool(raw & bit), words, loose, inner)
    for layer, n in enumerate(sizes):
        for neuron in range(n):
            x, y = frame.at((layer, neuron))
            name = node_name(layer, neuron, sizes)
            if layer in (0, last):
                side, anchor = (-1, "end") if layer == 0 else (1, "start")
                body += circle(x, y, size.radius, "n-open")
                body += text(x + side * 1.8 * size.radius, y + 5, name, "fi", anchor=anchor, italic=True)
                continue
            edges = layout.edges_into[layer][neuron] | layout.edges_out_of[layer][neuron]
            inner = touchable(f"M{num(x)} {num(y)}h0", "hit dot") + circle(x, y, size.radius, "n-open")
            body += link(f"n{layer}.{neuron}", "neuron", edges, bool(used & edges), f"{name}, all its edges", "", inner)
            below = n > 1 and neuron == n - 1
            body += text(
                x, y + 2.7 * size.radius if below else y - 1.7 * size.radius, name, "lab s halo", anchor="middle"
            )
    sentence = f"{title}: edges and neurons are buttons"
    return drawing(size.width, height, body, sentence=sentence, css_class="big pressed", most=size.width * 1.3)
