"""The sentence of a drawing, made from its data: what someone who cannot see it needs to know."""

from __future__ import annotations

from collections.abc import Sequence

from app.figures.svg.layout import Wiring, node_name, shape_text
from app.figures.svg.tiles import Tile, table_name

_LISTED = 12


def counted(n: int, noun: str, plural: str = "") -> str:
    """A number with its noun: "1 edge", "3 edges"."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def wiring_sentence(wiring: Wiring) -> str:
    """What is kept of which network."""
    shape = shape_text(wiring.sizes)
    n_edges = sum(w.size for w in wiring.weights)
    if wiring.keep is None:
        return f"Network {shape} with {counted(n_edges, 'weight')}"
    kept = int(sum(k.sum() for k in wiring.keep))
    hidden = [(layer, n) for layer in range(1, wiring.last) for n in range(wiring.sizes[layer])]
    active = sum(not wiring.is_cut(*site) for site in hidden)
    return (
        f"Circuit of {kept:,} of {counted(n_edges, 'edge')} and {active:,} of {counted(len(hidden), 'hidden neuron')} "
        f"in a {shape} network"
    )


def tiles_sentence(wiring: Wiring, tiles: Sequence[Tile]) -> str:
    """Which neuron carries which function, in order."""
    parts = [
        f"{node_name(tile.layer, tile.neuron, wiring.sizes)} {tile.label or table_name(tile.table)}"
        for tile in sorted(tiles, key=lambda t: (t.layer, t.neuron))
    ]
    if len(parts) > _LISTED:
        parts = [*parts[:_LISTED], f"and {len(parts) - _LISTED} more"]
    return ", ".join(parts)


def whole_sentence(title: str, wiring: Wiring, tiles: Sequence[Tile]) -> str:
    """A caller's title, then the wiring, then the tiles."""
    parts = [title] if title else []
    parts.append(wiring_sentence(wiring))
    if tiles:
        parts.append(tiles_sentence(wiring, tiles))
    return ": ".join(parts[:2] if title else parts[:1]) + ("; " + parts[-1] if tiles else "")
