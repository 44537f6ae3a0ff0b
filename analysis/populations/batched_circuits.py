"""The whole circuit space of many networks of equal shape, validated together in torch on any device.

The space does not depend on weights, so masks, active sets and combinations are made once for all networks, and every
array has the network as its first axis. The search is that of :mod:`analysis.circuits.search`: prefixes up to the last
hidden layer, then an outer sum over its neurons, row by row.

Why the verdicts are those of the reference, on any device. The device only drops a circuit if too many of its rows are
wrong by more than the network's tolerance, which no rounding can bridge (:mod:`analysis.populations.tolerance`). All
others, the right ones and those near a decision's edge, are run again by the reference arithmetic, which alone decides
and whose outputs and margins are reported. Networks whose tolerance is useless (numbers of 10¹¹ and more) or with more
valid circuits than are kept are searched by the reference from the start.

Memory. Every temporary array has at most ``_Budget.cells`` float64 (or one prefix's combinations of one network), and a
handful of them live at once: about 40 MiB on a CPU, 2 GiB on a GPU, however many networks there are. The results come
on top.

On a CPU torch runs in one thread, as in training. Measured on one core against the numpy search network by network,
figures for equal results: 4 times as fast for 2-2-2-2-1 (513 circuits each), 1.5 to 2 times for 2-3-3-1 (9,625), the
same from some 100,000 circuits on, where a single network fills the arrays.
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

from analysis.circuits.circuit import EdgeLayout
from analysis.circuits.prefixes import choices_using_all, source_bits
from analysis.circuits.search import MAX_EDGES, evaluate_circuits, first_rows, judged_rows, mean_rows, search_circuits
from analysis.circuits.space import count_in_space, in_space
from analysis.data import DataRecord
from analysis.errors import InvalidNetwork
from analysis.networks.mlp import ablation_values, batch_activations, keep_matrices
from analysis.networks.network import Activation, Network
from analysis.networks.training import available_device, one_thread
from analysis.populations.tolerance import MOST_TOLERANCE, output_tolerance
from analysis.progress import Progress, Report, silent
from analysis.protocol import Protocol
from analysis.result import CircuitSearch
from analysis.tasks import Task
from analysis.validity import decide, max_wrong

_FEW: Final = 8  # once at most 1 of so many combinations is left, the other rows are tested on those alone


@dataclass(frozen=True)
class _Budget:
    """Float64 values of one temporary array, and networks searched at once."""

    cells: int
    networks: int


_BUDGETS: Final = {"cpu": _Budget(1 << 18, 128)}
_GPU_BUDGET: Final = _Budget(1 << 25, 1024)


def search_circuits_together(
    networks: Sequence[Network],
    task: Task,
    protocol: Protocol,
    data: DataRecord,
    *,
    output: int = 0,
    device: str = "cpu",
    report: Report = silent,
    max_valid: int = 5_000_000,
    max_possible: int = 2_000_000_000,
) -> tuple[CircuitSearch, ...]:
    """Find every valid circuit of every network; the same as :func:`search_circuits` of each.

    Args:
        networks: cut to the analysed output; of equal sizes, activations and slope.
        task: what the output should compute; used unless the data record has labels.
        protocol: circuit space, node sparsity, ablation, decision rule and accuracy threshold.
        data: rows to judge on, and representatives for the outputs reported.
        output: column of ``data.validation_labels``.
        device: torch device; one that has no float64 is passed over for the CPU.
        report: called between chunks with the number of circuits tested over all networks; may raise Cancelled.
        max_valid: valid circuits kept for each network.
        max_possible: refuse a larger space.

    Raises:
        InvalidNetwork: networks of different shapes.
        InvalidTraining: torch knows no such device here.
        BeyondLimits: more than 64 edges, or more than ``max_possible`` circuits.
        InvalidData: labels that do not fit the rows.
    """
    if not networks:
        return ()
    check_equal_shapes(networks)
    place = _with_float64(device)
    first = networks[0]

    def alone(network: Network) -> CircuitSearch:
        return search_circuits(
            network, task, protocol, data, output=output, max_valid=max_valid, max_possible=max_possible
        )

    possible = count_in_space(first.sizes, protocol)
    if EdgeLayout(first.sizes).n_edges > MAX_EDGES or possible > max_possible or first.n_hidden_layers == 0:
        return tuple(map(alone, networks))
    rows, labels = judged_rows(task, data, output)
    absent = [ablation_values(network, protocol.ablation, mean_rows(data)) for network in networks]
    tolerances = [output_tolerance(network, rows, values) for network, values in zip(networks, absent, strict=True)]
    within_reach = [i for i, tolerance in enumerate(tolerances) if tolerance <= MOST_TOLERANCE]
    n_wrong = max_wrong(len(rows), protocol.accuracy_threshold)
    tested = first_rows(len(rows), n_wrong)
    total, done = max(1, possible * len(networks)), 0
    report(Progress("circuits", 0, total))
    searches: dict[int, CircuitSearch] = {}
    budget = _BUDGETS.get(place.type, _GPU_BUDGET)
    for start in range(0, len(within_reach), budget.networks):
        part = within_reach[start : start + budget.networks]
        stack = _Stack.of([networks[i] for i in part], [absent[i] for i in part], [tolerances[i] for i in part], place)
        space = _Space(stack, protocol, rows[tested], labels[tested], n_wrong, budget.cells)
        found = _Gathered(len(part), max_valid)
        with one_thread():
            for n_tested, owner, masks in space.not_surely_invalid():
                found.add(owner, masks)
                done += n_tested
                report(Progress("circuits", min(done, total - 1), total, f"{found.n:,} circuits to confirm"))
        for position, i in enumerate(part):
            candidates = found.of(position)
            if candidates is not None:
                search = _confirmed(networks[i], candidates, possible, protocol, data, rows, labels)
                if search.n_valid <= max_valid:
                    searches[i] = search
    for i, network in enumerate(networks):
        if i not in searches:
            searches[i] = alone(network)
            done = min(total, done + possible)
            report(Progress("circuits", done, total))
    report(Progress("circuits", total, total, f"{sum(s.n_valid for s in searches.values()):,} valid circuits"))
    return tuple(searches[i] for i in range(len(networks)))


def _with_float64(name: str) -> torch.device:
    place = available_device(name)
    try:
        torch.zeros(1, dtype=torch.float64, device=place)
    except (TypeError, RuntimeError):
        return torch.device("cpu")
    return place


def shape_of(network: Network) -> tuple[object, ...]:
    """What networks that are searched together must share."""
    return (network.sizes, network.activation, network.output_activation, network.negative_slope)


def check_equal_shapes(networks: Sequence[Network]) -> None:
    """Whether networks can be searched together.

    Raises:
        InvalidNetwork: naming the first that differs from the first of all.
    """
    for index, network in enumerate(networks):
        if shape_of(network) != shape_of(networks[0]):
            raise InvalidNetwork(
                f"network {index} of the population",
                f"has shape {shape_of(network)}, the first one {shape_of(networks[0])}",
                "analyse networks of different shapes in populations of their own",
            )


def _confirmed(
    network: Network,
    candidates: NDArray[np.uint64],
    possible: int,
    protocol: Protocol,
    data: DataRecord,
    rows: NDArray[np.float64],
    labels: NDArray[np.float64],
) -> CircuitSearch:
    """The candidates that the reference arithmetic finds valid, as its own search would report them."""
    layout = EdgeLayout(network.sizes)
    masks = np.sort(candidates)
    with np.errstate(over="ignore", invalid="ignore"):
        outputs, margins = evaluate_circuits(network, masks, protocol, data, rows)
        judged = outputs
        if rows is not data.representatives:
            absent = ablation_values(network, protocol.ablation, mean_rows(data))
            step = max(1, (1 << 21) // (max(network.sizes) * len(rows)))
            judged = np.empty((len(masks), len(rows)))
            for start in range(0, len(masks), step):
                part = slice(start, start + step)
                judged[part] = batch_activations(network, keep_matrices(masks[part], layout), rows, absent)[-1][:, 0]
    n_wrong = (decide(judged, protocol.circuit_decision) != labels).sum(axis=1)
    valid = n_wrong <= max_wrong(len(rows), protocol.accuracy_threshold)
    return CircuitSearch(layout, possible, masks[valid], outputs[valid], margins[valid])


class _Gathered:
    """Masks by network; those of a network with far too many are forgotten, as it is searched otherwise."""

    def __init__(self, n_networks: int, max_valid: int) -> None:
        self._parts: list[list[NDArray[np.uint64]]] = [[] for _ in range(n_networks)]
        self._counts = np.zeros(n_networks, dtype=np.int64)
        self._most = 2 * max_valid + 1_000

    @property
    def n(self) -> int:
        return int(self._counts.sum())

    def add(self, owner: NDArray[np.int64], masks: NDArray[np.uint64]) -> None:
        """Take masks with the network of each, in ascending order of networks."""
        ends = np.searchsorted(owner, np.arange(len(self._parts) + 1))
        self._counts += np.diff(ends)
        for network in np.flatnonzero(np.diff(ends)).tolist():
            if self._counts[network] > self._most:
                self._parts[network] = []
            else:
                self._parts[network].append(masks[ends[network] : ends[network + 1]])

    def of(self, network: int) -> NDArray[np.uint64] | None:
        """Its masks, None if they were too many."""
        if self._counts[network] > self._most:
            return None
        return np.concatenate([np.empty(0, dtype=np.uint64), *self._parts[network]])


@dataclass(frozen=True, eq=False)
class _Stack:
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
    ) -> _Stack:
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
class _Prefixes:
    """As :class:`analysis.circuits.prefixes.Prefixes`; ``values`` is ``[network, prefix, active, row]``."""

    active: tuple[int, ...]
    n_active: int
    masks: NDArray[np.uint64]
    values: Tensor

    def __len__(self) -> int:
        return len(self.masks)

    def __getitem__(self, part: slice) -> _Prefixes:
        return _Prefixes(self.active, self.n_active, self.masks[part], self.values[:, part])


@dataclass(frozen=True, eq=False)
class _Space:
    """The circuit space of a stack of networks.

    Args:
        stack: the networks.
        rows: ``[rows, n0]`` those of the judged rows that are looked at here.
        labels: ``[rows]``.
        max_wrong: rows that a valid circuit may have wrong, of all that are judged.
        cells: most values of one temporary array.
    """

    stack: _Stack
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

    def _prefixes(self, layer: int) -> Iterator[_Prefixes]:
        if layer == 0:
            inputs = torch.from_numpy(np.ascontiguousarray(self.rows.T)).to(self.stack.tolerance.device)
            values = inputs.expand(len(self.stack), 1, *inputs.shape)
            yield _Prefixes(tuple(range(self.sizes[0])), 0, np.zeros(1, dtype=np.uint64), values)
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
                            yield _Prefixes(active, below.n_active + n_active, masks, values)

    def _pre_activations(self, below: _Prefixes, layer: int) -> Tensor:
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
        return _activate(totals, self.stack.first.activation_of(layer), self.stack.first.negative_slope or 0.0)

    def _terms(self, piece: _Prefixes) -> Tensor:
        """What each neuron of the last hidden layer adds to the output, ``[n_l, row, network, prefix, 2^active]``."""
        layer = self.stack.first.n_hidden_layers
        values = self._activated(self._pre_activations(piece, layer), layer)
        values[:, :, :, 0] = self.stack.absent[layer][:, None, :, None]
        values *= self.stack.weights[layer][:, None, 0, :, None, None]
        return values.permute(2, 4, 0, 1, 3).contiguous()

    def _judged(
        self, piece: _Prefixes, terms: Tensor, subsets: Sequence[Sequence[int]]
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

    def _edges(self, piece: _Prefixes, neuron: int, subset: NDArray[np.int64]) -> NDArray[np.uint64]:
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
        outputs = _activate(totals, first.output_activation, first.negative_slope or 0.0)
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


def _activate(values: Tensor, activation: Activation, slope: float) -> Tensor:
    """An activation, in a new array or in place."""
    if activation == "leaky_relu":
        return torch.nn.functional.leaky_relu(values, slope)
    if activation == "relu":
        return torch.relu(values)
    if activation == "tanh":
        return torch.tanh(values)
    return torch.sigmoid(values) if activation == "sigmoid" else values.clone()
