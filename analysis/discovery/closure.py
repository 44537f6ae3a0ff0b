"""From a raw mask to a circuit: what is left once edges that lead nowhere or come from nowhere are dropped.

Repeated until nothing changes: the edges out of a hidden neuron without an edge in are dropped, and the edges into a
hidden neuron without an edge out. What is left need not be a possible circuit: an input may have no edge, or nothing
may be left. A hidden neuron that has an edge out and none in in the raw mask is *severed*: its bias alone spoke for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.errors import InvalidMask
from analysis.networks.circuit import Circuit, EdgeLayout, masks_of, possible_circuit


@dataclass(frozen=True)
class Closed:
    """A raw mask's circuit.

    Args:
        mask: of the edges that are left.
        severed: hidden neurons, (layer, neuron), that have an edge out and none in in the raw mask.
        possible: whether it is a structurally possible circuit.
    """

    mask: int
    severed: tuple[tuple[int, int], ...]
    possible: bool


def closed(raw: int, layout: EdgeLayout) -> Closed:
    """The circuit of a raw mask."""
    keep = [matrix.copy() for matrix in Circuit(layout, raw).keep]
    severed = tuple(
        (layer, neuron)
        for layer in range(1, len(keep))
        for neuron in range(layout.sizes[layer])
        if keep[layer][:, neuron].any() and not keep[layer - 1][neuron].any()
    )
    changed = True
    while changed:
        changed = False
        for layer in range(1, len(keep)):
            has_in, has_out = keep[layer - 1].any(axis=1), keep[layer].any(axis=0)
            if (has_out & ~has_in).any():
                keep[layer][:, ~has_in] = False
                changed = True
            if (has_in & ~has_out).any():
                keep[layer - 1][~has_out] = False
                changed = True
    edges = np.concatenate([matrix.reshape(-1) for matrix in keep])[None]
    mask = int(masks_of(edges, layout)[0])
    try:
        possible_circuit(mask, layout)
    except InvalidMask:
        return Closed(mask, severed, possible=False)
    return Closed(mask, severed, possible=True)
