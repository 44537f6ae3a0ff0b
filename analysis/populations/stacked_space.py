"""Networks of equal shape as tensors, and the walk through their circuit space, row by row of the judged ones.

What :mod:`analysis.populations.batched_circuits` asks of the device: which circuits may be valid. The space does not
depend on weights, so masks, active sets and combinations are made once for all networks, and every array has the
network as its first axis.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product
from math import prod
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analysis.circuits.prefixes import choices_using_all, source_bits
from analysis.circuits.space import in_space
from analysis.networks.circuit import EdgeLayout
from analysis.networks.network import Activation, Network
from analysis.protocol import Protocol

_FEW: Final = 8  # once at most 1 of so many combinations is left, the other rows are tested on those alone


@dataclass(frozen=True, eq=False)
class NetworkStack:
    """Networks of equal shape as tensors.

    Args:
        first: one of the networks, for what they share.
        weights: ``[network, n_l, n_(l-1)]`` for layers 1 … L.
        biases: ``[network, n_l]``.
        absent: ``[network, n_l]`` for layers 0 … L − 1.
        tolerance: ``[network]``.
    """

    first: Network
    weights: list[Tensor]
    biases: list[Tensor]
    absent: list[Tensor]
    tolerance: Tensor

    @classmethod
    def of(
        cls,
        networks: Sequence[Network],
        absent: Sequence[Sequence[NDArray[np.float64]]],
        tolerances: Sequence[float],
        device: torch.device,
    ) -> NetworkStack:
        def stacked(arrays: Sequence[NDArray[np.float64]]) -> Tensor:
            return torch.from_numpy(np.stack(arrays)).to(device)

        n_layers = len(networks[0].weights)
        return cls(
            networks[0],
            [stacked([network.weights[layer] for network in networks]) for layer in range(n_layers)],
            [stacked([network.biases[layer] for network in networks]) for layer in range(n_layers)],
            [stacked([values[layer] for values in absent]) for layer in range(n_layers)],
            stacked([np.array(tolerance) for tolerance in tolerances]),
        )

    def __len__(self) -> int:
        return len(self.tolerance)


@dataclass(frozen=True, eq=False)
class StackedPrefixes:
    """As :class:`analysis.circuits.prefixes.Prefixes`; ``values`` is ``[network, prefix, active, row]``."""

    active: tuple[int, ...]
    n_active: int
    masks: NDArray[np.uint64]
    values: Tensor

    def __len__(self) -> int:
        return len(self.masks)

    def __getitem__(self, part: slice) -> StackedPrefixes:
        return StackedPrefixes(self.active, self.n_active, self.masks[part], self.values[:, part])


@dataclass(frozen=True, eq=False)
class StackedSpace:
    """The circuit space of a stack of networks.

    Args:
        stack: the networks.
        rows: ``[rows, n0]`` those of the judged rows that are looked at here.
        labels: ``[rows]``.
        max_wrong: rows that a valid circuit may have wrong, of all that are judged.
        cells: most values of one temporary array.
    """

    stack: NetworkStack
    protocol: Protocol
    rows: NDArray[np.float64]
    labels: NDArray[np.float64]
    max_wrong: int
    cells: int

    @property
    def sizes(self) -> tuple[int, ...]:
        return self.stack.first.sizes

    @cached_property
    def layout(self) -> EdgeLayout:
        return EdgeLayout(self.sizes)

    def not_surely_invalid(self) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.uint64]]]:
        """Circuits tested since the last step, over all networks; network and mask of those that may be valid."""
        layer = self.stack.first.n_hidden_layers
        width = self.sizes[layer]
        for batch in self._prefixes(layer - 1):
            admitted = frozenset(n for n in range(1, width + 1) if self._in_space(batch.n_active + n))
            if not admitted:
                continue
            per_prefix = len(self.stack) * width * 2 ** len(batch.active) * len(self.rows)
            step = max(1, self.cells // per_prefix)
            for start in range(0, len(batch), step):
                piece = batch[start : start + step]
                terms = self._terms(piece)
                for subsets in _products(len(batch.active), width, admitted):
                    yield from self._judged(piece, terms, subsets)

    def _in_space(self, n_active: int) -> bool:
        return in_space(n_active, self.sizes, self.protocol)

    def _may_be_active(self, layer: int, n_active: int) -> bool:
        above = self.sizes[layer + 1 : -1]
        return any(self._in_space(n_active + more) for more in range(len(above), sum(above) + 1))

    def _prefixes(self, layer: int) -> Iterator[StackedPrefixes]:
        if layer == 0:
            inputs = torch.from_numpy(np.ascontiguousarray(self.rows.T)).to(self.stack.tolerance.device)
            values = inputs.expand(len(self.stack), 1, *inputs.shape)
            yield StackedPrefixes(tuple(range(self.sizes[0])), 0, np.zeros(1, dtype=np.uint64), values)
            return
        width, n_networks, n_rows = self.sizes[layer], len(self.stack), len(self.rows)
        for batch in self._prefixes(layer - 1):
            n_sources = len(batch.active)
            bits = source_bits(batch.active)
            step = max(1, self.cells // (n_networks * width * 2**n_sources * n_rows))
            for start in range(0, len(batch), step):
                below = batch[start : start + step]
                table = self._activated(self._pre_activations(below, layer), layer)
                for n_active in range(1, width + 1):
                    if not self._may_be_active(layer, below.n_active + n_active):
                        continue
                    at_once = max(1, self.cells // (n_networks * len(below) * n_active * n_rows))
                    for subsets in choices_using_all(n_sources, n_active, at_once):
                        chosen = torch.from_numpy(subsets).to(table.device)
                        for active in combinations(range(width), n_active):
                            edges = np.zeros(len(subsets), dtype=np.uint64)
                            for place, neuron in enumerate(active):
                                shift = np.uint64(self.layout.edge_index(layer, neuron, 0))
                                edges |= bits[subsets[:, place]] << shift
                            values = torch.stack([table[:, :, j, chosen[:, k]] for k, j in enumerate(active)], dim=3)
                            masks = (below.masks[:, None] | edges).ravel()
                            values = values.reshape(n_networks, -1, n_active, n_rows)
                            yield StackedPrefixes(active, below.n_active + n_active, masks, values)

    def _pre_activations(self, below: StackedPrefixes, layer: int) -> Tensor:
        """``[network, prefix, n_l, 2^active, row]`` for each subset of the active sources, bit k the k-th of them."""
        weights, carried = self.stack.weights[layer - 1], self.stack.absent[layer - 1]
        total = self.stack.biases[layer - 1][:, None, :, None, None]
        place = 0
        for source in range(weights.shape[2]):
            weight = weights[:, None, :, source, None, None]
            absent = total + carried[:, source, None, None, None, None] * weight
            if place < len(below.active) and below.active[place] == source:
                kept = total + below.values[:, :, None, place, None, :] * weight
                total = torch.cat([absent.expand_as(kept), kept], dim=3)
                place += 1
            else:
                total = absent
        return total

    def _activated(self, totals: Tensor, layer: int) -> Tensor:
        return activate_tensor(totals, self.stack.first.activation_of(layer), self.stack.first.negative_slope or 0.0)

    def _terms(self, piece: StackedPrefixes) -> Tensor:
        """What each neuron of the last hidden layer adds to the output, ``[n_l, row, network, prefix, 2^active]``."""
        layer = self.stack.first.n_hidden_layers
        values = self._activated(self._pre_activations(piece, layer), layer)
        values[:, :, :, 0] = self.stack.absent[layer][:, None, :, None]
        values *= self.stack.weights[layer][:, None, 0, :, None, None]
        return values.permute(2, 4, 0, 1, 3).contiguous()

    def _judged(
        self, piece: StackedPrefixes, terms: Tensor, subsets: Sequence[Sequence[int]]
    ) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.uint64]]]:
        """All combinations of one product on top of each prefix."""
        n_networks, n_prefixes = len(self.stack), len(piece)
        device = terms.device
        open_terms = [term[..., torch.tensor(s, device=device)] for term, s in zip(terms, subsets, strict=True)]
        n_lead = 0
        while n_lead < len(subsets) - 1 and prod(map(len, subsets[n_lead:])) > self.cells:
            n_lead += 1
        every = (1 << len(piece.active)) - 1
        used = np.zeros(1, dtype=np.int64)
        for choices in subsets[n_lead:]:
            used = (used[:, None] | np.array(choices)).ravel()
        networks_at_once = max(1, self.cells // len(used))
        prefixes_at_once = max(1, self.cells // (len(used) * min(n_networks, networks_at_once)))
        for lead in product(*(range(len(choices)) for choices in subsets[:n_lead])):
            stem: Tensor = self.stack.biases[-1][:, 0, None].expand(len(self.rows), n_networks, n_prefixes)
            lead_used, lead_masks = 0, piece.masks
            for neuron, choice in enumerate(lead):
                stem = stem + open_terms[neuron][..., choice]
                lead_used |= subsets[neuron][choice]
                lead_masks = lead_masks | self._edges(piece, neuron, np.array(subsets[neuron][choice]))
            candidates = np.flatnonzero((used | lead_used) == every)
            for first in range(0, n_networks, networks_at_once):
                group = slice(first, first + networks_at_once)
                for start in range(0, n_prefixes, prefixes_at_once):
                    part = slice(start, start + prefixes_at_once)
                    tail = [term[:, group, part] for term in open_terms[n_lead:]]
                    network, prefix, combination = self._survivors(stem[:, group, part], tail, candidates, group)
                    masks = lead_masks[prefix + start]
                    places = np.unravel_index(combination, [len(choices) for choices in subsets[n_lead:]])
                    for neuron, place in enumerate(places, start=n_lead):
                        masks |= self._edges(piece, neuron, np.array(subsets[neuron])[place])
                    n_stems = (min(group.stop, n_networks) - first) * (min(part.stop, n_prefixes) - start)
                    yield len(candidates) * n_stems, network + first, masks

    def _edges(self, piece: StackedPrefixes, neuron: int, subset: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Edges into and out of one neuron of the last hidden layer, for each subset of its sources."""
        layer = self.stack.first.n_hidden_layers
        into = source_bits(piece.active)[subset] << np.uint64(self.layout.edge_index(layer, neuron, 0))
        out = np.uint64(1 << self.layout.edge_index(layer + 1, 0, neuron))
        edges: NDArray[np.uint64] = into | np.where(subset > 0, out, np.uint64(0))
        return edges

    def _survivors(
        self, stem: Tensor, tail: Sequence[Tensor], candidates: NDArray[np.int64], group: slice
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The candidates that are not surely wrong on too many rows.

        Args:
            stem: ``[row, network, prefix]`` the output's pre-activation so far.
            tail: for each further neuron ``[row, network, prefix, choice]``.
            candidates: numbers of the combinations that are circuits.
            group: the networks.

        Returns:
            Network, prefix and combination of each survivor, by network.
        """
        n_rows, tolerance = len(self.rows), self.stack.tolerance[group]
        n_combinations = prod(term.shape[3] for term in tail)
        alive = torch.zeros(n_combinations, dtype=torch.bool, device=stem.device)
        alive[torch.from_numpy(candidates).to(stem.device)] = True
        alive = alive.expand(*stem.shape[1:], n_combinations)
        wrong = torch.zeros(alive.shape if self.max_wrong else (1,), dtype=torch.int32, device=stem.device)
        row = 0
        while row < n_rows:
            total = stem[row][..., None]
            for term in tail:
                total = (total[..., None] + term[row][:, :, None, :]).flatten(2)
            possible = self._possibly_right(total, self.labels[row], tolerance[:, None, None])
            row += 1
            if self.max_wrong == 0:
                alive = alive & possible
            else:
                wrong += ~possible
                alive = alive & (wrong <= self.max_wrong)
            if row < n_rows and int(alive.count_nonzero()) * _FEW <= alive.numel():
                break
        network, prefix, combination = alive.nonzero(as_tuple=True)
        n_wrong = wrong[network, prefix, combination] if self.max_wrong else torch.zeros_like(network)
        while row < n_rows and len(network):
            total, rest = stem[row, network, prefix], combination
            places = []
            for term in reversed(tail):
                places.append(rest % term.shape[3])
                rest = rest // term.shape[3]
            for term, place in zip(tail, reversed(places), strict=True):
                total = total + term[row, network, prefix, place]
            n_wrong = n_wrong + ~self._possibly_right(total, self.labels[row], tolerance[network])
            kept = n_wrong <= self.max_wrong
            network, prefix, combination, n_wrong = network[kept], prefix[kept], combination[kept], n_wrong[kept]
            row += 1
        return network.cpu().numpy(), prefix.cpu().numpy(), combination.cpu().numpy()

    def _possibly_right(self, totals: Tensor, label: float, tolerance: Tensor) -> Tensor:
        """Whether each output is decided as ``label``, or so near to an edge that only the reference can tell."""
        if label not in (0, 1):
            return torch.zeros_like(totals, dtype=torch.bool)
        first = self.stack.first
        outputs = activate_tensor(totals, first.output_activation, first.negative_slope or 0.0)
        if self.protocol.circuit_decision == "rounding":
            return (outputs - label if label else outputs).abs() <= 0.5 + tolerance
        return outputs >= 0.5 - tolerance if label else outputs <= 0.5 + tolerance


def _products(n_sources: int, width: int, admitted: frozenset[int]) -> Iterator[tuple[tuple[int, ...], ...]]:
    """For each neuron the subsets open to it, as bit sets (0: inactive), in as few products as possible."""
    anything = tuple(range(2**n_sources))
    if admitted == frozenset(range(1, width + 1)):
        yield (anything,) * width
        return
    for size in sorted(admitted):
        for active in combinations(range(width), size):
            yield tuple(anything[1:] if neuron in active else (0,) for neuron in range(width))


def activate_tensor(values: Tensor, activation: Activation, slope: float) -> Tensor:
    """An activation, in a new array or in place."""
    if activation == "leaky_relu":
        return torch.nn.functional.leaky_relu(values, slope)
    if activation == "relu":
        return torch.relu(values)
    if activation == "tanh":
        return torch.tanh(values)
    return torch.sigmoid(values) if activation == "sigmoid" else values.clone()
