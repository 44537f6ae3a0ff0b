"""All ways to wire the lower layers of a network, in batches, with the activations that they give.

A prefix fixes every edge up to one layer. Prefixes with the same active set in that layer travel together, so that each
step is a handful of array operations. Batches are bounded: however large the space, memory is not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout, mask_array, one_mask
from pluriscope.analysis.subjects.perceptron.network import Network

VALUES_AT_ONCE = 1 << 21  # float64 values in one batch (16 MiB)
_NUMBERS_AT_ONCE = 1 << 15


@dataclass(frozen=True, eq=False)
class Prefixes:
    """Ways to wire the layers up to one layer, all with the same active neurons there.

    Args:
        active: active neurons of that layer, ascending.
        n_active: active hidden neurons so far.
        masks: ``[prefixes]`` edges so far.
        values: ``[prefixes, active, rows]`` activations of the active neurons.
        n_edges: of each, where they are distinguished by it.
    """

    active: tuple[int, ...]
    n_active: int
    masks: NDArray[Any]
    values: NDArray[np.float64]
    n_edges: int = 0

    def __getitem__(self, part: slice) -> Prefixes:
        return replace(self, masks=self.masks[part], values=self.values[part])

    def __len__(self) -> int:
        return len(self.masks)


@dataclass(frozen=True, eq=False)
class Wiring:
    """A network with its rows and rules, from which prefixes of circuits are enumerated.

    Args:
        network: the network cut to one output.
        absent: ``[n_l]`` for layers 0 … L − 1, what absent edges carry.
        rows: ``[rows, n0]`` inputs.
        may_be_active: whether a prefix with so many active hidden neurons, up to that layer, leads anywhere.
    """

    network: Network
    absent: tuple[NDArray[np.float64], ...]
    rows: NDArray[np.float64]
    may_be_active: Callable[[int, int], bool]

    def prefixes(self, layer: int) -> Iterator[Prefixes]:
        """Every prefix up to ``layer`` (0: the inputs), in bounded batches."""
        if layer == 0:
            yield self.inputs
        else:
            every = (batch for below in self.prefixes(layer - 1) for batch in self._extended(below, layer))
            yield from joined(every, VALUES_AT_ONCE)

    @property
    def inputs(self) -> Prefixes:
        """The only way to wire no layer."""
        every = tuple(range(self.network.n_inputs))
        return Prefixes(every, 0, mask_array([0], self.layout), np.ascontiguousarray(self.rows.T)[None])

    @property
    def layout(self) -> EdgeLayout:
        return EdgeLayout(self.network.sizes)

    def _extended(self, below: Prefixes, layer: int) -> Iterator[Prefixes]:
        """Extend each prefix by a layer: every nonempty active set, every choice of edges that uses all sources."""
        width, n_rows = self.network.sizes[layer], below.values.shape[2]
        edges_into = self.edges_into(below.active, layer)
        step = max(1, VALUES_AT_ONCE // (width * 2 ** len(below.active) * n_rows))
        for start in range(0, len(below), step):
            piece = below[start : start + step]
            table = self.activations(piece, layer)
            for n_active in range(1, width + 1):
                if not self.may_be_active(layer, below.n_active + n_active):
                    continue
                at_once = max(1, VALUES_AT_ONCE // (len(piece) * n_active * n_rows))
                for subsets in _using_all(len(below.active), n_active, at_once):
                    for active in combinations(range(width), n_active):
                        edges = np.zeros(len(subsets), dtype=np.uint64)
                        values = np.empty((len(piece), len(subsets), n_active, n_rows))
                        for column, neuron in enumerate(active):
                            edges |= edges_into[neuron][subsets[:, column]]
                            values[:, :, column] = table[:, neuron, subsets[:, column]]
                        yield Prefixes(
                            active,
                            below.n_active + n_active,
                            (piece.masks[:, None] | edges).ravel(),
                            values.reshape(-1, n_active, n_rows),
                        )

    def edges_into(self, active: tuple[int, ...], layer: int) -> list[NDArray[Any]]:
        """Return the masks of the edges into each neuron of ``layer`` from each subset of its active sources,
        ``[2^active]``.
        """
        bits = mask_array([0], self.layout)
        for source in active:
            bits = np.concatenate([bits, bits | one_mask(1 << source, self.layout)])
        firsts = (self.layout.edge_index(layer, neuron, 0) for neuron in range(self.network.sizes[layer]))
        return [bits * one_mask(1 << first, self.layout) for first in firsts]

    def edges_on_top(self, active: tuple[int, ...], sets: NDArray[np.int64]) -> NDArray[Any]:
        """Edges in and above the last hidden layer whose neurons take these sets ``[choices, width]`` of the active."""
        layer, edges = self.network.n_hidden_layers, mask_array([0] * len(sets), self.layout)
        for neuron, (into, chosen) in enumerate(zip(self.edges_into(active, layer), sets.T, strict=True)):
            into[1:] |= one_mask(1 << self.layout.edge_index(layer + 1, 0, neuron), self.layout)
            edges |= into[chosen]
        return edges

    def terms(self, below: Prefixes) -> NDArray[np.float64]:
        """Compute what each neuron of the last hidden layer adds to the output for each subset of its active sources.

        Shape as of :meth:`activations`; without a source it is what an absent neuron carries that is added.
        """
        layer = self.network.n_hidden_layers
        values = self.activations(below, layer)
        values[:, :, 0] = self.absent[layer][:, None]
        values *= self.network.weights[-1][0][:, None, None]
        return values

    def activations(self, below: Prefixes, layer: int) -> NDArray[np.float64]:
        """Activation of each neuron of ``layer`` for each subset of its active sources.

        Returns:
            ``[prefixes, n_l, 2^active, rows]``; bit k of a subset is source ``below.active[k]``.
        """
        weights, biases = self.network.weights[layer - 1], self.network.biases[layer - 1]
        carried = self.absent[layer - 1]
        total = np.broadcast_to(biases[:, None, None], (len(below), len(biases), 1, below.values.shape[2]))
        column = 0
        for source in range(weights.shape[1]):
            weight = weights[:, source, None, None]
            absent = total + carried[source] * weight
            if column < len(below.active) and below.active[column] == source:
                kept = total + below.values[:, None, None, column] * weight
                total = np.concatenate([absent, kept], axis=2)
                column += 1
            else:
                total = absent
        return self.network.function_of(layer).value(total)


def _using_all(n_sources: int, n_neurons: int, at_once: int) -> Iterator[NDArray[np.int64]]:
    """Every choice ``[choices, neurons]`` of one nonempty set of sources per neuron in which each source is used."""
    n_numbers = (2**n_sources - 1) ** n_neurons
    for start in range(0, n_numbers, _NUMBERS_AT_ONCE):
        choices = _choices(n_sources, n_neurons, start, min(start + _NUMBERS_AT_ONCE, n_numbers))
        for first in range(0, len(choices), at_once):
            yield choices[first : first + at_once]


@lru_cache(maxsize=32)
def _choices(n_sources: int, n_neurons: int, start: int, stop: int) -> NDArray[np.int64]:
    shape = (2**n_sources - 1,) * n_neurons
    choices: NDArray[np.int64] = np.stack(np.unravel_index(np.arange(start, stop), shape), axis=1) + 1
    used = np.bitwise_or.reduce(choices, axis=1)
    using_all: NDArray[np.int64] = choices[used == 2**n_sources - 1]
    return using_all


def joined(batches: Iterable[Prefixes], most: int) -> Iterator[Prefixes]:
    """Join batches that are alike, whenever those that wait have come to more than so many values."""
    pending: dict[tuple[tuple[int, ...], int, int], list[Prefixes]] = defaultdict(list)
    n_values = 0
    for batch in chain(batches, [None]):
        if batch is not None:
            pending[batch.active, batch.n_active, batch.n_edges].append(batch)
            n_values += batch.values.size
        if batch is None or n_values > most:
            groups, n_values = list(pending.values()), 0
            pending.clear()
            for parts in groups:
                masks = np.concatenate([part.masks for part in parts])
                yield replace(parts[0], masks=masks, values=np.concatenate([part.values for part in parts]))
