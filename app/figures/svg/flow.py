"""A network while it runs: a value on every neuron, what was changed by hand, and what that changed in turn.

A disc in each neuron grows with its activation (area), full where it is positive, a ring where it is negative. An edge
is as wide as what it carries (weight × value), dashed where that is negative; ink where it carries something else than
in the unchanged run (everywhere, if nothing is changed), pale where it carries the same. What is changed by hand has a
second ring, or on an edge a label; values that differ from the unchanged run stand in full ink with the old one behind
them. Sites that can be chosen are links, so the drawing is then a group of links with a name, not an image.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from markupsafe import Markup

from app.figures.numbers import decimal
from app.figures.svg.elements import circle, drawing, esc, line, num, part, rect, text, text_width
from app.figures.svg.layout import Frame, Wiring, input_name, node_name, place, shown_edges, stroke_width
from app.figures.svg.networks import PAD_Y, diagram_class

PAD_X: Final = 82.0
RADIUS: Final = 15.0
DISC: Final = 11.5
HIT: Final = 25.0
_FEW_EDGES: Final = 400

Site = tuple[int, int, int | None]
"""Layer, neuron, and for an edge its source neuron in the layer before."""
Layers = Sequence[Sequence[float | None]]


@dataclass(frozen=True)
class ByHand:
    """What is written at a site.

    Args:
        words: what is written, in few signs, for instance "= 0" or "← 10".
        value: the number.
    """

    words: str
    value: float


@dataclass(frozen=True)
class FlowLink:
    """Where a click on a site leads.

    Args:
        url: the address.
        words: what the click does, for those who cannot see the drawing.
        id: of the element, so that the focus stays when a part of the page is exchanged.
    """

    url: str
    words: str
    id: str


def flow_diagram(
    weights: Sequence[Any],
    before: Layers,
    after: Layers,
    changes: Mapping[Site, ByHand],
    links: Mapping[Site, FlowLink],
    *,
    sentence: str,
) -> Markup:
    """The drawing.

    Args:
        weights: matrices ``[n_l, n_(l-1)]``.
        before: activations of layers 0 … L when nothing is changed.
        after: the same under the changes.
        changes: what is written at each changed site.
        links: where a click on a site leads.
        sentence: the name of the group.
    """
    wiring = Wiring.of(weights)
    width = max(470.0, 2 * PAD_X + 104.0 * (len(wiring.sizes) - 1))
    gap = 104.0 if wiring.rows <= 3 else max(70.0, 104.0 - 12.0 * (wiring.rows - 3))
    height = 2 * PAD_Y + gap * max(wiring.rows - 1, 1)
    frame = place(wiring.columns, width, height, PAD_X, PAD_Y)
    flow = _Flow(wiring, frame, before, after, changes, links)
    body = f'<g aria-hidden="true">{flow.edges()}</g>{flow.edge_links()}{flow.sites()}'
    names = diagram_class(wiring).replace("big", "flow")
    return drawing(width, height, body, sentence=sentence, css_class=names, most=1.45 * width)


def link_element(link: FlowLink, inner: str) -> str:
    """A link within a drawing.

    Args:
        link: where it leads.
        inner: what is drawn, already escaped.
    """
    return f'<a id="{esc(link.id)}" href="{esc(link.url)}" aria-label="{esc(link.words)}">{inner}</a>'


class _Flow:
    """One drawing in the making."""

    def __init__(
        self,
        wiring: Wiring,
        frame: Frame,
        before: Layers,
        after: Layers,
        changes: Mapping[Site, ByHand],
        links: Mapping[Site, FlowLink],
    ) -> None:
        self._wiring, self._frame, self._before, self._after = wiring, frame, before, after
        self._changes, self._links = changes, links
        every = [abs(v) for layers in (before, after) for layer in layers for v in layer if _is_number(v)]
        self._largest = max([*every, 1e-12])

    def _differs(self, layer: int, neuron: int) -> bool:
        now = self._after[layer][neuron]
        return now is not None and now != self._before[layer][neuron]

    def edges(self) -> str:
        """All edges between shown neurons, those that carry what they always carry first."""
        pale = ink = labels = ""
        shown = [(edge.layer, edge.out, edge.source) for edge in shown_edges(self._wiring, self._frame)]
        flows = {place: self._carried(*place) for place in shown}
        largest = max([abs(v) for v, _ in flows.values() if _is_number(v)] + [1e-12])
        label_all = len(flows) <= _FEW_EDGES
        for (layer, out, source), (carried, other) in flows.items():
            ends = self._ends(layer, out, source)
            own = self._changes.get((layer, out, source))
            words = "" if own is None else own.words
            if carried is None or not _is_number(carried):
                pale += line(*ends, "e-bg")
            elif other or words or not self._changes:
                stroke = stroke_width(carried, largest, 0.9, 4.4) if carried else 0.5
                ink += line(*ends, "e-neg" if carried < 0 else "e-pos", width=stroke)
            else:
                pale += line(*ends, "e-bg neg" if carried < 0 else "e-bg")
            if words and label_all:
                x, y = ends[0] + (ends[2] - ends[0]) * 0.4, ends[1] + (ends[3] - ends[1]) * 0.4
                half = text_width(words, 10.5) / 2 + 4
                labels += rect(x - half, y - 8, 2 * half, 16, "fl-tag", 'rx="2"')
                labels += text(x, y + 3.8, words, "lab fl-words", anchor="middle")
        return pale + ink + labels

    def _carried(self, layer: int, out: int, source: int) -> tuple[float | None, bool]:
        """Weight times what the edge carries, and whether that is something else than in the unchanged run."""
        weight = float(self._wiring.weights[layer - 1][out, source])
        own = self._changes.get((layer, out, source))
        if own is not None:
            return weight * own.value, True
        now = self._after[layer - 1][source]
        return (None, False) if now is None else (weight * now, self._differs(layer - 1, source))

    def _ends(self, layer: int, out: int, source: int) -> tuple[float, float, float, float]:
        (x1, y1), (x2, y2) = self._frame.at((layer - 1, source)), self._frame.at((layer, out))
        length = math.hypot(x2 - x1, y2 - y1)
        dx, dy = (x2 - x1) / length, (y2 - y1) / length
        gap = RADIUS + 3
        return x1 + dx * gap, y1 + dy * gap, x2 - dx * gap, y2 - dy * gap

    def edge_links(self) -> str:
        body = ""
        for (layer, out, source), link in self._links.items():
            shown = source is not None and (layer - 1, source) in self._frame.places
            if source is None or not shown or (layer, out) not in self._frame.places:
                continue
            x1, y1, x2, y2 = self._ends(layer, out, source)
            path = f"M{num(x1)} {num(y1)}L{num(x2)} {num(y2)}"
            body += link_element(link, f'<path class="fl-hit" d="{path}"/>')
        return body

    def sites(self) -> str:
        """Neurons with their names and values."""
        body = ""
        for column in self._wiring.columns:
            x = self._frame.x[column.layer]
            for neuron in column.shown:
                drawn = self._site(column.layer, neuron, x, self._frame.places[column.layer, neuron])
                link = self._links.get((column.layer, neuron, None))
                drawn = link_element(link, drawn) if link else f'<g aria-hidden="true">{drawn}</g>'
                body += part(node_name(column.layer, neuron, self._wiring.sizes), drawn)
            if column.n_hidden:
                y = (self._frame.top + self._frame.bottom) / 2 + (column.slots - 1) / 2 * self._frame.gap
                words = text(x, y + 4, f"+{column.n_hidden} more", "lab s halo", anchor="middle")
                body += f'<g aria-hidden="true">{words}</g>'
        return body

    def _site(self, layer: int, neuron: int, x: float, y: float) -> str:
        own = self._changes.get((layer, neuron, None))
        now, was = self._after[layer][neuron], self._before[layer][neuron]
        body = circle(x, y, HIT, "fl-hit") + (circle(x, y, RADIUS + 4.5, "fl-hand") if own else "")
        body += circle(x, y, RADIUS, "n-open")
        if now is None:
            body += text(x, y + 5, "?", "fi", anchor="middle")
        elif _is_number(now) and now:
            radius = max(1.5, DISC * math.sqrt(min(abs(now) / self._largest, 1.0)))
            body += circle(x, y, radius, "fl-plus" if now > 0 else "fl-minus")
        last = layer == self._wiring.last
        name = input_name(neuron) if layer == 0 else node_name(layer, neuron, self._wiring.sizes)
        if layer == 0 or last:
            side, anchor = (-1, "end") if layer == 0 else (1, "start")
            body += text(x + side * (RADIUS + 7), y - 2, name, "fi", anchor=anchor, italic=True)
            body += self._value(x + side * (RADIUS + 7), y + 13, now, was, anchor, stacked=last)
            return body
        label = name if own is None else f"{name} {own.words}"
        body += text(x, y - RADIUS - 10, label, "lab halo" if own else "lab s halo", anchor="middle")
        return body + self._value(x, y + RADIUS + 16, now, was, "middle")

    def _value(
        self, x: float, y: float, now: float | None, was: float | None, anchor: str, *, stacked: bool = False
    ) -> str:
        shown, old = _words(now), _words(was)
        if now is None:
            return text(x, y, "—", "lab s halo", anchor=anchor)
        if shown == old:
            return text(x, y, shown, "lab s halo fl-value", anchor=anchor)
        if stacked:
            first = text(x, y, shown, "lab halo fl-value fl-new", anchor=anchor)
            return first + text(x, y + 13, f"was {old}", "lab s halo fl-value", anchor=anchor)
        return (
            f'<text class="lab halo fl-value" x="{num(x)}" y="{num(y)}" text-anchor="{anchor}">'
            f'<tspan class="fl-old">{esc(old)} → </tspan><tspan class="fl-new">{esc(shown)}</tspan></text>'
        )


def _is_number(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _words(value: float | None) -> str:
    return "—" if value is None else decimal(value)
