"""Variables on linear directions: a capsule round the layer, and below the network a comb of signed bars for each.

A comb has one bar for each neuron of the layer, in the network's own order: up and filled for a positive weight, down
and open for a negative one, scaled to the largest of its row; each carries its number. Where a swap moves the layer
along another direction than the read-out, that one has a comb of its own below it. Edges are pale, as in every
alignment: nothing is cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from analysis.explanations.explanation import Claim
from analysis.interventions.subspace import Subspace
from pluriscope.figures.svg.elements import drawing, num, part, rect, text
from pluriscope.figures.svg.layout import Wiring, node_name, place, shape_text
from pluriscope.figures.svg.networks import PAD_X, PAD_Y, diagram_body, diagram_class, diagram_size
from pluriscope.figures.svg.thumbs import Direction, circuit_thumb
from pluriscope.figures.svg.tiles import PLAIN_HUES, Hues, Tile, bits_of, table_name, tile_group

_ROW: Final = 98.0
_BAR: Final = 20.0  # height of the largest
_LEFT: Final = 196.0  # where combs begin
_SLOT: Final = 62.0
_MOST_BARS: Final = 12


def direction_diagram(
    weights: Sequence[Any], rows: Sequence[Direction], *, hues: Hues = PLAIN_HUES, title: str = ""
) -> Markup:
    """A network with the directions on which variables live.

    Args:
        weights: matrices ``[n_l, n_(l-1)]`` of the network cut to the analysed output.
        rows: directions in the order in which they are to stand.
        hues: the network's hues, for more than two inputs.
        title: put before the sentence made from the data.
    """
    wiring = Wiring.of(weights)
    width, height = diagram_size(wiring)
    n_bars = max((len(_shown(row)) for row in rows), default=0)
    width = max(width, _LEFT + _SLOT * n_bars + 12)
    frame = place(wiring.columns, width, height, PAD_X, PAD_Y)
    body = diagram_body(wiring, frame, (), pale=True, hues=hues)
    for layer in sorted({row.layer for row in rows}):
        ys = [frame.places[layer, neuron] for neuron in wiring.columns[layer].shown] or [frame.top, frame.bottom]
        body += rect(frame.x[layer] - 17, min(ys) - 26, 34, max(ys) - min(ys) + 52, "capsule", 'rx="17"')
        body += text(frame.x[layer] + 22, min(ys) - 14, f"layer {layer}", "lab s")
    for number, row in enumerate(rows):
        top = height + _ROW * number
        body += f'<path class="t-rule" d="M0 {num(top)}H{num(width)}"/>' + _comb(row, top, wiring, hues)
    sentence = f"{title + ': ' if title else ''}{_sentence(rows, wiring)}"
    whole = height + _ROW * len(rows) + 4
    return drawing(width, whole, body, sentence=sentence, css_class=f"{diagram_class(wiring)} directions-figure")


def claims_diagram(
    weights: Sequence[Any], claims: Sequence[Claim], *, hues: Hues = PLAIN_HUES, title: str = ""
) -> Markup:
    """A network with what is said of its neurons and directions.

    Args:
        weights: matrices ``[n_l, n_(l-1)]`` of the network cut to the analysed output.
        hues: the network's hues, for more than two inputs.
        title: put before the sentence made from the data.
    """
    combs = _combs(claims, weights[0].shape[1])
    if combs:
        return direction_diagram(weights, combs, hues=hues, title=title)
    return claims_thumb(weights, claims, hues=hues, title=title)


def claims_thumb(
    weights: Sequence[Any], claims: Sequence[Claim], *, hues: Hues = PLAIN_HUES, title: str = ""
) -> Markup:
    """The same at a glance, with the same arguments."""
    n_inputs = weights[0].shape[1]
    tiles = [
        Tile(claim.layer, neuron, bits_of(claim.function, n_inputs)) for claim in claims for neuron in claim.neurons
    ]
    return circuit_thumb(weights, None, tiles, _combs(claims, n_inputs), hues=hues, title=title)


def _combs(claims: Sequence[Claim], n_inputs: int) -> list[Direction]:
    return [
        Direction(claim.layer, direction, bits_of(claim.function, n_inputs), claim.label)
        for claim in claims
        for direction in claim.directions
    ]


def _shown(row: Direction) -> list[int]:
    """The neurons whose bars are drawn: all of them, or in a wide layer those with the largest weights."""
    n = len(row.coefficients)
    if n <= _MOST_BARS:
        return list(range(n))
    largest = sorted(range(n), key=lambda i: (-abs(row.coefficients[i]), i))[: _MOST_BARS - 1]
    return sorted(largest)


def _comb(row: Direction, top: float, wiring: Wiring, hues: Hues) -> str:
    hue, y = hues.of(row.table), top + 44
    body = ""
    if row.what == "reads":
        body += tile_group(16, y - 10, 22, row.table, hue)
        body += f'<g class="v-{hue}">{text(34, y - 6, row.label or table_name(row.table), "fv")}</g>'
        body += text(2, y + 26, f"read off layer {row.layer}", "lab s")
    else:
        body += text(2, y + 4, f"swapped along, layer {row.layer}", "lab s")
    largest = max((abs(c) for c in row.coefficients), default=0.0) or 1.0
    shown = _shown(row)
    bars = labels = ""
    for slot, neuron in enumerate(shown):
        coefficient = row.coefficients[neuron]
        x = _LEFT + _SLOT * slot + _SLOT / 2
        size = _BAR * abs(coefficient) / largest
        above = coefficient >= 0
        name = node_name(row.layer, neuron, wiring.sizes)
        if abs(coefficient) > 0:
            tall = max(1.0, size)
            bars += part(name, rect(x - 9, y - tall if above else y, 18, tall, "dirbar" if above else "dirneg"))
        words = weight_text(coefficient)
        number = text(x, y - size - 4 if above else y + size + 12, words, "lab hn", anchor="middle")
        labels += part(name, number + text(x, top + _ROW - 7, name, "lab code", anchor="middle"))
    if len(shown) < len(row.coefficients):
        hidden = len(row.coefficients) - len(shown)
        labels += text(_LEFT + _SLOT * len(shown) + 4, y + 4, f"+{hidden} smaller", "lab s")
    rail = f'<path class="dir" d="M{num(_LEFT)} {num(y)}h{num(_SLOT * len(shown))}" stroke-width=".8"/>'
    return body + f'<g class="v-{hue}">{bars}{rail}</g>' + labels


def weight_text(value: float) -> str:
    """A weight in three significant digits, with a real minus; whole numbers without any."""
    if value == int(value) and abs(value) < 1000:
        words = str(abs(int(value)))
    else:
        words = f"{abs(value):.3g}"
        if "e" in words:
            mantissa, _, exponent = words.partition("e")
            words = f"{mantissa}e{int(exponent)}".replace("e-", "e−")
    return f"−{words}" if value < 0 else words


def site_words(linear: Subspace, sizes: Sequence[int]) -> str:
    """A place for people: ``layer 1 along n1.0 − n1.2``."""
    if linear.dimension > 1:
        return f"a subspace of {linear.dimension} dimensions of layer {linear.layer}"
    return f"layer {linear.layer} along {linear_words(linear.layer, linear.reads[0], sizes)}"


def linear_words(layer: int, coefficients: Sequence[float], sizes: Sequence[int]) -> str:
    """A direction as people write it: ``n1.0 − n1.2``; weights below a thousandth of the largest are left out."""
    largest = float(np.abs(np.asarray(coefficients)).max(initial=0.0))
    parts: list[str] = []
    for neuron, value in enumerate(coefficients):
        if abs(value) <= 1e-3 * largest or value == 0:
            continue
        size = weight_text(abs(value))
        term = node_name(layer, neuron, sizes) if size == "1" else f"{size}·{node_name(layer, neuron, sizes)}"
        parts.append((("−" if value < 0 else "") if not parts else (" − " if value < 0 else " + ")) + term)
    return "".join(parts) or "0"


def _sentence(rows: Sequence[Direction], wiring: Wiring) -> str:
    parts: list[str] = []
    for row in rows:
        words = linear_words(row.layer, row.coefficients, wiring.sizes)
        name = row.label or table_name(row.table)
        parts.append(
            f"{name} is read off layer {row.layer} along {words}"
            if row.what == "reads"
            else f"{name} is swapped along {words}"
        )
    return f"Network {shape_text(wiring.sizes)}: " + ("; ".join(parts) if parts else "no variable to place")
