"""The diagram of a layered network, large or as a thumb: names, weights and formulas on one layout.

One function draws a whole network, a circuit (mask), an interpretation (mask and tiles), an alignment (tiles, or combs
of directions below, pale edges), and any of them beside others: thick edges that it alone keeps, grey ones that others
keep too, and in one experiment a small square at each variable with its value, dashed where that is forced. In a thumb
a kept edge has one of three widths by |weight|, dashed if negative, and a cut one is a hairline. In a large diagram
weights stand on their edges on a ground of paper, moved along the edge where two would collide; where a layer pair
keeps more than 9 edges each is shown only when its edge or one of its neurons is pointed at, or all of them by a
switch. Each neuron and each edge has its name there, by which it is found in other drawings.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, Final

from markupsafe import Markup

from pluriscope.figures.numbers import decimal, noun
from pluriscope.figures.svg.combs import ROW, THUMB_LEFT, THUMB_ROW, Direction, combs, combs_sentence, combs_width
from pluriscope.figures.svg.elements import circle, drawing, esc, line, num, part, rect, stroke, text, text_width
from pluriscope.figures.svg.layout import (
    TILE,
    Box,
    DrawnEdge,
    Frame,
    Keep,
    Site,
    Wiring,
    keep_of,
    shape_text,
    shortened,
)
from pluriscope.figures.svg.tiles import NEUTRAL, PLAIN_HUES, Hues, Tile, table_name, tile_group, tile_shape, tile_size

PAD_X: Final = 60.0
PAD_Y: Final = 46.0
_MAX_LABELLED_EDGES: Final = 9
_MAX_WEIGHTS: Final = 400
_SMALL: Final = 12.0  # letters of weights

WIDTH, NARROW = 600.0, 360.0
"""Of a drawing beside others, and of one on a phone or a narrow sheet."""
_BIT: Final = 18.0
_THUMB_PAD: Final = 9.0
_THUMB_TILE: Final = 13.0
_LARGE_TILE: Final = 32.0


@dataclass(frozen=True)
class Contrast:
    """Emphasis of a drawing beside others, in place of weights.

    Args:
        alone: edges that it keeps and another does not, as Boolean matrices; None where edges are not compared.
        bits: inputs, variables and output with their values in one experiment.
        forced: neurons whose values are forced in it.
        width: of the drawing; its letters stay as large.
    """

    alone: Keep | None = None
    bits: Mapping[Site, int] | None = None
    forced: Collection[Site] = ()
    width: float = WIDTH


def diagram_size(wiring: Wiring) -> tuple[float, float]:
    """Width and height of a large diagram: 620 × 330 for three layers of three, growing with layers and neurons."""
    width = max(620.0, 2 * PAD_X + 110.0 * (len(wiring.sizes) - 1))
    gap = 119.0 if wiring.rows <= 3 else max(56.0, 119.0 - 21.0 * (wiring.rows - 3))
    return width, 2 * PAD_Y + gap * max(wiring.rows - 1, 1)


def diagram_class(wiring: Wiring, directions: Sequence[Direction] = ()) -> str:
    """Classes of a large diagram; "wide" ones scroll sideways on a phone instead of shrinking."""
    return "big wide" if len(wiring.sizes) > 4 or wiring.rows > 4 or directions else "big"


def network_diagram(
    weights: Sequence[Any],
    mask: object = None,
    tiles: Sequence[Tile] = (),
    directions: Sequence[Direction] = (),
    *,
    thumb: bool = False,
    shared: object = None,
    marked: object = None,
    contrast: Contrast | None = None,
    hues: Hues = PLAIN_HUES,
    title: str = "",
) -> Markup:
    """A network with its weights, or a circuit, an interpretation, an alignment or a set of directions.

    Args:
        weights: matrices ``[n_l, n_(l-1)]``, arrays or nested lists.
        mask: hex, circuit or Boolean matrices; None cuts nothing.
        tiles: variables on neurons. That on the output is grey, and left out of a thumb and beside others, since it is
            the same in all.
        directions: variables on directions, in the order in which they are to stand.
        thumb: whether it is for lists: small, without names and numbers.
        shared: of a thumb the edges that others keep too, which are pale, so that the rest stands out.
        marked: of a thumb the edges that have a broad line beneath them.
        contrast: what it shows beside others.
        hues: the network's hues, for more than two inputs.
        title: what it is, put before the sentence made from the data.
    """
    drawn = [tile for tile in tiles if tile.layer < len(weights)] if thumb or contrast is not None else tiles
    if thumb:
        directions = [one for one in directions if one.what == "reads"]
    wiring = Wiring.of(weights, mask, ((t.layer, t.neuron) for t in drawn))
    pale = mask is None and contrast is None and bool(directions or drawn)  # an alignment says nothing about edges
    least = max(72.0 + 12.0 * max(0, wiring.rows - 3), THUMB_ROW * len(directions))
    width, height = (120.0, least) if thumb else diagram_size(wiring)
    pad, row = ((_THUMB_PAD, _THUMB_PAD), 0.0) if thumb else ((PAD_X, PAD_Y), ROW)
    if contrast is not None and not thumb:
        width, pad = contrast.width, (36.0, PAD_Y)
    elif directions and not thumb:
        width = max(width, combs_width(directions))
    frame = wiring.place(THUMB_LEFT if thumb and directions else width, height, *pad)
    if contrast is not None:
        frame = replace(frame, tile=min(_LARGE_TILE, frame.gap - 30, frame.spacing - 24))
    beneath, alike = (keep_of(one, wiring.sizes) for one in (marked, shared))
    diagram = Diagram(frame, drawn, hues, pale, thumb, contrast, alike, beneath, not (drawn or directions))
    body = diagram.body() + (combs(frame, directions, hues, (width, height), thumb=thumb) if directions else "")
    sentence = whole_sentence(title, wiring, tiles if thumb else drawn)
    sentence += combs_sentence(directions, wiring, thumb=thumb) if directions else ""
    if contrast is not None and contrast.bits is not None:
        values = (f"{wiring.name(site)} {bit}" for site, bit in sorted(contrast.bits.items()))
        sentence += f"; values: {', '.join(values)}"
    return drawing(
        width,
        height + row * len(directions),
        body,
        sentence=sentence,
        details="" if thumb else edges_sentence(wiring),
        css_class="thumb" if thumb else "contrast" if contrast is not None else diagram_class(wiring, directions),
        sizing="fluid" if thumb else "capped",
    )


circuit_thumb: Final = partial(network_diagram, thumb=True)
"""The same at a glance: 120 × 72 units, readable from 64 px to full width."""


def tile_side(table: Sequence[int], side: float = TILE) -> float:
    """Height of a tile on a neuron: wide ones are lower, and cells never fall under 3.5 px."""
    rows, columns = tile_shape(table)
    return max(side if rows == columns or rows == 1 else 0.75 * side, 3.5 * rows)


def ring_radius(tile: Tile | None, side: float = TILE) -> float:
    """Radius of the ring round a tile that is so high, or of the plain circle."""
    if tile is None:
        return 6.5
    width, height = tile_size(tile.table, tile_side(tile.table, side))
    return max(16.0, math.hypot(width, height) / 2 + 2)


@dataclass(frozen=True)
class Diagram:
    """A layered network as it is drawn, large or as a thumb: its edges, neurons, names and values.

    Args:
        frame: the network, and where its neurons stand.
        tiles: variables on neurons.
        hues: the network's hues, for more than two inputs.
        pale: whether edges are background, without their weights.
        thumb: whether it has no names and numbers.
        contrast: what it shows beside others.
        shared: edges that are pale, since others keep them too.
        marked: edges that have a broad line beneath them.
        plain: whether neurons are dots.
        also: further names of neurons, for instance of the variables that they carry.
    """

    frame: Frame
    tiles: Sequence[Tile]
    hues: Hues
    pale: bool = False
    thumb: bool = False
    contrast: Contrast | None = None
    shared: Keep | None = None
    marked: Keep | None = None
    plain: bool = False
    also: Mapping[Site, Sequence[str]] = field(default_factory=dict)

    @cached_property
    def tile(self) -> Mapping[Site, Tile]:
        """The tile of each neuron that has one."""
        return {(tile.layer, tile.neuron): tile for tile in self.tiles}

    def body(self) -> str:
        """Inner markup, to stand alone or under an algorithm."""
        if self.thumb:
            return self._edges() + self._nodes()
        names, boxes = self._names()
        labels = "" if self.pale or self.contrast is not None else self._weights(boxes)
        bits = "" if self.contrast is None or self.contrast.bits is None else self._bits(self.contrast)
        return self._edges() + labels + self._nodes() + names + bits

    def _edges(self) -> str:
        """All edges between shown neurons, cut ones first; in a large drawing between rings, each with its name."""
        left_out = kept = ""
        few = not self.thumb and sum(matrix.size for matrix in self.frame.wiring.weights) <= _MAX_WEIGHTS
        thickness = (0.9, 2.4) if self.thumb else (1.0, 4.0)
        alone = None if self.contrast is None else self.contrast.alone
        for edge in self.frame.edges():
            minus, width, ends = " neg" if edge.weight < 0 else "", None, edge.ends
            if not self.thumb:
                radii = [ring_radius(self.tile.get(end), self.frame.tile) for end in (edge.source, edge.target)]
                ends = shortened(ends, radii[0] + 1.5, radii[1] + 2.5)
            if not edge.kept:
                css = "e-cut" if self.contrast is None else f"e-cut{minus}"
            elif self.pale or edge.among(self.shared):
                css = f"e-bg{minus}"
            elif self.contrast is not None:
                css = f"{'e-only' if edge.among(alone) else 'e-both'}{minus}"
            else:
                css, width = "e-neg" if minus else "e-pos", self.frame.wiring.thickness(edge, *thickness)
            drawn = line(*ends, css, width=width)
            if edge.among(self.marked):
                left_out = line(*ends, "e-mark") + left_out
            if not self.thumb:
                drawn += (_end_bar(ends) if css == "e-neg" else "") + (line(*ends, "hit") if few else "")
                drawn = part(edge.name(self.frame.wiring.sizes), drawn)
            left_out, kept = (left_out, kept + drawn) if edge.kept else (left_out + drawn, kept)
        return left_out + kept

    def _nodes(self) -> str:
        """Neurons, each with its tile if it has one; in a large drawing each with its names."""
        body, wiring, frame = "", self.frame.wiring, self.frame
        side = min(_THUMB_TILE, frame.gap - 2) if wiring.rows > 1 else _THUMB_TILE
        for column in wiring.columns:
            for site in ((column.layer, neuron) for neuron in column.shown):
                (x, y), tile = frame.at(site), self.tile.get(site)
                if wiring.cut[site[0]][site[1]]:
                    drawn = circle(x, y, 2.2 if self.thumb else 6, "n-cut")
                elif tile is None:
                    dot = self.thumb and self.plain
                    drawn = circle(x, y, 3.1, "n-on") if dot else circle(x, y, 2.8 if self.thumb else 6.5, "n-open")
                elif self.thumb:
                    hue = self.hues.of(tile.table)
                    drawn = tile_group(x, y, side, tile.table, hue, max_width=frame.spacing - 4)
                else:
                    hue = NEUTRAL if column.layer == wiring.last else self.hues.of(tile.table)
                    drawn = circle(x, y, ring_radius(tile), "n-ring") if frame.tile == TILE else ""
                    drawn += tile_group(x, y, tile_side(tile.table, frame.tile), tile.table, hue)
                if not self.thumb:
                    names = " ".join([wiring.name(site), *self.also.get(site, ())])
                    drawn = part(names, stroke(f"M{num(x)} {num(y)}h0", "hit dot") + drawn)
                body += drawn
            if column.n_hidden:
                (x, y), more = frame.lowest(column), f"+{column.n_hidden}"
                words = (y + 2.5, more, "more") if self.thumb else (y + 4, f"{more} more", "lab s halo")
                body += text(x, *words, anchor="middle")
        return body

    def _bits(self, contrast: Contrast) -> str:
        """A value in a square at each variable, 1 on ink and 0 on paper; of inputs and output in their place."""
        body = ""
        for site, bit in (contrast.bits or {}).items():
            if site not in self.frame.places:
                continue
            (x, y), tile = self.frame.at(site), self.tile.get(site)
            if 0 < site[0] < self.frame.wiring.last:
                side = 16.0 if tile is None else tile_side(tile.table, self.frame.tile)
                wide, high = (side, side) if tile is None else tile_size(tile.table, side)
                x, y = x + wide / 2 + 6, y + high / 2 - 3
            css = f"fl-bit{' one' if bit else ''}{' forced' if site in contrast.forced else ''}"
            square = rect(x - _BIT / 2, y - _BIT / 2, _BIT, _BIT)
            body += f'<g class="{css}">{square}{text(x, y + 4.5, bit, "lab", anchor="middle")}</g>'
        return body

    def _names(self) -> tuple[str, list[Box]]:
        """Names and formulas of all sites, and the boxes that weights must keep clear of."""
        body, boxes, wiring = "", list[Box](), self.frame.wiring
        kept = [edge for edge in self.frame.edges() if edge.kept]
        for site, y in self.frame.places.items():
            (layer, neuron), x, radius = site, self.frame.x[site[0]], ring_radius(self.tile.get(site), self.frame.tile)
            name, shown = wiring.name(site), wiring.columns[layer].shown
            boxes.append((x - radius, y - radius, x + radius, y + radius))
            if layer == 0:
                body += part(name, text(x - 14, y + 4.5, name, "fi", anchor="end", italic=True))
            elif layer == wiring.last:
                body += part(name, text(x + radius + 6, y + 4.5, name, "fi", italic=True))
            else:
                words, wide = self._hidden_name(site)
                # edges arrive at the lowest neuron from above, so its name stands below
                lines = [y - radius - 6, *([] if self.contrast is not None else [y + radius + 14])]
                if len(shown) > 1 and neuron == shown[-1]:
                    lines.reverse()
                own = [one for one in kept if site in (one.source, one.target)]
                line = min(lines, key=lambda at: sum(_crosses(edge, x, y, wide, at) for edge in own))
                label = f'<text class="lab s halo" x="{num(x)}" y="{num(line)}" text-anchor="middle">{words}</text>'
                body += part(name, label)
                boxes.append((x - wide / 2, line - 11, x + wide / 2, line + 3))
        return body, boxes

    def _hidden_name(self, site: Site) -> tuple[str, float]:
        """Name of a hidden neuron, its formula in its hue where it fits between the layers, and the width."""
        name, tile = self.frame.wiring.name(site), self.tile.get(site)
        if self.frame.wiring.cut[site[0]][site[1]]:
            name += " out"
        wide, formula = text_width(name, 12), ""
        if tile is not None and tile.label:
            with_label = wide + 8 + text_width(tile.label, 13)
            if with_label <= self.frame.spacing - 6:
                wide, hue = with_label, self.hues.of(tile.table)
                formula = f'<tspan class="fl v-{hue}" dx="6">{esc(tile.label)}</tspan>'
        return esc(name) + formula, wide

    def _weights(self, taken: list[Box]) -> str:
        """Weights on kept edges. Where edges are many, the weights are hidden until the reader chooses an edge."""
        places, crowded = label_places(self.frame, taken, _SMALL)
        body = ""
        for edge, x, y in places:
            half = text_width(decimal(edge.weight), _SMALL) / 2 + 0.1 * _SMALL
            ground = rect(x - half, y - 0.9 * _SMALL, 2 * half, 1.15 * _SMALL, "w-ground")
            body += part(
                edge.name(self.frame.wiring.sizes), ground + text(x, y, decimal(edge.weight), "w", anchor="middle")
            )
        return f'<g class="{"w-all w-asked" if crowded else "w-all"}">{body}</g>' if places else ""


def _end_bar(ends: Box) -> str:
    """The bar at the end of an inhibiting edge."""
    x1, y1, x2, y2 = ends
    length = math.dist((x1, y1), (x2, y2))
    dx, dy = 5 * (x2 - x1) / length, 5 * (y2 - y1) / length
    return line(x2 - dy, y2 + dx, x2 + dy, y2 - dx, "e-pos", width=1.6)


def _crosses(edge: DrawnEdge, x: float, y: float, wide: float, line: float) -> bool:
    """Whether an edge of the neuron at (x, y) crosses the neuron's name, so wide, on a base line."""
    x1, y1, x2, y2 = edge.ends
    far = x + wide / 2 if x1 == x else x - wide / 2
    low, high = sorted((y, y1 + (y2 - y1) * (far - x1) / (x2 - x1)))
    return low < line + 3 and high > line - 11


