"""Circuits of networks whose units stand in layers: how many there are of each size, drawn uniformly, and reduced.

A unit of a layer reads inputs of the layer's own and the units of the layer before; outputs read the last units. A unit
takes part if it reads something that does, and something that does reads it. Outputs are there in every circuit. Masks
name edges or units.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate
from math import comb
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.subjects.classifier import Array, Classifier
from pluriscope.analysis.subjects.graph import Edge, Graph, Masks, Node
from pluriscope.analysis.subjects.subject import Space

MAX_EDGES: Final = 256


@dataclass(frozen=True)
class _Shape:
    """The shape of a layered network, which decides how many circuits there are of each size."""

    nodes: bool
    inputs: tuple[int, ...]  # of each layer
    units: tuple[int, ...]  # likewise
    outputs: int  # 0 with nodes
    n_bits: int


def edge_counts(inputs: Sequence[int], units: Sequence[int], outputs: int) -> list[tuple[int, int]]:
    """Readers and what each may read, for each layer and the outputs.

    Args:
        inputs: of each layer.
        units: of each layer.
        outputs: of the network.

    Raises:
        BeyondLimits: there are too many edges.
    """
    layers = zip((*units, outputs), (*inputs, 0), (0, *units), strict=True)
    found = [(readers, own + before) for readers, own, before in layers]
    if (n_edges := sum(readers * sources for readers, sources in found)) > MAX_EDGES:
        cause = f"has {n_edges:,} edges, and {MAX_EDGES} are the most"
        raise BeyondLimits("model", cause, "use fewer units or layers, or shorter rows")
    return found


class LayeredSpace(Space):
    """The circuits of a network in layers.

    Args:
        subject: the network.
        inputs: of each layer the names of its inputs.
        units: of each layer the names of its units.
        nodes: whether masks name units, otherwise edges.
        means: whether what is absent carries its mean, otherwise 0.
    """

    def __init__(
        self,
        subject: Classifier,
        inputs: Sequence[Sequence[str]],
        units: Sequence[Sequence[str]],
        *,
        nodes: bool,
        means: bool,
    ) -> None:
        super().__init__(subject, means)
        self._names = inputs, units
        n_outputs = len(subject.outputs)
        n_inputs, n_units = (tuple(map(len, names)) for names in self._names)
        each = edge_counts(n_inputs, n_units, n_outputs)
        # the edges [readers, sources] into each layer, its own inputs first, and into the outputs
        *ends, self._n_edges = accumulate(readers * sources for readers, sources in each)
        *self._into, self._out = (
            edges.reshape(size) for edges, size in zip(np.split(np.arange(self._n_edges), ends), each, strict=True)
        )
        self.n_bits = sum(n_units) if nodes else self._n_edges
        self._shape = _Shape(nodes, n_inputs, n_units, 0 if nodes else n_outputs, self.n_bits)

    @cached_property
    def graph(self) -> Graph:
        inputs, units = self._names
        nodes = [Node(name, name, 0, False, looks=False) for names in inputs for name in names]
        edges, before, first = list[Edge](), list[int](), 0
        for layer, (given, names) in enumerate(zip(inputs, units, strict=True), start=1):
            sources, first = [*range(first, first + len(given)), *before], first + len(given)
            before = [*range(len(nodes), len(nodes) + len(names))]
            nodes += [Node(name, name, layer, looks=False) for name in names]
            edges += [Edge(source, target) for target in before for source in sources]
        for k, label in enumerate(self._subject.outputs):
            edges += [Edge(source, len(nodes)) for source in before]
            nodes.append(Node(f"y{k}", label, len(units) + 1, False, looks=False))
        return Graph(tuple(nodes), tuple(edges), "nodes" if self._shape.nodes else "edges")

    @cached_property
    def possible_by_bits(self) -> dict[int, int]:
        counts = enumerate(_digits(_from(self._shape, _first(self._shape, 0, 0)), self.n_bits + 1))
        return {bits: count for bits, count in counts if count and (bits or self._shape.nodes)}

    def draw(self, bits: NDArray[np.int64], chance: np.random.Generator) -> Masks:
        """Reader by reader, by exact counts of what may follow."""
        masks, dice = np.zeros((len(bits), self.n_bits), dtype=np.bool_), random.Random(chance.bytes(32))  # noqa: S311
        shape = self._shape
        nodes = [part[:, None] for part in self._of_layers(np.arange(self.n_bits))] if shape.nodes else []
        for mask, left in zip(masks, bits.tolist(), strict=True):
            active = list[int]()
            for layer, readers in enumerate(nodes or (*self._into, self._out)):
                inputs = shape.inputs[layer] if layer < len(shape.units) else 0
                free, waiting, active = [*range(inputs)], [inputs + unit for unit in active], list[int]()
                for reader, into in enumerate(readers):
                    state = layer, reader, len(free), len(waiting), len(active)
                    options, ends = _options(shape, state, left)
                    new, kept = options[bisect_right(ends, dice.randrange(ends[-1]))]
                    if new < 0:
                        continue
                    dice.shuffle(waiting)
                    mask[into if shape.nodes else into[waiting[:new] + dice.sample(free, kept - new)]] = True
                    free, waiting, left = free + waiting[:new], waiting[new:], left - kept
                    active += [reader] if layer < len(shape.units) else []
        return masks

    def _of_layers(self, nodes: NDArray[Any]) -> list[NDArray[Any]]:
        """Split the last axis, of units, by layer."""
        return np.split(nodes, [*accumulate(self._shape.units)][:-1], axis=-1)

    def reduce(self, masks: Masks) -> Masks:
        """As by the graph, a layer at a time, which for one mask of many edges is eight times as quick."""
        left, inputs = masks.copy(), self._shape.inputs
        if self._shape.nodes:
            layers = self._of_layers(left)
            fed: Masks = np.stack([layer.any(axis=1) for layer in layers])
            for layer, n_inputs in enumerate(inputs):
                fed[layer] &= bool(n_inputs) | fed[layer - 1]
            read: Masks = np.logical_and.accumulate(fed[::-1])[::-1]
            return np.concatenate([layer & there[:, None] for layer, there in zip(layers, read, strict=True)], axis=1)
        reached: Masks = np.zeros((len(left), 0), dtype=np.bool_)
        for into, n_inputs in zip(self._into, inputs, strict=True):
            left[:, into[:, n_inputs:]] &= reached[:, None]
            reached = np.any(left[:, into], axis=2)
        left[:, self._out] &= reached[:, None]
        read = np.any(left[:, self._out], axis=1)
        for into, n_inputs in zip(self._into[::-1], inputs[::-1], strict=True):
            left[:, into] &= read[:, :, None]
            read = np.any(left[:, into[:, n_inputs:]], axis=1)
        return left

    def effects_of_bits(self, each: Sequence[Array]) -> Array:
        """Convert the effects ``[readers, sources]`` of edges into each layer and into the outputs to those of bits, as
        :meth:`~pluriscope.analysis.subjects.subject.Space.effects` returns them.
        """
        if self._shape.nodes:  # a unit that is not there is cut from all that read it
            own = (*self._shape.inputs[1:], 0)
            return np.concatenate(
                [np.add.accumulate(one, axis=0)[-1][n_inputs:] for one, n_inputs in zip(each[1:], own, strict=True)]
            )
        return np.concatenate([one.ravel() for one in each])


# Numbers of circuits by their bits are digits of one number, to a base that none of them reaches.
_State = tuple[int, int, int, int, int]
"""A layer, or the outputs after the last, and of its readers one; how many sources it may read beside those that are
still to be read by some reader; how many of these; how many units of the layer take part.
"""


def _choices(shape: _Shape, state: _State) -> Iterator[tuple[_State, int, int]]:
    """Yield the choices of a reader: the next one's place, the ways by their bits, and how many sources that waited it
    reads.
    """
    layer, reader, others, waiting, active = state
    weight, unit = 1 << shape.n_bits + 1, layer < len(shape.units)
    if unit:
        yield (layer, reader + 1, others, waiting, active), 1, -1  # takes no part
    if shape.nodes:
        if others or waiting:
            yield (layer, reader + 1, others + waiting, 0, active + 1), weight, waiting
        return
    for new in range(waiting + 1):
        ways = comb(waiting, new) * ((1 + weight) ** others - (unit and not new)) * weight**new
        yield (layer, reader + 1, others + new, waiting - new, active + unit), ways, new


@lru_cache(1 << 16)
def _from(shape: _Shape, state: _State) -> int:
    """The ways for a reader and all after it."""
    layer, reader, _, waiting, active = state
    if reader < (*shape.units, shape.outputs)[layer]:
        return sum(ways * _from(shape, onward) for onward, ways, _ in _choices(shape, state))
    if waiting or layer == len(shape.units):
        return int(not waiting)
    return _from(shape, _first(shape, layer + 1, active))


def _first(shape: _Shape, layer: int, before: int) -> _State:
    """The place of a layer's first reader; outputs, which masks of nodes do not name, read the last units alone."""
    if layer < len(shape.units):
        return layer, 0, shape.inputs[layer], before, 0
    return layer, 0, 0, 0 if shape.nodes else before, 0


@lru_cache(1 << 12)
def _digits(number: int, width: int) -> tuple[int, ...]:
    return tuple(number >> at & (1 << width) - 1 for at in range(0, number.bit_length(), width))


@lru_cache(1 << 16)
def _options(shape: _Shape, state: _State, left: int) -> tuple[list[tuple[int, int]], list[int]]:
    """List the numbers of waiting sources and of bits that a reader may have, with so many bits left for it and all
    after it; and the ways, added up.
    """
    found = {}
    for onward, ways, new in _choices(shape, state):
        after = _digits(_from(shape, onward), shape.n_bits + 1)
        for kept, count in enumerate(_digits(ways, shape.n_bits + 1)):
            if count and 0 <= left - kept < len(after):
                found[new, kept] = count * after[left - kept]
    return [*found], [*accumulate(found.values())]
