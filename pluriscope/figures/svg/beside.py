"""Explanations beside each other, in one scale, with the values that they give in one experiment.

An explanation: each variable as a tile with its name, thick edges that it alone keeps, grey ones that others keep too,
pale ones that it cuts. In one experiment a small square at each variable has its value, dashed where that is forced.
Of a transformer: the row that is asked about.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from pluriscope.figures.svg.elements import circle, drawing, esc, line, num, part, rect, text, text_width
from pluriscope.figures.svg.layout import Keep, Site, Wiring, node_name, place, shown_edges
from pluriscope.figures.svg.sentences import edges_sentence, whole_sentence
from pluriscope.figures.svg.tiles import PLAIN_HUES, Hues, Tile, tile_group, tile_size

WIDTH: Final = 600.0
NARROW: Final = 360.0
_PAD_X: Final = 36.0
_PAD_Y: Final = 42.0
_TILE: Final = 32.0
_END: Final = 13.0  # radius of inputs and output
_BIT: Final = 18.0


def explanation_beside(
    weights: Sequence[Any],
    mask: object = None,
    tiles: Sequence[Tile] = (),
    *,
    alone: Keep | None = None,
    bits: Mapping[Site, int] | None = None,
    forced: Collection[Site] = (),
    hues: Hues = PLAIN_HUES,
    title: str = "",
    width: float = WIDTH,
) -> Markup:
    """One explanation on its network.

    Args:
        weights: matrices ``[n_l, n_(l-1)]``, arrays or nested lists.
        mask: hex, circuit or Boolean matrices; None cuts nothing.
        tiles: variables on hidden neurons.
        alone: edges that it keeps and another does not, as Boolean matrices; None where edges are not compared.
        bits: inputs, variables and output with their values in one experiment; None for none.
        forced: neurons whose values are forced in it.
        hues: the network's hues, for more than two inputs.
        title: put before the sentence made from the data.
        width: of the drawing; its letters stay as large.
    """
    tiles = [tile for tile in tiles if tile.layer < len(weights)]
    wiring = Wiring.of(weights, mask, ((tile.layer, tile.neuron) for tile in tiles))
    gap = 112.0 if wiring.rows <= 3 else max(64.0, 340.0 / wiring.rows)
    height = 2 * _PAD_Y + gap * max(wiring.rows - 1, 1)
    frame = place(wiring.columns, width, height, _PAD_X, _PAD_Y)
    by_site = {(tile.layer, tile.neuron): tile for tile in tiles}
    cut = kept = nodes = ""
    for edge in shown_edges(wiring, frame):
        only = alone is not None and bool(alone[edge.layer - 1][edge.out, edge.source])
        css = "e-cut" if not edge.kept else "e-only" if only else "e-both"
        drawn = part(edge.name(wiring.sizes), line(*edge.ends, f"{css} neg" if edge.weight < 0 else css))
        cut, kept = (cut, kept + drawn) if edge.kept else (cut + drawn, kept)
    for column in wiring.columns:
        for neuron in column.shown:
            site, (x, y) = (column.layer, neuron), frame.at((column.layer, neuron))
            name, tile = node_name(*site, wiring.sizes), by_site.get(site)
            if column.layer in (0, wiring.last):
                drawn = circle(x, y, _END, "n-open") + text(x, y - 20, name, "fi", anchor="middle", italic=True)
                spot = x, y
            elif tile is None:
                lost = wiring.cut[column.layer][neuron]
                drawn = circle(x, y, 6, "n-cut" if lost else "n-open")
                drawn += text(x, y - 13, f"{name} cut" if lost else name, "lab s halo", anchor="middle")
                spot = x + 14, y + 14
            else:
                wide, high = tile_size(tile.table, min(_TILE, gap - 30), frame.spacing - 24)
                drawn = tile_group(x, y, min(_TILE, gap - 30), tile.table, hues.of(tile.table), frame.spacing - 24)
                drawn += _named(x, y - high / 2 - 7, name, tile, hues, frame.spacing - 8)
                spot = x + wide / 2 + 9 - 3, y + high / 2 - 3
            if bits is not None and site in bits:
                drawn += _bit(*spot, bits[site], dashed=site in forced)
            nodes += part(name, drawn)
        if column.n_hidden:
            y = (frame.top + frame.bottom) / 2 + (column.slots - 1) / 2 * frame.gap
            nodes += text(frame.x[column.layer], y + 4, f"+{column.n_hidden} more", "lab s halo", anchor="middle")
    said = "" if bits is None else f"; values: {_values({site: str(bit) for site, bit in bits.items()}, wiring)}"
    sentence = whole_sentence(title, wiring, tiles) + said
    return drawing(
        width, height, cut + kept + nodes, sentence=sentence, details=edges_sentence(wiring), css_class="beside"
    )


def _named(x: float, y: float, name: str, tile: Tile, hues: Hues, room: float) -> str:
    """A neuron's name, and its variable where there is room for it."""
    words = esc(name)
    if tile.label and text_width(name, 12) + text_width(tile.label, 14) + 6 <= room:
        words += f'<tspan class="fl v-{hues.of(tile.table)}" dx="6">{esc(tile.label)}</tspan>'
    return f'<text class="lab s halo" x="{num(x)}" y="{num(y)}" text-anchor="middle">{words}</text>'


def _bit(x: float, y: float, bit: int, *, dashed: bool) -> str:
    """A value in a square of its own: 1 on ink, 0 on paper."""
    css = "fl-bit one" if bit else "fl-bit"
    square = rect(x - _BIT / 2, y - _BIT / 2, _BIT, _BIT)
    return f'<g class="{css}{" forced" if dashed else ""}">{square}{text(x, y + 4.5, bit, "lab", anchor="middle")}</g>'


def row_asked(tokens: Sequence[str], answer: str) -> Markup:
    """A row of a transformer's task, and what comes after it; a question mark where that is not told."""
    body, side = "", 30.0
    for number, words in enumerate([*tokens, answer or "?"]):
        x, last = 4 + number * (side + 6), number == len(tokens)
        body += rect(x + 6 * last, 4, side, side, "fl-forced" if last else "n-open")
        body += text(x + 6 * last + side / 2, 4 + side / 2 + 4.5, words, "lab", anchor="middle")
    width = 14 + (len(tokens) + 1) * (side + 6)
    return drawing(width, side + 8, body, sentence=f"{' '.join(tokens)} then {answer or '?'}", css_class="beside asked")


def _values(of: Mapping[Site, str], wiring: Wiring) -> str:
    return ", ".join(f"{node_name(*site, wiring.sizes)} {words}" for site, words in sorted(of.items()))
