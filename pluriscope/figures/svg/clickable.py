"""A network whose edges and neurons are links: each leads to the mask with it left out, or kept again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from markupsafe import Markup

from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout
from pluriscope.figures.numbers import decimal
from pluriscope.figures.svg.elements import circle, drawing, esc, line, num, stroke, text, twice
from pluriscope.figures.svg.layout import Wiring

MAX_EDGES: Final = 400
"""Of networks that are drawn; of larger ones a mask is given in words."""


_RADIUS: Final = 11.0
_SIZES: Final = {"w": (640.0, 122.0, 58.0, 46.0), "p": (360.0, 87.0, 34.0, 44.0)}
"""By the letter of ids, for wide pages and for phones: width, gap between neurons, and how far the first is from sides.
"""


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
    wiring = Wiring.of(weights, most=MAX_EDGES)
    return twice(*(_drawn(wiring, layout, raw, used, url, title, letter) for letter in _SIZES))


def toggled(raw: int, edges: int) -> int:
    """A mask after a click on some edges: without them where it keeps one, else with all of them."""
    return raw & ~edges if raw & edges else raw | edges


def _drawn(
    wiring: Wiring, layout: EdgeLayout, raw: int, used: int, url: Callable[[int], str], title: str, letter: str
) -> Markup:
    sizes, (width, gap, *pads) = wiring.sizes, _SIZES[letter]
    gap = gap if wiring.rows <= 3 else max(2.8 * _RADIUS, gap * 3 / wiring.rows)
    height = 2 * pads[1] + gap * max(wiring.rows - 1, 1)
    frame, body = wiring.place(width, height, *pads), ""

    def link(name: str, kind: str, edges: int, kept: bool, words: str, css: str, inner: str) -> str:
        return (
            f'<a id="{letter}-{esc(name)}" role="button" data-{kind}="{edges:x}" aria-pressed="{str(kept).lower()}" '
            f'class="{css}" href="{esc(url(toggled(raw, edges)))}" aria-label="{esc(words)}">{inner}</a>'
        )

    for edge in frame.edges():
        number, wide = layout.edge_index(*edge.target, edge.source[1]), wiring.thickness(edge, 1.6, 4.2)
        bit, sign = 1 << number, "e-neg" if edge.weight < 0 else "e-pos"
        inner = line(*edge.ends, "hit") + line(*edge.ends, sign, width=wide)
        css = "part loose" if raw & bit and not used & bit else "part"
        words = f"{edge.name(sizes)}, weight {decimal(edge.weight)}"
        body += link(f"e{number}", "edge", bit, bool(raw & bit), words, css, inner)
    for (layer, neuron), y in frame.places.items():
        x, name, dot = frame.x[layer], wiring.name((layer, neuron)), circle(frame.x[layer], y, _RADIUS, "n-open")
        if layer in (0, wiring.last):
            side, anchor = (-1, "end") if layer == 0 else (1, "start")
            body += dot + text(x + side * 1.8 * _RADIUS, y + 5, name, "fi", anchor=anchor, italic=True)
            continue
        edges = layout.edges_into[layer][neuron] | layout.edges_out_of[layer][neuron]
        inner = stroke(f"M{num(x)} {num(y)}h0", "hit dot") + dot
        body += link(name, "neuron", edges, bool(used & edges), f"{name}, all its edges", "part", inner)
        high = 2.7 if sizes[layer] > 1 and neuron == sizes[layer] - 1 else -1.7
        body += text(x, y + high * _RADIUS, name, "lab s halo", anchor="middle")
    sentence = f"{title}: edges and neurons are buttons"
    return drawing(width, height, body, sentence=sentence, css_class="big pressed", most=width * 1.3)
