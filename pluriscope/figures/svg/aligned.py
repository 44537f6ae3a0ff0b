"""The aligned diagram: an algorithm above, a network below, one shared axis from inputs to output.

A variable stands at the abscissa of the layer that carries it; dotted leaders join it to its neurons. Nothing is cut in
an alignment, so the network's edges are pale.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from markupsafe import Markup

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.figures.svg.elements import drawing, hued, num, part, stroke, text
from pluriscope.figures.svg.layout import Site, Wiring, input_name, variable_name
from pluriscope.figures.svg.networks import PAD_X, PAD_Y, Diagram, diagram_class, diagram_size, ring_radius
from pluriscope.figures.svg.tiles import NEUTRAL, PLAIN_HUES, Hues, Tile, placement_tiles, tile_group, tile_size
from pluriscope.figures.svg.trees import DrawnNode, Point, drawn_tree

_TILE: Final = 20.0
_ROW: Final = 52.0
_TIGHT_ROW: Final = 42.0


def placed_diagram(
    weights: Sequence[Any],
    algorithm: HighLevelModel,
    alignment: NeuronPlacement,
    *,
    hues: Hues = PLAIN_HUES,
    title: str = "",
) -> Markup:
    """An alignment at full size.

    Args:
        weights: matrices ``[n_l, n_(l-1)]`` of the network cut to the analysed output.
        alignment: where each of its variables is.
        hues: the network's hues, for more than two inputs.
        title: put before the sentence made from the data.
    """
    tiles = tuple(Tile(t.layer, t.neuron, t.table) for t in placement_tiles(algorithm, alignment))
    wiring = Wiring.of(weights, None, ((t.layer, t.neuron) for t in tiles))
    width, net_height = diagram_size(wiring)
    root = drawn_tree(algorithm)
    layer_of = {path: site.layer for path, site in alignment.places}
    posited = {node.path: node for node in root.variables()}
    lowest = {layer_of[path]: node for path, node in posited.items()}
    row_height = _ROW if len(posited) <= 4 else _TIGHT_ROW
    band = max(44.0 + row_height * len(posited), 40.0 + 40.0 * algorithm.n_inputs)
    frame = wiring.place(width, net_height, PAD_X, PAD_Y)
    # each variable has a row of its own, so that no edge runs through another variable's tile
    spots: dict[str, Point] = {
        path: (frame.x[layer_of[path]], 18 + band / 2 + (row - (len(posited) - 1) / 2) * row_height)
        for row, path in enumerate(posited)
    }
    upper = _algorithm(root, algorithm, spots, frame.x, band, hues)
    carried: dict[Site, list[str]] = {}
    for path, site in alignment.places:
        for neuron in site.neurons:
            carried.setdefault((site.layer, neuron), []).append(variable_name(path))
    lower = Diagram(frame, tiles, hues, pale=True, also=carried).body()
    by_site = {(tile.layer, tile.neuron): tile for tile in tiles}
    leads = ""
    for path, site in alignment.places:
        node = posited[path]
        for neuron in site.neurons:
            if (site.layer, neuron) not in frame.places:
                continue
            ny, tile = frame.places[site.layer, neuron] + band, by_site[site.layer, neuron]
            straight = lowest[site.layer] is node and neuron == wiring.columns[site.layer].shown[0]
            lead = _leader(spots[path], (frame.x[site.layer], ny), node, tile, straight=straight, hues=hues)
            leads += part(f"{variable_name(path)} {wiring.name((site.layer, neuron))}", lead)
    body = (
        stroke(f"M0 {num(band + 1)}H{num(width)}", "t-rule")
        + text(0, 14, "algorithm", "lab s")
        + text(0, band + 16, "network", "lab s")
        + upper
        + f'<g transform="translate(0 {num(band)})">{lower}</g>'
        + leads
    )
    sentence = f"{title + ': ' if title else ''}{_sentence(algorithm, alignment, wiring)}"
    return drawing(
        width, band + net_height, body, sentence=sentence, css_class=f"{diagram_class(wiring)} aligned-figure"
    )


def _algorithm(
    root: DrawnNode, algorithm: HighLevelModel, spots: dict[str, Point], x: Sequence[float], band: float, hues: Hues
) -> str:
    """The algorithm's inputs, variables and output, joined."""
    middle = 18 + band / 2
    inputs = {
        input_name(i): (x[0], middle + (i - (algorithm.n_inputs - 1) / 2) * 40) for i in range(algorithm.n_inputs)
    }
    output: Point = (x[-1], middle)
    edges = labels = shapes = ""

    def join(source: Point, target: Point, gap: float, negated: bool) -> None:
        nonlocal edges, labels
        bend = ""
        if source[0] >= target[0] - 1:  # read from the same or a later layer: bow out so that the line can be seen
            bend = f"C{num(source[0] + 46)} {num(source[1])} {num(target[0] + 46)} {num(target[1])} "
        start = source[0] + gap
        end = target[0] + 13 if bend else target[0] - 13
        way = f"M{num(start)} {num(source[1])}{bend or 'L'}{num(end)} {num(target[1])}"
        edges += stroke(way, f"t-edge{' neg' if negated else ''}")
        if negated:
            sign = (source[0] + target[0]) / 2 + (34 if bend else 0), (source[1] + target[1]) / 2 + 4
            labels += text(*sign, "¬", "fi halo", anchor="middle")

    def visit(node: DrawnNode, target: Point, negated: bool) -> None:
        """Draw what node feeds into target; nodes that are neither variable nor root are drawn through."""
        for child in node.children:
            turned = negated != child.negated
            if not child.table:
                join(inputs[child.words], target, 9, turned)
            elif child.posited:
                spot = spots[child.path]
                join(spot, target, tile_size(child.table, _TILE)[0] / 2 + 3, turned)
                visit(child, spot, False)
            else:
                visit(child, target, turned != (child.words == "not"))

    visit(root, output, False)
    for node in root.variables():
        (nx, ny), hue = spots[node.path], hues.of(node.table)
        label = hued(hue, text(nx, ny - 15, node.words, "fv halo", anchor="middle"))
        shapes += part(variable_name(node.path), tile_group(nx, ny, _TILE, node.table, hue) + label)
    for name, (ix, iy) in inputs.items():
        shapes += part(name, text(ix, iy + 4.5, name, "fi", anchor="middle", italic=True))
    half = 0.0
    if root.table:
        half = tile_size(root.table, _TILE)[0] / 2
        through = root.words == "not" and root.children[0].table and not root.children[0].posited
        words = f"not {root.children[0].words}" if through else root.words
        shapes += tile_group(*output, _TILE, root.table, NEUTRAL)
        shapes += text(output[0], output[1] - 15, words, "fi", anchor="middle")
    shapes += text(output[0] + half + 8, output[1] + 4.5, "y", "fi", italic=True)
    return edges + labels + shapes


