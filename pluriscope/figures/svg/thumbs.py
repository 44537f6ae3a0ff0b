"""The thumb: one explanation at a glance, 120 × 72 units, readable from 64 px to full width.

Kept edge: ink, three widths by |weight|, dashed if negative. Cut edge: hairline, drawn first. Without a mask nothing is
cut; if tiles or directions are drawn on it, all edges are pale, because an alignment says nothing about edges.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pluriscope.figures.svg.elements import circle, drawing, line, num, rect, text, touchable
from pluriscope.figures.svg.layout import Frame, Keep, Wiring, keep_of, node_name, place, shown_edges, stroke_width
from pluriscope.figures.svg.networks import whole_sentence
from pluriscope.figures.svg.tiles import PLAIN_HUES, Bits, Hues, Tile, table_name, tile_group

_PAD = 9.0
_TILE = 13.0


@dataclass(frozen=True)
class Direction:
    """A variable that lives on a linear direction of a layer.

    Args:
        coefficients: one for each neuron, in order.
        table: truth table of the variable.
        label: the variable's formula.
        what: "reads" for a read-out, "moves" for a swap direction of its own, which thumbs leave out.
    """

    layer: int
    coefficients: tuple[float, ...]
    table: Bits
    label: str = ""
    what: str = "reads"


def circuit_thumb(
    weights: Sequence[Any],
    mask: object = None,
    tiles: Sequence[Tile] = (),
    directions: Sequence[Direction] = (),
    *,
    shared: object = None,
    hues: Hues = PLAIN_HUES,
    title: str = "",
    css_class: str = "thumb",
) -> Markup:
    """A network, circuit, interpretation, alignment or set of directions as a thumb.

    Args:
        weights: matrices ``[n_l, n_(l-1)]``, arrays or nested lists.
        mask: hex, circuit or Boolean matrices; None cuts nothing.
        tiles: variables on neurons. Output tiles are left out: the output is given by the task.
        directions: variables on directions.
        shared: edges that others keep too, as Boolean matrices; they are drawn pale, so that the rest stands out.
        hues: the network's hues, for more than two inputs.
        title: what it is, put before the sentence made from the data.
        css_class: class of the drawing.
    """
    directions = [direction for direction in directions if direction.what == "reads"]
    shown_tiles = [tile for tile in tiles if tile.layer < len(weights)]
    wiring = Wiring.of(weights, mask, ((t.layer, t.neuron) for t in shown_tiles))
    net_height = 72.0 + 12.0 * max(0, wiring.rows - 3)
    width, height = 120.0, net_height + 14.0 * len(directions)
    frame = place(wiring.columns, width, net_height, _PAD, _PAD)
    pale = mask is None and bool(shown_tiles or directions)
    body = _thumb_edges(wiring, frame, pale=pale, shared=keep_of(shared, wiring.sizes))
    body += _nodes(wiring, frame, shown_tiles, plain=not (shown_tiles or directions), hues=hues)
    for row, direction in enumerate(directions):
        first = all(other.layer != direction.layer for other in directions[:row])
        comb = height - 14.0 * (len(directions) - row) + 5
        body += _comb(wiring, frame, direction, comb, hues, capsule=first)
    sentence = whole_sentence(title, wiring, tiles)
    if directions:
        names = ", ".join(f"{table_name(d.table)} in layer {d.layer}" for d in directions)
        sentence += f"; directions: {names}"
    return drawing(width, height, body, sentence=sentence, css_class=css_class, sizing="fluid")


def _thumb_edges(wiring: Wiring, frame: Frame, *, pale: bool, shared: Keep | None) -> str:
    """All edges between shown neurons, cut ones first; shared ones pale."""
    cut = drawn = ""
    for edge in shown_edges(wiring, frame):
        minus = edge.weight < 0
        if not edge.kept:
            cut += line(*edge.ends, "e-cut")
        elif pale or (shared is not None and shared[edge.layer - 1][edge.out, edge.source]):
            drawn += line(*edge.ends, "e-bg neg" if minus else "e-bg")
        else:
            drawn += line(*edge.ends, "e-neg" if minus else "e-pos", width=stroke_width(edge.weight, wiring.largest))
    return cut + drawn


def _nodes(wiring: Wiring, frame: Frame, tiles: Sequence[Tile], *, plain: bool, hues: Hues) -> str:
    by_site = {(tile.layer, tile.neuron): tile for tile in tiles}
    side = min(_TILE, frame.gap - 2) if wiring.rows > 1 else _TILE
    body = ""
    for column in wiring.columns:
        x = frame.x[column.layer]
        for neuron in column.shown:
            y = frame.places[column.layer, neuron]
            if wiring.cut[column.layer][neuron]:
                drawn = circle(x, y, 2.2, "n-cut")
            elif (column.layer, neuron) in by_site:
                table = by_site[column.layer, neuron].table
                drawn = tile_group(x, y, side, table, hues.of(table), max_width=frame.spacing - 4)
            else:
                drawn = circle(x, y, 3.1, "n-on") if plain else circle(x, y, 2.8, "n-open")
            body += drawn
        if column.n_hidden:
            y = frame.top + (frame.bottom - frame.top) / 2 + (column.slots - 1) / 2 * frame.gap
            body += text(x, y + 2.5, f"+{column.n_hidden}", "more", anchor="middle")
    return body


def _comb(wiring: Wiring, frame: Frame, direction: Direction, y: float, hues: Hues, *, capsule: bool) -> str:
    """Tile and signed bars of one direction under its layer; the first there also draws the capsule round the layer."""
    x = frame.x[direction.layer]
    shown = wiring.columns[direction.layer].shown
    body = ""
    if capsule and shown:
        ys = [frame.places[direction.layer, n] for n in shown]
        body += rect(x - 6, min(ys) - 6, 12, max(ys) - min(ys) + 12, "capsule", 'rx="6"')
    largest = max((abs(c) for c in direction.coefficients), default=0.0) or 1.0
    bars = ""
    for i, coefficient in enumerate(direction.coefficients):
        bar = max(1.0, 5.5 * abs(coefficient) / largest)
        top = y - bar if coefficient >= 0 else y
        bars += rect(x + 9 + 7 * i, top, 4, bar, "dirbar" if coefficient >= 0 else "dirneg")
    length = 7 * len(direction.coefficients) + 1
    hue = hues.of(direction.table)
    rail = f'<path class="dir" d="M{num(x + 7)} {num(y)}h{length}" stroke-width=".8"/>'
    return body + f'<g class="v-{hue}">{bars}{rail}</g>' + tile_group(x - 4, y, 11, direction.table, hue)


def part_filter(weights: Sequence[Any], asked: Sequence[str], linked: Callable[[str, Markup], Markup]) -> Markup | None:
    """The drawing; None of a network that is too wide for all of its neurons to be drawn.

    Args:
        weights: matrices ``[n_l, n_(l-1)]`` of the network.
        asked: names of what is kept, those of what is left out behind a ``!``: n1.0, A-n1.0.
        linked: name and its drawing → the drawing as a link.
    """
    wiring = Wiring.of(weights)
    if any(column.n_hidden for column in wiring.columns):
        return None
    frame = place(wiring.columns, 240.0, 168.0, 14.0, 26.0)

    def css(name: str) -> str:
        return "kept" if name in asked else "left" if f"!{name}" in asked else "open"

    body = Markup("")
    for edge in shown_edges(wiring, frame):
        ends = (edge.layer - 1, edge.source), (edge.layer, edge.out)
        name = "-".join(node_name(*site, wiring.sizes) for site in ends)
        x1, y1, x2, y2 = map(num, edge.ends)
        body += linked(name, Markup(touchable(f"M{x1} {y1}L{x2} {y2}", "hit") + line(*edge.ends, css(name))))  # noqa: S704
    for site, y in frame.places.items():
        name, x = node_name(*site, wiring.sizes), frame.x[site[0]]
        label = text(x, y - 11, name, "small", anchor="middle")
        drawn = Markup(circle(x, y - 4, 14, "around") + label + circle(x, y, 6, css(name)))  # noqa: S704
        body += linked(name, drawn) if 0 < site[0] < wiring.last else drawn
    return drawing(240.0, 168.0, body, sentence="Neurons and edges to choose", css_class="parts", sizing="exact")
