"""Variables on linear directions: a capsule round the layer, and a comb of signed bars for each, below the network or,
in a small drawing, beside it.

A comb has one bar for each neuron of the layer, in the network's own order: up and filled for a positive weight, down
and open for a negative one, scaled to the largest of its row; in a large drawing each carries its number. Where a swap
moves the layer along another direction than the read-out, that one has a comb of its own below it. Edges are pale, as
in every alignment: nothing is cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pluriscope.analysis.explanations.explanation import Claim
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.figures.svg.elements import hued, line, num, part, rect, stroke, text
from pluriscope.figures.svg.layout import Frame, Wiring, node_name
from pluriscope.figures.svg.tiles import Bits, Hues, Tile, bits_of, table_name, tile_group

ROW: Final = 98.0
"""Height of a comb below a large drawing."""
THUMB_ROW: Final = 18.0
"""The same of a small one, beside the network."""
THUMB_LEFT: Final = 62.0
"""Where those begin: the width of the network beside them."""
_BARS_LEFT: Final = 84.0
_BAR: Final = 20.0  # height of the largest
_LEFT: Final = 196.0  # where combs begin
_SLOT: Final = 62.0
_MOST_BARS: Final = 12


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


def claimed(claims: Sequence[Claim], n_inputs: int) -> tuple[list[Tile], list[Direction]]:
    """Claims about neurons as tiles, and claims about directions as such."""
    tiles, directions = [], []
    for claim in claims:
        table = bits_of(claim.function, n_inputs)
        tiles += [Tile(claim.layer, neuron, table, claim.label) for neuron in claim.neurons]
        directions += [Direction(claim.layer, weights, table, claim.label) for weights in claim.directions]
    return tiles, directions


def combs(frame: Frame, directions: Sequence[Direction], hues: Hues, size: tuple[float, float], *, thumb: bool) -> str:
    """A capsule round each layer that carries a direction, and the comb of each, below or beside the network.

    Args:
        size: width and height of the network's drawing.
    """
    (width, height), body, (half, over) = size, "", (6, 6) if thumb else (17, 26)
    for layer in sorted({one.layer for one in directions}):
        x = frame.x[layer]
        ys = [y for site, y in frame.places.items() if site[0] == layer]
        capsule = 2 * half, max(ys) - min(ys) + 2 * over
        body += rect(x - half, min(ys) - over, *capsule, "capsule", f'rx="{half}"')
        body += "" if thumb else text(x + 22, min(ys) - 14, f"layer {layer}", "lab s")
    for number, one in enumerate(directions):
        if thumb:
            body += _small_comb(frame, one, height * (number + 0.5) / len(directions), hues)
        else:
            top = height + ROW * number
            body += stroke(f"M0 {num(top)}H{num(width)}", "t-rule") + _comb(one, top, frame.wiring, hues)
    return body


def combs_width(directions: Sequence[Direction]) -> float:
    """Least width of a large drawing."""
    return _LEFT + _SLOT * max((len(_shown(one)) for one in directions), default=0) + 12


def _small_comb(frame: Frame, direction: Direction, y: float, hues: Hues) -> str:
    """Tile and signed bars of a direction beside the network, with a line from its layer."""
    slot, bars = (120 - _BARS_LEFT) / len(direction.coefficients), ""
    for i, coefficient in enumerate(direction.coefficients):
        bars += _bar(_BARS_LEFT + slot * i, y, 0.6 * slot, 0.4 * THUMB_ROW, coefficient / _largest(direction))
    lead, rail = (
        line(frame.x[direction.layer] + 6, frame.middle, THUMB_LEFT, y, "lead"),
        _rail(_BARS_LEFT - 2, y, 120 - _BARS_LEFT),
    )
    hue = hues.of(direction.table)
    return hued(hue, lead + bars + rail) + tile_group(THUMB_LEFT + 8, y, 13, direction.table, hue, max_width=16.0)


def _comb(direction: Direction, top: float, wiring: Wiring, hues: Hues) -> str:
    """Bar with a number for each neuron of a direction that is read or moved."""
    hue, y, body = hues.of(direction.table), top + 44, ""
    if direction.what == "reads":
        body += tile_group(16, y - 10, 22, direction.table, hue)
        body += hued(hue, text(34, y - 6, _name(direction), "fv"))
        body += text(2, y + 26, f"read off layer {direction.layer}", "lab s")
    else:
        body += text(2, y + 4, f"swapped along, layer {direction.layer}", "lab s")
    shown, bars, labels = _shown(direction), "", ""
    for slot, neuron in enumerate(shown):
        share = direction.coefficients[neuron] / _largest(direction)
        x, name = _LEFT + _SLOT * slot + _SLOT / 2, node_name(direction.layer, neuron, wiring.sizes)
        if share:
            bars += part(name, _bar(x - 9, y, 18, _BAR, share))
        at = y - _BAR * share + (-4 if share >= 0 else 12)
        number = text(x, at, weight_text(direction.coefficients[neuron]), "lab hn", anchor="middle")
        labels += part(name, number + text(x, top + ROW - 7, name, "lab code", anchor="middle"))
    if hidden := len(direction.coefficients) - len(shown):
        labels += text(_LEFT + _SLOT * len(shown) + 4, y + 4, f"+{hidden} smaller", "lab s")
    return body + hued(hue, bars + _rail(_LEFT, y, _SLOT * len(shown))) + labels


def combs_sentence(directions: Sequence[Direction], wiring: Wiring, *, thumb: bool) -> str:
    """Clauses on the direction of each variable, to follow the sentence on the network."""
    if thumb:
        names = (f"{table_name(one.table)} in layer {one.layer}" for one in directions)
        return f"; directions: {', '.join(names)}" if directions else ""
    answer = ""
    for one in directions:
        how = f"read off layer {one.layer}" if one.what == "reads" else "swapped"
        answer += f"; {_name(one)} is {how} along {linear_words(one.layer, one.coefficients, wiring.sizes)}"
    return answer


def _name(direction: Direction) -> str:
    return direction.label or table_name(direction.table)


def _largest(direction: Direction) -> float:
    return max((abs(c) for c in direction.coefficients), default=0.0) or 1.0


def _bar(x: float, y: float, wide: float, most: float, share: float) -> str:
    """A bar up or down from y, so that of the largest weight is ``most`` high."""
    tall = max(1.0, most * abs(share))
    return rect(x, y - tall if share >= 0 else y, wide, tall, "dirbar" if share >= 0 else "dirneg")


def _rail(x: float, y: float, length: float) -> str:
    return stroke(f"M{num(x)} {num(y)}h{num(length)}", "dir", 'stroke-width=".8"')


def _shown(row: Direction) -> list[int]:
    """The neurons whose bars are drawn: all of them, or in a wide layer those with the largest weights."""
    n = len(row.coefficients)
    if n <= _MOST_BARS:
        return list(range(n))
    largest = sorted(range(n), key=lambda i: (-abs(row.coefficients[i]), i))[: _MOST_BARS - 1]
    return sorted(largest)


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
