"""The thumb: one explanation at a glance, 120 × 72 units, readable from 64 px to full width.

Kept edge: ink, three widths by |weight|, dashed if negative. Cut edge: hairline, drawn first. Without a mask nothing is
cut; if tiles or directions are drawn on it, all edges are pale, because an alignment says nothing about edges.

Beside one another, explanations are drawn with names: the same thumb, a little higher, in which each neuron and each
edge can be pointed at and is then found in every other drawing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress, pairwise
from operator import not_
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from app.figures.numbers import decimal
from app.figures.svg.elements import circle, drawing, line, num, part, text, touchable, weight_label
from app.figures.svg.layout import (
    Frame,
    Keep,
    Wiring,
    edge_name,
    keep_of,
    node_name,
    place,
    stroke_width,
)
from app.figures.svg.sentences import whole_sentence
from app.figures.svg.tiles import PLAIN_HUES, Bits, Hues, Tile, table_name, tile_group, tile_size

_PAD = 9.0
_NAMED_PAD = 13.0  # room for names above and below
_TILE = 13.0
_LETTERS = 4.0
_LETTER = 2.9  # width of one in the name of a function


@dataclass(frozen=True)
class Direction:
    """A variable that lives on a linear direction of a layer.

    Args:
        layer: the layer.
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
    named: bool = False,
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
        named: whether neurons carry their names, and neurons and edges can be pointed at.
    """
    directions = [direction for direction in directions if direction.what == "reads"]
    shown_tiles = [tile for tile in tiles if tile.layer < len(weights)]
    wiring = Wiring.of(weights, mask, ((t.layer, t.neuron) for t in shown_tiles))
    pad = _NAMED_PAD if named else _PAD
    net_height = 72.0 + 12.0 * max(0, wiring.rows - 3) + 2 * (pad - _PAD)
    width, height = 120.0, net_height + 14.0 * len(directions)
    frame = place(wiring.columns, width, net_height, _PAD, pad)
    pale = mask is None and bool(shown_tiles or directions)
    body = _thumb_edges(wiring, frame, pale=pale, shared=keep_of(shared, wiring.sizes), named=named)
    capsules = {direction.layer for direction in directions}
    body += _nodes(wiring, frame, shown_tiles, capsules, plain=not (shown_tiles or directions), hues=hues, named=named)
    for row, direction in enumerate(directions):
        first = all(other.layer != direction.layer for other in directions[:row])
        comb = height - 14.0 * (len(directions) - row) + 5
        body += _comb(wiring, frame, direction, comb, hues, capsule=first, named=named)
    sentence = whole_sentence(title, wiring, tiles)
    if directions:
        names = ", ".join(f"{table_name(d.table)} in layer {d.layer}" for d in directions)
        sentence += f"; directions: {names}"
    return drawing(width, height, body, sentence=sentence, css_class=css_class, sizing="fluid")


def _thumb_edges(wiring: Wiring, frame: Frame, *, pale: bool, shared: Keep | None, named: bool) -> str:
    """All edges between shown neurons, cut ones first; shared ones pale."""
    edges = _edges_between(
        wiring.sizes,
        tuple(column.shown for column in wiring.columns),
        b"".join(w.tobytes() for w in wiring.weights),
        tuple(frame.places.values()),
        frame.x,
    )
    drawn: Sequence[str] = edges.pale if pale else edges.full
    if not pale and shared is not None:
        drawn = [
            soft if both else full for soft, full, both in zip(edges.pale, edges.full, edges.of(shared), strict=True)
        ]
    cut: Sequence[str] = edges.cut
    if named:
        drawn, cut = _named_edges(wiring, frame, drawn), _named_edges(wiring, frame, cut)
    labels = _weights(wiring, frame) if named else ""
    if wiring.keep is None:
        return "".join(drawn) + labels
    kept = edges.of(wiring.keep)
    return "".join(compress(cut, map(not_, kept))) + "".join(compress(drawn, kept)) + labels


def _shown_edges(wiring: Wiring) -> Iterator[tuple[int, int, int]]:
    """(layer that it leads to, neuron, source) of each edge between shown neurons, in the order of masks."""
    for layer in range(1, len(wiring.sizes)):
        for out in wiring.columns[layer].shown:
            for source in wiring.columns[layer - 1].shown:
                yield layer, out, source


def _named_edges(wiring: Wiring, frame: Frame, drawn: Sequence[str]) -> list[str]:
    """Each edge with its name and a wide line to point at."""
    found = []
    for (layer, out, source), markup in zip(_shown_edges(wiring), drawn, strict=True):
        (x1, y1), (x2, y2) = frame.at((layer - 1, source)), frame.at((layer, out))
        hit = touchable(f"M{num(x1)} {num(y1)}L{num(x2)} {num(y2)}", "hit thin")
        found.append(part(edge_name(layer, out, source, wiring.sizes), markup + hit))
    return found


def _weights(wiring: Wiring, frame: Frame) -> str:
    """The weight of each kept edge, to be shown when it or one of its ends is pointed at."""
    body = ""
    for layer, out, source in _shown_edges(wiring):
        if wiring.keep is not None and not wiring.keep[layer - 1][out, source]:
            continue
        (x1, y1), (x2, y2) = frame.at((layer - 1, source)), frame.at((layer, out))
        sources = wiring.columns[layer - 1].shown
        at = 0.42 + 0.2 * sources.index(source) / max(1, len(sources) - 1)
        words = decimal(float(wiring.weights[layer - 1][out, source]))
        label = weight_label(x1 + (x2 - x1) * at, y1 + (y2 - y1) * at + 0.35 * _LETTERS, words, _LETTERS, "tw")
        body += part(edge_name(layer, out, source, wiring.sizes), label)
    return f'<g class="w-all w-asked">{body}</g>'


@dataclass(frozen=True)
class _Edges:
    """The edges between shown neurons of one network, in the order of masks, each drawn in every way that it may be.

    Args:
        numbers: their places in a mask.
        cut: drawn as hairlines.
        pale: drawn by sign alone.
        full: drawn by sign and weight.
    """

    numbers: NDArray[np.intp]
    cut: tuple[str, ...]
    pale: tuple[str, ...]
    full: tuple[str, ...]

    def of(self, keep: Keep) -> list[bool]:
        """For each of them, what Boolean matrices say."""
        told: list[bool] = np.concatenate([matrix.ravel() for matrix in keep])[self.numbers].tolist()
        return told


@lru_cache(maxsize=64)  # the hundreds of thumbs on a list of circuits differ only in which of them they keep
def _edges_between(
    sizes: tuple[int, ...],
    shown: tuple[tuple[int, ...], ...],
    weights: bytes,
    ordinates: tuple[float, ...],
    abscissas: tuple[float, ...],
) -> _Edges:
    """What the thumbs of one network share.

    Args:
        sizes: layer sizes.
        shown: the neurons drawn, layer by layer.
        weights: all weight matrices, float64, one after the other.
        ordinates: of the neurons drawn, in that order.
        abscissas: of the layers.
    """
    values, heights = np.frombuffer(weights), iter(ordinates)
    y = [{neuron: next(heights) for neuron in layer} for layer in shown]
    numbers, ends, first = [], [], 0
    for layer, (n_in, n_out) in enumerate(pairwise(sizes)):
        for out in shown[layer + 1]:
            for source in shown[layer]:
                numbers.append(first + out * n_in + source)
                ends.append((abscissas[layer], y[layer][source], abscissas[layer + 1], y[layer + 1][out]))
        first += n_in * n_out
    places, largest = np.array(numbers, dtype=np.intp), max(float(np.abs(values).max()), 1e-12)
    edges = list(zip(ends, values[places].tolist(), strict=True))
    return _Edges(
        places,
        tuple(line(*at, "e-cut") for at in ends),
        tuple(line(*at, "e-bg neg" if weight < 0 else "e-bg") for at, weight in edges),
        tuple(
            line(*at, "e-neg" if weight < 0 else "e-pos", width=stroke_width(weight, largest)) for at, weight in edges
        ),
    )


def _nodes(
    wiring: Wiring, frame: Frame, tiles: Sequence[Tile], capsules: set[int], *, plain: bool, hues: Hues, named: bool
) -> str:
    """The neurons; ``capsules`` are layers that have one round them."""
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
            if named:
                has_tile = (column.layer, neuron) in by_site and not wiring.cut[column.layer][neuron]
                half = side / 2 if has_tile else 5.8 if column.layer in capsules else 3.1
                drawn = _named(wiring, column.layer, neuron, x, y, drawn, half)
            body += drawn
        if column.n_hidden:
            y = frame.top + (frame.bottom - frame.top) / 2 + (column.slots - 1) / 2 * frame.gap
            body += text(x, y + 2.5, f"+{column.n_hidden}", "more", anchor="middle")
    return body


def _named(wiring: Wiring, layer: int, neuron: int, x: float, y: float, drawn: str, half: float) -> str:
    """A neuron with its name: beside inputs and outputs, above the others."""
    name = node_name(layer, neuron, wiring.sizes)
    if layer == 0:
        words = text(x - half - 1.6, y + 1.4, name, "tn tn-io", anchor="end", italic=True)
    elif layer == wiring.last:
        words = text(x + half + 1.6, y + 1.4, name, "tn tn-io", italic=True)
    else:
        words = text(x, y - half - 1.6, name, "tn", anchor="middle")
    return part(name, touchable(f"M{num(x)} {num(y)}h0", "hit thin dot") + drawn + words)


def _comb(
    wiring: Wiring, frame: Frame, direction: Direction, y: float, hues: Hues, *, capsule: bool, named: bool = False
) -> str:
    """Tile and signed bars of one direction under its layer; the first there also draws the capsule round the layer."""
    x = frame.x[direction.layer]
    shown = wiring.columns[direction.layer].shown
    body = ""
    if capsule and shown:
        ys = [frame.places[direction.layer, n] for n in shown]
        body += (
            f'<rect class="capsule" x="{num(x - 6)}" y="{num(min(ys) - 6)}" width="12" '
            f'height="{num(max(ys) - min(ys) + 12)}" rx="6"/>'
        )
    largest = max((abs(c) for c in direction.coefficients), default=0.0) or 1.0
    bars = ""
    for i, coefficient in enumerate(direction.coefficients):
        bar = max(1.0, 5.5 * abs(coefficient) / largest)
        top = y - bar if coefficient >= 0 else y
        drawn = (
            f'<rect class="{"dirbar" if coefficient >= 0 else "dirneg"}" x="{num(x + 9 + 7 * i)}" y="{num(top)}" '
            f'width="4" height="{num(bar)}"/>'
        )
        bars += part(node_name(direction.layer, i, wiring.sizes), drawn) if named else drawn
    length = 7 * len(direction.coefficients) + 1
    hue = hues.of(direction.table)
    rail = f'<path class="dir" d="M{num(x + 7)} {num(y)}h{length}" stroke-width=".8"/>'
    end, name = x - 6.5 - tile_size(direction.table, 11)[0] / 2, table_name(direction.table)
    fits = len(name) * _LETTER < end  # the tile says it too
    words = text(end, y + 1.6, name, "tv", anchor="end") if named and fits else ""
    return body + f'<g class="v-{hue}">{words}{bars}{rail}</g>' + tile_group(x - 4, y, 11, direction.table, hue)