def label_places(frame: Frame, taken: list[Box], size: float) -> tuple[list[tuple[DrawnEdge, float, float]], bool]:
    """Positions of the numbers on kept edges: at 26, 46, 66% by source index, slid along the edge until they touch
    nothing.

    Args:
        frame: the network; one of very many edges has no numbers.
        taken: what they keep clear of; their own boxes are added.
        size: of their letters.

    Returns:
        Each edge with the middle of its number's base line, and whether they are too many to be read at once.
    """
    if sum(matrix.size for matrix in frame.wiring.weights) > _MAX_WEIGHTS:
        return [], True
    kept = [edge for edge in frame.edges() if edge.kept]
    crowded = max(Counter(edge.target[0] for edge in kept).values(), default=0) > _MAX_LABELLED_EDGES
    found = []
    for edge in kept:
        x1, y1, x2, y2 = edge.ends
        sources, targets = (frame.wiring.columns[layer].shown for layer, _ in (edge.source, edge.target))
        rank = sources.index(edge.source[1]) / max(1, len(sources) - 1)
        first = 0.42 if len(targets) == 1 else 0.26 + 0.4 * rank
        lift = -6.0 if abs(y2 - y1) < 20 else 3.5
        half = text_width(decimal(edge.weight), size) / 2
        best: tuple[float, float, float] | None = None
        for step in (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5):
            at = first + 0.05 * step
            if not 0.16 <= at <= 0.84:
                continue
            x, y = x1 + (x2 - x1) * at, y1 + (y2 - y1) * at + lift
            box = (x - half, y - 0.9 * size, x + half, y + 0.25 * size)
            left, above, right, below = box
            near = (other for other in taken if left < other[2] and other[0] < right)  # most are not
            sides = ((min(right, c) - max(left, a), min(below, d) - max(above, b)) for a, b, c, d in near)
            overlap = sum(wide * high for wide, high in sides if high > 0)
            if best is None or overlap < best[0] - 1e-9:
                best = (overlap, x, y)
            if overlap == 0:
                break
        if best is None:
            continue
        _, x, y = best
        taken.append((x - half, y - 0.9 * size, x + half, y + 0.25 * size))
        found.append((edge, x, y))
    return found, crowded


