"""The circuit value: a mask over a network's edges, and what follows from it without running anything.

Edge order (spec §3): layer by layer, row-major ``[out][in]``; edge k is bit k of the mask, least significant first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidMask
from pluriscope.analysis.subjects.graph import number_array

MAX_EDGES = 64
"""Edges of the networks whose circuits are searched one by one: as many as an unsigned integer has bits."""
MAX_EDGES_KEPT: Final = 255
"""Edges of the networks of which some circuits are kept in a list where they are counted or sampled."""


EdgeSets = tuple[tuple[int, ...], ...]
"""Of each neuron, layer by layer, a set of edges as a mask."""


@dataclass(frozen=True)
class EdgeLayout:
    """The positions in a mask of the edges of a single-output network.

    Args:
        sizes: layer sizes ``(n0, …, 1)`` of the network cut to the analysed output.
    """

    sizes: tuple[int, ...]

    @cached_property
    def offsets(self) -> tuple[int, ...]:
        """First edge index of each weight matrix, and the number of edges last."""
        offsets = [0]
        for n_in, n_out in zip(self.sizes, self.sizes[1:], strict=False):
            offsets.append(offsets[-1] + n_in * n_out)
        return tuple(offsets)

    @property
    def n_edges(self) -> int:
        return self.offsets[-1]

    @property
    def n_hex_digits(self) -> int:
        return -(-self.n_edges // 4)

    def edge_index(self, layer: int, out: int, source: int) -> int:
        """Index of the edge from neuron ``source`` of layer ``layer − 1`` to neuron ``out`` of layer 1 … L."""
        return self.offsets[layer - 1] + out * self.sizes[layer - 1] + source

    @property
    def edges_into(self) -> EdgeSets:
        """The edges that lead to each neuron of layers 0 … L, none to inputs."""
        return _edge_sets(self.sizes)[0]

    @property
    def edges_out_of(self) -> EdgeSets:
        """The edges that leave each neuron of layers 0 … L, none the output."""
        return _edge_sets(self.sizes)[1]

    def to_hex(self, mask: int) -> str:
        """Lower-case hex, zero-padded to ceil(edges / 4) digits."""
        return f"{int(mask):0{self.n_hex_digits}x}"


@lru_cache(maxsize=512)  # lists and drawings ask for those of one network some hundred times
def _edge_sets(sizes: tuple[int, ...]) -> tuple[EdgeSets, EdgeSets]:
    """The edges into and out of each neuron."""
    layout = EdgeLayout(sizes)
    last = len(sizes) - 1

    def joined(edges: Iterable[int]) -> int:
        return sum(1 << edge for edge in edges)

    into = (
        tuple(
            joined(layout.edge_index(layer, n, s) for s in range(sizes[layer - 1] if layer else 0)) for n in range(size)
        )
        for layer, size in enumerate(sizes)
    )
    out_of = (
        tuple(
            joined(layout.edge_index(layer + 1, o, n) for o in range(sizes[layer + 1] if layer < last else 0))
            for n in range(size)
        )
        for layer, size in enumerate(sizes)
    )
    return tuple(into), tuple(out_of)


@dataclass(frozen=True)
class Circuit:
    """A structurally possible circuit: every active hidden neuron has an edge in and out, every input an edge out.

    Args:
        mask: bit k set = edge k kept.
    """

    layout: EdgeLayout
    mask: int

    @property
    def hex(self) -> str:
        return self.layout.to_hex(self.mask)

    @cached_property
    def keep(self) -> tuple[NDArray[np.bool_], ...]:
        """Kept edges as one Boolean matrix ``[n_l, n_(l-1)]`` per layer."""
        sizes, offsets = self.layout.sizes, self.layout.offsets
        octets = np.frombuffer(self.mask.to_bytes(-(-self.layout.n_edges // 8), "little"), dtype=np.uint8)
        bits = np.unpackbits(octets, count=self.layout.n_edges, bitorder="little").astype(bool)
        return tuple(bits[offsets[i] : offsets[i + 1]].reshape(sizes[i + 1], sizes[i]) for i in range(len(sizes) - 1))

    @cached_property
    def active(self) -> tuple[tuple[bool, ...], ...]:
        """The active neurons of layers 0 … L, as flags (inputs and output always)."""
        sizes, into = self.layout.sizes, self.layout.edges_into
        inner = [tuple(self.mask & edges != 0 for edges in layer) for layer in into[1:-1]]
        return ((True,) * sizes[0], *inner, (True,) * sizes[-1])

    @property
    def n_edges(self) -> int:
        return self.mask.bit_count()

    @property
    def n_neurons(self) -> int:
        """The number of active hidden neurons."""
        return sum(sum(layer) for layer in self.active[1:-1])


def mask_array(masks: Iterable[int], layout: EdgeLayout) -> NDArray[Any]:
    """Masks of a perceptron, as :func:`number_array` gives them."""
    return number_array(masks, layout.n_edges)


def one_mask(mask: int, layout: EdgeLayout) -> Any:
    """A mask, or any set of edges, as the elements of :func:`mask_array` are: to be compared or combined with them."""
    return np.uint64(mask) if layout.n_edges <= MAX_EDGES else mask


def masks_of(edges: NDArray[np.bool_], layout: EdgeLayout) -> NDArray[Any]:
    """The masks of circuits given as ``[circuits, edges]``, as :func:`mask_array` gives them."""
    packed = np.packbits(edges, axis=1, bitorder="little")
    if layout.n_edges > MAX_EDGES:
        return mask_array((int.from_bytes(row.tobytes(), "little") for row in packed), layout)
    octets = np.zeros((len(edges), 8), dtype=np.uint8)
    octets[:, : packed.shape[1]] = packed
    return octets.view("<u8").astype(np.uint64).reshape(-1)


def circuit_from_hex(text: str, sizes: Sequence[int]) -> Circuit:
    """Read a mask as it stands in an address.

    Raises:
        InvalidMask: not hex, of the wrong length, with bits beyond the last edge, or not structurally possible.
    """
    layout = EdgeLayout(tuple(sizes))
    shape = "-".join(map(str, layout.sizes))
    if len(text) != layout.n_hex_digits or any(c not in "0123456789abcdef" for c in text):
        raise InvalidMask(
            f"mask {text[:40]!r}",
            f"is not {layout.n_hex_digits} lower-case hex digits, as a mask of a {shape} network is",
            "copy the mask from the network's list of circuits",
        )
    return possible_circuit(int(text, 16), layout)


def possible_circuit(mask: int, layout: EdgeLayout) -> Circuit:
    """A circuit, if ``mask`` is structurally possible.

    Raises:
        InvalidMask: bits beyond the last edge, an unused input or output, or an active neuron without an edge
            in or out.
    """
    item = f"mask {layout.to_hex(mask)}"
    if mask < 0 or mask >> layout.n_edges:
        raise InvalidMask(item, f"has edges beyond the network's {layout.n_edges}", "copy the mask from the list")
    circuit = Circuit(layout, mask)
    for layer, active in enumerate(circuit.active[:-1]):
        for neuron, out_of in enumerate(layout.edges_out_of[layer]):
            if (mask & out_of != 0) != active[neuron]:
                site = f"neuron {layer}.{neuron}" if layer else f"input {neuron}"
                cause = f"{site} has no edge out" if active[neuron] else f"{site} has an edge out but none in"
                raise InvalidMask(item, f"is no circuit: {cause}", "copy the mask from the network's list of circuits")
    if not all(mask & into for into in layout.edges_into[-1]):
        raise InvalidMask(item, "is no circuit: the output has no edge in", "copy the mask from the list")
    return circuit
