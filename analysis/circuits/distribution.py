"""The distribution of circuits over sizes and over the edges and neurons of the network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import add
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout, mask_array
from pluriscope.analysis.subjects.perceptron.mlp import keep_matrices

_MASKS_AT_ONCE: Final = 1 << 16


@dataclass(frozen=True)
class CircuitDistribution:
    """The exact distribution of some circuits over sizes, edges and neurons.

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
        """Add two distributions that have no circuit in common."""
        return CircuitDistribution(
            self.of + other.of,
            _sum(self.by_edges, other.by_edges),
            _sum(self.by_neurons, other.by_neurons),
            tuple(map(add, self.edge_use, other.edge_use)),
            tuple(tuple(map(add, *layers)) for layers in zip(self.neuron_use, other.neuron_use, strict=True)),
        )


def _sum(one: Mapping[int, int], other: Mapping[int, int]) -> dict[int, int]:
    both = Counter(one)
    both.update(other)  # which keeps what is below 0, as it stands in a count under way
    return {n: number for n, number in sorted(both.items()) if number}


def distribution_of(masks: NDArray[Any], layout: EdgeLayout) -> CircuitDistribution:
    """The distribution of listed circuits, of ``[circuits]`` masks."""
    found = CircuitDistribution(0, {}, {}, (0,) * layout.n_edges, tuple((0,) * width for width in layout.sizes[1:-1]))
    for start in range(0, len(masks), _MASKS_AT_ONCE):
        found += distribution_of_kept(keep_matrices(masks[start : start + _MASKS_AT_ONCE], layout))
    return found


def distribution_of_kept(keep: Sequence[NDArray[np.bool_]]) -> CircuitDistribution:
    """Count circuits by size, edge and neuron, from the edges that they keep.

    Args:
        keep: ``[circuits, n_l, n_(l-1)]`` for layers 1 … L.
    """
    edges = np.concatenate([matrix.reshape(len(matrix), -1) for matrix in keep], axis=1)
    active = [matrix.any(axis=2) for matrix in keep[:-1]]
    n_active = sum((layer.sum(axis=1) for layer in active), np.zeros(len(edges), dtype=np.int64))
    return CircuitDistribution(
        len(edges),
        dict(sorted(Counter(edges.sum(axis=1).tolist()).items())),
        dict(sorted(Counter(n_active.tolist()).items())),
        tuple(edges.sum(axis=0).tolist()),
        tuple(tuple(layer.sum(axis=0).tolist()) for layer in active),
    )


def neurons_of(masks: NDArray[Any], layout: EdgeLayout) -> NDArray[np.int64]:
    """Count the hidden neurons that each circuit uses, those with an edge into them; ``[circuits]``."""
    return np.asarray(((masks[:, None] & neuron_edges(layout)) != 0).sum(axis=1), dtype=np.int64)


def neuron_edges(layout: EdgeLayout) -> NDArray[Any]:
    """Return the edges into each hidden neuron as a mask, layer by layer; ``[hidden neurons]``."""
    return mask_array((edges for layer in layout.edges_into[1:-1] for edges in layer), layout)


def minimal_masks(masks: NDArray[Any], work: Work = DEFAULT_WORK, stage: str = "criteria") -> NDArray[Any]:
    """Return the masks, each there once, that have no other among them as a proper subset, fewest bits first.

    Whatever is left once all supersets of smaller minimal ones are gone is minimal itself if it has the fewest bits:
    of two with equally many neither contains the other.

    Args:
        work: reports progress at each number of bits, under the name of a stage; may raise Cancelled.
    """
    left, sizes = masks, np.bitwise_count(masks)
    minimal: list[NDArray[Any]] = [left[:0]]
    while len(left):
        work.report_step(stage, len(masks) - len(left), len(masks), "minimal circuits")
        fewest = left[sizes == sizes.min()]
        minimal.append(fewest)
        for mask in fewest:
            work.check()
            rest = (left & mask) != mask
            left, sizes = left[rest], sizes[rest]
    return np.concatenate(minimal)
