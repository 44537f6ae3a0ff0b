"""From a raw mask to a circuit: what is left once edges that lead nowhere or come from nowhere are dropped.

Repeated until nothing changes: the edges out of a hidden neuron without an edge in are dropped, and the edges into a
hidden neuron without an edge out. What is left need not be a possible circuit: an input may have no edge, or nothing
may be left. A hidden neuron that has an edge out and none in in the raw mask is *severed*: its bias alone spoke for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from analysis.errors import InvalidMask
from analysis.networks.circuit import EdgeLayout, possible_circuit


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
    into, out_of = layout.edges_into, layout.edges_out_of
    hidden = [(layer, neuron) for layer, size in enumerate(layout.sizes[1:-1], 1) for neuron in range(size)]
    severed = tuple((layer, one) for layer, one in hidden if raw & out_of[layer][one] and not raw & into[layer][one])
    mask, before = raw, -1
    while mask != before:
        before = mask
        for layer, neuron in hidden:
            if not (mask & into[layer][neuron] and mask & out_of[layer][neuron]):
                mask &= ~(into[layer][neuron] | out_of[layer][neuron])
    try:
        possible_circuit(mask, layout)
    except InvalidMask:
        return Closed(mask, severed, possible=False)
    return Closed(mask, severed, possible=True)
