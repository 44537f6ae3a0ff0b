"""The sentence of a drawing, made from its data: what someone who cannot see it needs to know."""

from __future__ import annotations

from collections.abc import Sequence

from pluriscope.figures.numbers import noun
from pluriscope.figures.svg.layout import Wiring, node_name, shape_text
from pluriscope.figures.svg.tiles import Tile, table_name

_LISTED = 12
_EDGES_LISTED = 60


def edges_sentence(wiring: Wiring) -> str:
    """Which edges a circuit keeps, by the neuron they lead to, and which neurons it cuts; "" where nothing is cut."""
    if wiring.keep is None:
        return ""
    groups, listed = [], 0
    for layer, kept in enumerate(wiring.keep):
        for out, row in enumerate(kept):
            sources = [node_name(layer, int(source), wiring.sizes) for source in row.nonzero()[0]]
            listed += len(sources)
            if sources and listed <= _EDGES_LISTED:
                groups.append(f"{', '.join(sources)} to {node_name(layer + 1, out, wiring.sizes)}")
    more = f"; and others, {listed:,} in all" if listed > _EDGES_LISTED else ""
    hidden = [(layer, neuron) for layer in range(1, wiring.last) for neuron in range(wiring.sizes[layer])]
    cut = [node_name(*site, wiring.sizes) for site in hidden if wiring.cut[site[0]][site[1]]]
    others = f" and {len(cut) - _LISTED} more" if len(cut) > _LISTED else ""
    without = f" Neurons cut: {', '.join(cut[:_LISTED])}{others}." if cut else ""
    return f"Edges kept: {'; '.join(groups)}{more}.{without}"


def whole_sentence(title: str, wiring: Wiring, tiles: Sequence[Tile]) -> str:
    """A caller's title, then what is kept of which network, then which neuron carries which function, in order."""
    shape, n_edges = shape_text(wiring.sizes), sum(w.size for w in wiring.weights)
    if wiring.keep is None:
        said = f"Network {shape} with {noun(n_edges, 'weight')}"
    else:
        kept, hidden = int(sum(k.sum() for k in wiring.keep)), wiring.cut[1:-1]
        n_hidden = sum(map(len, hidden))
        active = n_hidden - sum(map(sum, hidden))
        said = (
            f"Circuit of {kept:,} of {noun(n_edges, 'edge')} and {active:,} of {noun(n_hidden, 'hidden neuron')} "
            f"in a {shape} network"
        )
    parts = [
        f"{node_name(tile.layer, tile.neuron, wiring.sizes)} {tile.label or table_name(tile.table)}"
        for tile in sorted(tiles, key=lambda t: (t.layer, t.neuron))
    ]
    if len(parts) > _LISTED:
        parts = [*parts[:_LISTED], f"and {len(parts) - _LISTED} more"]
    return (f"{title}: " if title else "") + said + (f"; {', '.join(parts)}" if parts else "")
