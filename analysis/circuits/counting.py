"""The exact number of valid circuits, their distribution and uniform draws from them, without listing them.

1. States. All ways to wire the layers below the last hidden one are enumerated in bounded batches, as in the search
   (:mod:`analysis.circuits.prefixes`); each carries the activations of its top layer.
2. Combinations. On top of each state the valid combinations of the last hidden layer are counted by meeting in the
   middle (:mod:`analysis.circuits.combinations`, which argues why the verdict on every circuit is the search's own to
   the last bit). The total is the sum over states, in Python integers.
3. Distribution. The same counts by number of edges and of active neurons, by edge and by neuron; the edges below
   are those of the states, weighted with their counts.
4. Draws. States, and the units into which a large state is divided, have their counts kept, so valid circuits are
   numbered 0 … count − 1. Ranks drawn uniformly without replacement are looked up: only their units are counted
   again. Every set of so many circuits is equally likely.

Memory: a batch of prefixes (twice 16 MiB), for each thread some 6 arrays of 4 MiB and the sets of at most 4,096 tails
for each end of each row's box (2 MiB each), and 8 bytes for each unit of each state.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.boxes import Box, decision_box
from analysis.circuits.circuit import EdgeLayout
from analysis.circuits.combinations import MAX_LOG2_COMBINATIONS, MAX_SOURCES, Combinations, Tally
from analysis.circuits.distribution import CircuitDistribution
from analysis.circuits.prefixes import Prefixes, Wiring, source_bits
from analysis.circuits.search import MAX_EDGES, judged_rows, mean_rows
from analysis.circuits.space import count_in_space, in_space
from analysis.data import DataRecord
from analysis.errors import BeyondLimits
from analysis.networks.mlp import ablation_values, activate
from analysis.networks.network import Network
from analysis.progress import Progress, Report, silent
from analysis.protocol import Protocol
from analysis.tasks import Task
from analysis.validity import max_wrong

_LARGEST_TERM: Final = 1e290  # sums of larger terms may overflow


@dataclass(frozen=True)
class CountedCircuits:
    """What counting tells about the valid circuits of one output.

    Args:
        layout: edge layout of the network cut to the output.
        possible: circuits of the protocol's space; each has been judged.
        count: valid ones, exactly.
        distribution: of the valid ones, exactly.
        draws: ``[draws]`` masks of distinct valid circuits, drawn uniformly, ascending.
    """

    layout: EdgeLayout
    possible: int
    count: int
    distribution: CircuitDistribution
    draws: NDArray[np.uint64]


def count_circuits(
    network: Network,
    task: Task,
    protocol: Protocol,
    data: DataRecord,
    *,
    output: int = 0,
    report: Report = silent,
    n_draws: int = 0,
    seed: int = 0,
    threads: int = 1,
) -> CountedCircuits:
    """Count every valid circuit of the protocol's space.

    Args:
        network: the network cut to the analysed output.
        task: what the output should compute; used unless the data record has labels.
        protocol: circuit space, node sparsity, ablation and decision rule; the accuracy threshold must demand that
            every row be right.
        data: rows to judge on.
        output: column of ``data.validation_labels``.
        report: called between batches of states with the number of circuits judged; may raise Cancelled.
        n_draws: valid circuits to draw, or all if there are fewer.
        seed: of the draws.
        threads: batches counted at once; numpy lets them run side by side.

    Raises:
        BeyondLimits: more than 64 edges; more than 2^52 combinations on top of one state; an accuracy threshold that
            lets some rows be wrong; activations that overflow.
        InvalidData: labels that do not fit the rows.
    """
    space = _Space.of(network, task, protocol, data, output)
    possible = count_in_space(network.sizes, protocol)
    totals = _Totals(space.layout)
    report(Progress("circuits", 0, max(possible, 1)))
    n_judged = 0
    for piece, combinations, tally in space.tallied(threads):
        totals.add(piece, tally)
        n_judged += len(piece) * combinations.n_circuits
        report(Progress("circuits", n_judged, max(possible, 1), f"{totals.count:,} valid circuits"))
    ranks = sorted(random.Random(seed).sample(range(totals.count), min(n_draws, totals.count)))  # noqa: S311
    draws = np.sort(np.array(list(space.at(ranks, totals.units)), dtype=np.uint64))
    return CountedCircuits(space.layout, possible, totals.count, totals.distribution(), draws)


@dataclass(frozen=True, eq=False)
class _Space:
    """The circuits of a protocol's space, arranged as states and combinations on top of them.

    Args:
        network: the network cut to the analysed output.
        protocol: the rules.
        wiring: enumerates the states.
        boxes: for each row judged, the right pre-activations of the output; empty if nothing can be valid.
    """

    network: Network
    protocol: Protocol
    wiring: Wiring
    boxes: tuple[Box, ...]

    @classmethod
    def of(cls, network: Network, task: Task, protocol: Protocol, data: DataRecord, output: int) -> _Space:
        """Check that the space can be counted, and arrange it.

        Raises:
            BeyondLimits: see :func:`count_circuits`.
        """
        refuse_to_count(network, task, protocol, data, output)
        rows, labels = judged_rows(task, data, output)
        # equal rows with equal labels say nothing new
        judged = np.unique(np.column_stack([rows, labels]), axis=0)
        boxes = tuple(
            decision_box(
                label, protocol.circuit_decision, network.activation_of(len(network.weights)), network.negative_slope
            )
            for label in judged[:, -1].tolist()
        )
        sizes = network.sizes

        def may_be_active(layer: int, n_active: int) -> bool:
            above = sizes[layer + 1 : -1]
            return any(in_space(n_active + more, sizes, protocol) for more in range(len(above), sum(above) + 1))

        absent = ablation_values(network, protocol.ablation, mean_rows(data))
        return cls(network, protocol, Wiring(network, absent, judged[:, :-1].copy(), may_be_active), boxes)

    @property
    def layout(self) -> EdgeLayout:
        return EdgeLayout(self.network.sizes)

    @property
    def _layer(self) -> int:
        """The last hidden layer."""
        return self.network.n_hidden_layers

    def pieces(self) -> Iterator[tuple[Prefixes, Combinations]]:
        """Every state, in bounded batches, with the combinations on top of it; always in the same order."""
        width = self.network.sizes[self._layer]
        known: dict[tuple[int, frozenset[int]], Combinations] = {}
        for batch in self.wiring.prefixes(self._layer - 1):
            numbers = range(1, width + 1)
            n_active = frozenset(n for n in numbers if in_space(batch.n_active + n, self.network.sizes, self.protocol))
            if not n_active:
                continue
            key = (len(batch.active), n_active)
            if key not in known:
                known[key] = Combinations(key[0], width, n_active, float(self.network.biases[-1][0]), self.boxes)
            step = known[key].states_at_once
            for start in range(0, len(batch), step):
                yield batch[start : start + step], known[key]

    def terms(self, piece: Prefixes) -> NDArray[np.float64]:
        """What each neuron of the last hidden layer adds to the output, ``[states, width, 2^active, rows]``.

        Raises:
            BeyondLimits: a term overflows, or sums of them could.
        """
        layer = self._layer
        with np.errstate(over="ignore", invalid="ignore"):
            values = activate(
                self.wiring.pre_activations(piece, layer),
                self.network.activation_of(layer),
                self.network.negative_slope,
            )
            values[:, :, 0] = self.wiring.absent[layer][:, None]
            values *= self.network.weights[-1][0][:, None, None]
        if not (np.abs(values) < _LARGEST_TERM).all():
            raise BeyondLimits(
                "exact counting",
                f"a neuron adds more than {_LARGEST_TERM:g} to the output, so that sums may overflow",
                "estimate the number of circuits, or use a network with smaller weights",
            )
        return values

    def tallied(self, threads: int) -> Iterator[tuple[Prefixes, Combinations, Tally]]:
        """Every piece with its tally, in order."""
        pieces = self.pieces()
        if threads <= 1:
            for piece, combinations in pieces:
                yield piece, combinations, self._tally(piece, combinations)
            return
        pending: deque[tuple[Prefixes, Combinations, Future[Tally]]] = deque()
        with ThreadPoolExecutor(threads) as pool:
            try:
                for piece, combinations in pieces:
                    pending.append((piece, combinations, pool.submit(self._tally, piece, combinations)))
                    if len(pending) > 2 * threads:
                        first = pending.popleft()
                        yield first[0], first[1], first[2].result()
                while pending:
                    first = pending.popleft()
                    yield first[0], first[1], first[2].result()
            finally:
                for _, _, future in pending:
                    future.cancel()

    def _tally(self, piece: Prefixes, combinations: Combinations) -> Tally:
        return combinations.tally(self.terms(piece), np.bitwise_count(piece.masks).astype(np.int64))

    def at(self, ranks: list[int], units: list[NDArray[np.int64]]) -> Iterator[int]:
        """Masks of the valid circuits with these ranks.

        Args:
            ranks: ascending.
            units: each piece's counts, ``[states, units]``.
        """
        wanted, first = deque(ranks), 0
        for (piece, combinations), counts in zip(self.pieces(), units, strict=True):
            if not wanted:
                return
            ends = list(accumulate(counts.reshape(-1).tolist()))
            # state → unit → numbers within the unit
            places: dict[int, dict[int, list[int]]] = {}
            while wanted and wanted[0] < first + ends[-1]:
                rank = wanted.popleft() - first
                place = bisect_right(ends, rank)
                state, unit = divmod(place, combinations.n_units)
                number = rank - (ends[place - 1] if place else 0)
                places.setdefault(state, {}).setdefault(unit, []).append(number)
            first += ends[-1]
            for state, by_unit in places.items():
                one = piece[state : state + 1]
                terms = self.terms(one)[0]
                tails = combinations.tails_of(terms)
                for unit, numbers in by_unit.items():
                    for sets in combinations.numbered(terms, unit, numbers, tails):
                        yield self._mask(one, sets)

    def _mask(self, state: Prefixes, sets: NDArray[np.int64]) -> int:
        """The circuit with these sets of sources on top of a state."""
        mask, bits = int(state.masks[0]), source_bits(state.active)
        for neuron, chosen in enumerate(sets.tolist()):
            mask |= int(bits[chosen]) << self.layout.edge_index(self._layer, neuron, 0)
            if chosen:
                mask |= 1 << self.layout.edge_index(self._layer + 1, 0, neuron)
        return mask


@dataclass(eq=False)
class _Totals:
    """What the tallies add up to; everything that grows is a Python integer."""

    layout: EdgeLayout
    count: int = 0
    units: list[NDArray[np.int64]] = field(default_factory=list)
    by_edges: Counter[int] = field(default_factory=Counter)
    by_neurons: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        sizes = self.layout.sizes
        self._edge_use = [0] * self.layout.n_edges
        self._neuron_use = [[0] * width for width in sizes[1:-1]]

    def add(self, piece: Prefixes, tally: Tally) -> None:
        self.units.append(tally.units)
        by_state = tally.units.sum(axis=1)
        n_valid = sum(by_state.tolist())
        if not n_valid:
            return
        self.count += n_valid
        for (below, n_edges, n_active), number in tally.by_class.items():
            self.by_edges[below + n_edges] += number
            self.by_neurons[piece.n_active + n_active] += number
        self._add_below(piece, by_state)
        self._add_last(piece, tally)

    def _add_below(self, piece: Prefixes, by_state: NDArray[np.int64]) -> None:
        """Edges and neurons of the states, weighted with what is valid on top of each."""
        layer = len(self.layout.sizes) - 2
        n_below = self.layout.offsets[layer - 1]
        valid = by_state > 0
        masks = piece.masks[valid]
        counts: NDArray[np.int64] = by_state[valid]
        # a product of counts below 2^52 with so many states may not fit, halves of 26 bits do
        halves = np.stack([counts % 2**26, counts // 2**26])

        def weigh(kept: NDArray[np.int64]) -> list[int]:
            low, high = (halves @ kept).tolist()
            return [a + (b << 26) for a, b in zip(low, high, strict=True)]

        shifted: NDArray[np.uint64] = masks[:, None] >> np.arange(n_below, dtype=np.uint64)
        kept = np.asarray(shifted & np.uint64(1), dtype=np.int64)
        for edge, number in enumerate(weigh(kept)):
            self._edge_use[edge] += number
        for lower in range(1, layer):
            start, stop = self.layout.offsets[lower - 1 : lower + 1]
            into = kept[:, start:stop].reshape(len(kept), self.layout.sizes[lower], -1)
            active: NDArray[np.int64] = into.max(axis=2)
            for neuron, number in enumerate(weigh(active)):
                self._neuron_use[lower - 1][neuron] += number

    def _add_last(self, piece: Prefixes, tally: Tally) -> None:
        """Edges into the last hidden layer and from it, and its neurons."""
        layer = len(self.layout.sizes) - 2
        sets = range(1, 2 ** len(piece.active))
        for neuron, by_set in enumerate(tally.by_neuron.tolist()):
            active = sum(by_set[1:])
            self._neuron_use[layer - 1][neuron] += active
            self._edge_use[self.layout.edge_index(layer + 1, 0, neuron)] += active
            for place, source in enumerate(piece.active):
                used = sum(by_set[chosen] for chosen in sets if chosen >> place & 1)
                self._edge_use[self.layout.edge_index(layer, neuron, source)] += used

    def distribution(self) -> CircuitDistribution:
        return CircuitDistribution(
            self.count,
            {n: number for n, number in sorted(self.by_edges.items()) if number},
            {n: number for n, number in sorted(self.by_neurons.items()) if number},
            tuple(self._edge_use),
            tuple(tuple(layer) for layer in self._neuron_use),
        )


def refuse_to_count(network: Network, task: Task, protocol: Protocol, data: DataRecord, output: int = 0) -> None:
    """Raise what speaks against exact counting, as far as it can be told without starting.

    Raises:
        BeyondLimits: see :func:`count_circuits`.
    """
    item, cure = "exact counting", "estimate the number of circuits instead"
    n_edges = EdgeLayout(network.sizes).n_edges
    if n_edges > MAX_EDGES:
        raise BeyondLimits(item, f"{n_edges} edges for one output, and the limit is {MAX_EDGES}", cure)
    n_hidden = network.n_hidden_layers
    if n_hidden == 0:
        raise BeyondLimits(item, "the network has no hidden layer", "list its only circuit")
    below = network.sizes[n_hidden - 1]
    if below * network.sizes[n_hidden] > MAX_LOG2_COMBINATIONS:
        cause = (
            f"{network.sizes[n_hidden]} neurons that choose among {below} sources have more than "
            f"2^{MAX_LOG2_COMBINATIONS} combinations"
        )
        raise BeyondLimits(item, cause, cure)
    if below > MAX_SOURCES:
        raise BeyondLimits(item, f"{below} neurons below the last hidden layer, and the limit is {MAX_SOURCES}", cure)
    rows, _ = judged_rows(task, data, output)
    if max_wrong(len(rows), protocol.accuracy_threshold) > 0:
        cause = f"the accuracy threshold {protocol.accuracy_threshold:g} lets some of the {len(rows)} rows be wrong"
        raise BeyondLimits(item, cause, f"list the circuits, or {cure.removesuffix(' instead')}")