def _leader(start: Point, end: Point, node: DrawnNode, tile: Tile, *, straight: bool, hues: Hues) -> str:
    """A dotted line from a variable to one of its neurons; round the left of whatever stands between them."""
    (x, y), (nx, ny), radius = start, end, ring_radius(tile)
    if straight:
        way = f"M{num(x)} {num(y + _TILE / 2 + 2)}L{num(nx)} {num(ny - radius - 18)}"
    else:
        bow = 34 + 0.12 * (ny - y)
        half = tile_size(node.table, _TILE)[0] / 2 + 2
        way = (
            f"M{num(x - half)} {num(y + 4)}C{num(x - half - bow)} {num(y + 40)} {num(nx - radius - bow)} "
            f"{num(ny - 40)} {num(nx - radius - 1)} {num(ny - 4)}"
        )
    return hued(hues.of(node.table), stroke(way, "lead"))


def _sentence(algorithm: HighLevelModel, alignment: NeuronPlacement, wiring: Wiring) -> str:
    formulas = {variable.path: variable.shown for variable in algorithm.variables}
    parts = [
        f"{formulas[path]} on {' and '.join(wiring.name((site.layer, n)) for n in site.neurons)}"
        for path, site in alignment.places
    ]
    return f"Algorithm {algorithm.formula} placed: {', '.join(parts) if parts else 'it has no variables to place'}"
