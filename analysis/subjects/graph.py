"""A graph that can be cut: nodes of a network of any kind, who reads whom, and what bits of a mask stand for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.questions.tasks import INPUT_NAMES

Masks = NDArray[np.bool_]


def number_array(numbers: Iterable[int], n_bits: int) -> NDArray[Any]:
    """Masks of so many bits as an array: uint64 up to 64 bits, Python integers beyond."""
    some = list(numbers)
    array = np.empty(len(some), dtype=np.uint64 if n_bits <= np.iinfo(np.uint64).bits else object)
    array[:] = some
    return array


@dataclass(frozen=True)
class Node:
    """A node: something that a subject computes.

    Args:
        name: ASCII letters, digits and "."; part of addresses.
        label: for people.
        layer: 0 for what the model is given, then from left to right.
        removable: whether a circuit may do without it; what the model is given and what it returns are always there.
        aliases: what other tools call it.
        looks: whether a removable one reads other positions of a row than its own, so that there is a pattern of where.
    """

    name: str
    label: str
    layer: int
    removable: bool = True
    aliases: tuple[str, ...] = ()
    looks: bool = True


@dataclass(frozen=True)
class Edge:
    """An edge: what one node reads from another.

    Args:
        source: position of the node that is read.
        target: position of the node that reads.
        slot: which of the reader's inputs it is; "" if it has one only.
    """

    source: int
    target: int
    slot: str = ""


@dataclass(frozen=True)
class Graph:
    """The nodes and edges of a subject, and which of them the bits of a mask stand for.

    Args:
        nodes: by layer.
        edges: each source before its target.
        cut: "edges" if bit i of a mask stands for edge i, "nodes" if it stands for the i-th removable node; an edge is
            then kept if both its ends are.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    cut: Literal["edges", "nodes"] = "edges"

    @cached_property
    def removable(self) -> tuple[int, ...]:
        """Positions of the nodes that a circuit may do without."""
        return tuple(number for number, node in enumerate(self.nodes) if node.removable)

    @property
    def n_bits(self) -> int:
        """Bits of a mask."""
        return len(self.edges) if self.cut == "edges" else len(self.removable)

    @property
    def n_hex_digits(self) -> int:
        """Digits of a mask as it is written."""
        return -(-self.n_bits // 4)

    @cached_property
    def edge_names(self) -> tuple[str, ...]:
        """The edges as addresses write them: ``SOURCE-TARGET`` or ``SOURCE-TARGET.SLOT``."""
        return tuple(
            f"{self.nodes[one.source].name}-{self.nodes[one.target].name}" + (f".{one.slot}" if one.slot else "")
            for one in self.edges
        )

    @cached_property
    def edge_labels(self) -> tuple[str, ...]:
        """The edges for people."""
        return tuple(name.replace("-", " → ") for name in self.edge_names)

    @cached_property
    def bit_names(self) -> tuple[str, ...]:
        """The name of each bit, as addresses write it: of an edge, or of a node."""
        return self.edge_names if self.cut == "edges" else tuple(self.nodes[one].name for one in self.removable)

    @cached_property
    def ends(self) -> tuple[tuple[int, int], ...]:
        """The nodes that each bit leads from and to; a node leads to the output."""
        if self.cut == "edges":
            return tuple((edge.source, edge.target) for edge in self.edges)
        return tuple((node, len(self.nodes) - 1) for node in self.removable)

    @cached_property
    def readers(self) -> tuple[tuple[tuple[int, ...], ...], ...]:
        """Bits by layer, and there by the node that reads through them; by the node itself where they are nodes."""
        read: dict[int, list[int]] = {}
        for bit, (source, target) in enumerate(self.ends):
            read.setdefault(target if self.cut == "edges" else source, []).append(bit)
        layers: dict[int, list[tuple[int, ...]]] = {}
        for node in sorted(read):
            layers.setdefault(self.nodes[node].layer, []).append(tuple(read[node]))
        return tuple(tuple(layers[layer]) for layer in sorted(layers))

    def kept_edges(self, masks: Masks) -> Masks:
        """Return the flags of the edges that masks ``[masks, bits]`` keep, ``[masks, edges]``."""
        if self.cut == "edges":
            return masks
        there = np.ones((len(masks), len(self.nodes)), dtype=np.bool_)
        there[:, self.removable] = masks
        ends = [(edge.source, edge.target) for edge in self.edges]
        return np.stack([there[:, source] & there[:, target] for source, target in ends], axis=1)

    @cached_property
    def gated_by(self) -> tuple[int | None, ...]:
        """The bit whose gate is on each edge: its own, or of nodes that of the node it leads from; None where no bit
        stands for that.
        """
        if self.cut == "edges":
            return tuple(range(len(self.edges)))
        bits = {node: bit for bit, node in enumerate(self.removable)}
        return tuple(bits.get(edge.source) for edge in self.edges)

    @property
    def of_nodes(self) -> Graph:
        """Return the graph with masks that name nodes."""
        return replace(self, cut="nodes")

    def active_nodes(self, masks: Masks) -> Masks:
        """Decide which nodes take part, ``[masks, removable nodes]``: those that a mask names, or that have a kept
        edge.
        """
        if self.cut == "nodes":
            return masks
        touching = [
            [number for number, edge in enumerate(self.edges) if node in (edge.source, edge.target)]
            for node in self.removable
        ]
        active = [masks[:, edges].any(axis=1) for edges in touching]
        return np.stack(active, axis=1) if active else np.zeros((len(masks), 0), dtype=np.bool_)

    def write(self, mask: Sequence[bool] | Masks) -> str:
        """A mask as hexadecimal digits, bit 0 the least."""
        return self.to_hex(self.number(mask))

    def number(self, mask: Sequence[bool] | Masks) -> int:
        """A mask as a number, bit 0 the least."""
        return int.from_bytes(np.packbits(mask, bitorder="little").tobytes(), "little")

    def to_hex(self, number: int) -> str:
        """A mask that is a number as hexadecimal digits."""
        return f"{number:0{self.n_hex_digits}x}"

    def bits(self, numbers: Sequence[int]) -> Masks:
        """Return the bits ``[masks, bits]`` of masks that are numbers of any length."""
        found = [[number >> bit & 1 for bit in range(self.n_bits)] for number in numbers]
        return np.array(found, dtype=np.bool_).reshape(len(numbers), self.n_bits)


@lru_cache(maxsize=64)
def perceptron_graph(sizes: tuple[int, ...]) -> Graph:
    """The graph of a perceptron cut to one output: inputs x0, x1, …, hidden neurons LAYER.INDEX, the output y0.

    Args:
        sizes: of its layers; edges are in the order of masks (:mod:`pluriscope.analysis.subjects.perceptron.circuit`).
    """
    last, nodes, first = len(sizes) - 1, list[Node](), list[int]()
    for layer, size in enumerate(sizes):
        first.append(len(nodes))
        for neuron in range(size):
            name = f"x{neuron}" if layer == 0 else "y0" if layer == last else f"{layer}.{neuron}"
            drawn = "y" if layer == last else f"n{name}" if layer else INPUT_NAMES[neuron : neuron + 1] or name
            nodes.append(Node(name, drawn, layer, 0 < layer < last, (drawn,), looks=False))
    edges = (
        Edge(first[layer - 1] + source, first[layer] + neuron)
        for layer in range(1, last + 1)
        for neuron in range(sizes[layer])
        for source in range(sizes[layer - 1])
    )
    return Graph(tuple(nodes), tuple(edges))
