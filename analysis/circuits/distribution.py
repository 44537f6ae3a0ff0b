"""How circuits spread over sizes and over the network's edges and neurons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from operator import add
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.networks.circuit import EdgeLayout, kept_edges, mask_array

_MASKS_AT_ONCE: Final = 1 << 16


@dataclass(frozen=True)
class CircuitDistribution:
    """Numbers of circuits, exact, of the circuits looked at.

    Args:
        of: circuits looked at: all valid ones where they were listed or counted, those among the tested ones in an
            estimate.
        by_edges: edges → circuits with so many, ascending; sizes that do not occur are left out.
        by_neurons: active hidden neurons → circuits, likewise.
        edge_use: for each edge in mask order, circuits that keep it.
        neuron_use: for each hidden layer and neuron, circuits in which it is active.
    """

    of: int
    by_edges: Mapping[int, int]
    by_neurons: Mapping[int, int]
    edge_use: tuple[int, ...]
    neuron_use: tuple[tuple[int, ...], ...]

    def __add__(self, other: CircuitDistribution) -> CircuitDistribution:
        """Of both, where no circuit is looked at by each."""
        return CircuitDistribution(
            self.of + other.of,
            dict(sorted((Counter(self.by_edges) + Counter(other.by_edges)).items())),
            dict(sorted((Counter(self.by_neurons) + Counter(other.by_neurons)).items())),
            tuple(map(add, self.edge_use, other.edge_use)),
            tuple(tuple(map(add, *layers)) for layers in zip(self.neuron_use, other.neuron_use, strict=True)),
        )


def distribution_of(masks: NDArray[Any], layout: EdgeLayout) -> CircuitDistribution:
    """The distribution of listed circuits.

    Args:
        masks: ``[circuits]``.
        layout: the edge layout.
    """
    if not len(masks):
        return CircuitDistribution(0, {}, {}, (0,) * layout.n_edges, by_layer([0] * sum(layout.sizes[1:-1]), layout))
    into = neuron_edges(layout)
    by_edges: Counter[int] = Counter()
    by_neurons: Counter[int] = Counter()
    edge_use = np.zeros(layout.n_edges, dtype=np.int64)
    neuron_use = np.zeros(len(into), dtype=np.int64)
    for start in range(0, len(masks), _MASKS_AT_ONCE):
        part = masks[start : start + _MASKS_AT_ONCE]
        by_edges.update(np.bitwise_count(part).tolist())
        edge_use += kept_edges(part, layout).sum(axis=0, dtype=np.int64)
        active = (part[:, None] & into) != 0
        neuron_use += active.sum(axis=0)
        by_neurons.update(active.sum(axis=1).tolist())
    return CircuitDistribution(
        len(masks),
        dict(sorted(by_edges.items())),
        dict(sorted(by_neurons.items())),
        tuple(edge_use.tolist()),
        by_layer(neuron_use.tolist(), layout),
    )


def neuron_edges(layout: EdgeLayout) -> NDArray[Any]:
    """For each hidden neuron, layer by layer, the edges into it as a mask."""
    masks = [
        ((1 << layout.sizes[layer - 1]) - 1) << layout.edge_index(layer, neuron, 0)
        for layer in range(1, len(layout.sizes) - 1)
        for neuron in range(layout.sizes[layer])
    ]
    return mask_array(masks, layout)


def by_layer(values: list[int], layout: EdgeLayout) -> tuple[tuple[int, ...], ...]:
    """One value for each hidden neuron, arranged by layer."""
    rest = iter(values)
    return tuple(tuple(next(rest) for _ in range(width)) for width in layout.sizes[1:-1])