_LISTED = 12
_EDGES_LISTED = 60


def edges_sentence(wiring: Wiring) -> str:
    """Sentence on the edges that a circuit keeps, by the neuron they lead to, and the neurons it leaves out; "" for the
    whole network.
    """
    if wiring.keep is None:
        return ""
    groups, listed = [], 0
    for layer, kept in enumerate(wiring.keep):
        for out, row in enumerate(kept):
            sources = [wiring.name((layer, int(source))) for source in row.nonzero()[0]]
            listed += len(sources)
            if sources and listed <= _EDGES_LISTED:
                groups.append(f"{', '.join(sources)} to {wiring.name((layer + 1, out))}")
    more = f"; and others, {listed:,} in all" if listed > _EDGES_LISTED else ""
    hidden = [(layer, neuron) for layer in range(1, wiring.last) for neuron in range(wiring.sizes[layer])]
    left_out = [wiring.name(site) for site in hidden if wiring.cut[site[0]][site[1]]]
    others = f" and {len(left_out) - _LISTED} more" if len(left_out) > _LISTED else ""
    without = f" Neurons left out: {', '.join(left_out[:_LISTED])}{others}." if left_out else ""
    return f"Edges kept: {'; '.join(groups)}{more}.{without}"


def whole_sentence(title: str, wiring: Wiring, tiles: Sequence[Tile]) -> str:
    """A caller's title, then what is kept of which network, then which neuron carries which function, in order."""
    shape, n_edges = shape_text(wiring.sizes), sum(w.size for w in wiring.weights)
    if wiring.keep is None:
        sentence = f"Network {shape} with {noun(n_edges, 'weight')}"
    else:
        kept, hidden = int(sum(k.sum() for k in wiring.keep)), wiring.cut[1:-1]
        n_hidden = sum(map(len, hidden))
        active = n_hidden - sum(map(sum, hidden))
        sentence = (
            f"Circuit of {kept:,} of {noun(n_edges, 'edge')} and {active:,} of {noun(n_hidden, 'hidden neuron')} "
            f"in a {shape} network"
        )
    parts = [
        f"{wiring.name((tile.layer, tile.neuron))} {tile.label or table_name(tile.table)}"
        for tile in sorted(tiles, key=lambda t: (t.layer, t.neuron))
    ]
    if len(parts) > _LISTED:
        parts = [*parts[:_LISTED], f"and {len(parts) - _LISTED} more"]
    return (f"{title}: " if title else "") + sentence + (f"; {', '.join(parts)}" if parts else "")
