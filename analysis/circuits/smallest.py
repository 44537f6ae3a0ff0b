"""The smallest valid circuits by number of edges, where not every valid circuit is listed.

1. Search in order of size. Circuits are judged by increasing number of edges, all of one size before any of the next,
   for as long as the budget lasts, by branch and bound. The lower layers are wired in batches; on top of each the
   neurons of the last hidden layer choose their sources one after the other. A choice is left as soon as some row of
   the data can no longer be decided right whatever the remaining neurons choose with the edges that remain: a dynamic
   programme over neurons and edges bounds what these can add on each row, and the output's right values are an interval
   (:func:`~analysis.circuits.decision_intervals.decision_box`). The bounds are wider than any rounding, and what is not
   ruled out is summed as the search sums (:mod:`analysis.circuits.search`), so every verdict is the search's own. Where
   valid circuits have been counted exactly by number of edges, sizes without any are passed over.
2. Descent. Where the budget ends before anything is found, valid circuits that are known (draws, and the network
   itself) are made smaller edge by edge and neuron by neuron, some of each size side by side. That finds small circuits
   but proves nothing, unless what it finds is as small as the search in order of size left possible.

The budget counts steps, not seconds, and draws come from a seed, so equal calls give equal results.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations as subsets_of
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.decision_intervals import Box, decision_box, rounding_slack
from analysis.circuits.judging import enough_right
from analysis.circuits.prefixes import Prefixes, Wiring
from analysis.circuits.result import SmallestCircuits
from analysis.circuits.space import count_by_edges, count_matrices_with, in_space
from analysis.errors import BeyondLimits
from analysis.networks.circuit import mask_array, masks_of
from analysis.networks.mlp import activate, keep_matrices
from analysis.question import Question
from analysis.validity import decided_as, max_wrong
from analysis.work import DEFAULT_WORK, Work

_VALUES_AT_ONCE: Final = 1 << 20
_AT_ONCE: Final = 1 << 12  # circuits tried on all rows
_MOST_SOURCES: Final = 12  # a neuron chooses among 2^12 sets of sources at most
_SIDE_BY_SIDE: Final = 8  # circuits of one size from which a descent goes on
_FIRST_ROWS: Final = 16  # on which everything is tried before the few that pass are tried on all


def find_smallest(
    question: Question,
    work: Work = DEFAULT_WORK,
    *,
    known: Sequence[int] = (),
    by_edges: Mapping[int, int] | None = None,
    n_smallest: int = 100,
    max_tried: int = 2_000_000,
    seed: int = 0,
) -> SmallestCircuits:
    """Find the smallest valid circuits of the protocol's space.

    Args:
        known: masks of valid circuits, from which a descent begins beside the network itself.
        by_edges: valid circuits by number of edges if all have been counted exactly, else None.
        n_smallest: circuits wanted; the search in order of size goes on until it has so many.
        max_tried: ways to wire the lower layers, and choices on top of them, that the search in order of size looks at,
            at most; a descent tries a twentieth of that many circuits.
        seed: of the descent's choices.
        work: told "circuits" now and then; may raise Cancelled.

    Raises:
        InvalidData: labels that do not fit the rows.
    """
    network = question.cut
    search = _BySize(question, _Budget(max_tried))
    found: list[int] = []
    n_judged, searched_up_to = 0, 0
    n_edges = network.sizes[0] + len(network.sizes) - 2  # no circuit has fewer
    while len(found) < n_smallest and n_edges <= question.layout.n_edges:
        if by_edges is None or by_edges.get(n_edges):
            n_circuits = search.count(n_edges)
            if search.most_sources(n_edges) > _MOST_SOURCES:
                break
            work.tell("circuits", 1, 1, f"{n_circuits:,} circuits with {n_edges} edges")
            try:
                with np.errstate(over="ignore", invalid="ignore"):
                    found += sorted(mask for some in search.valid(n_edges) for mask in some) if n_circuits else []
            except _Exhausted:
                break
            n_judged += n_circuits
        searched_up_to = n_edges
        n_edges += 1
    if found or n_edges > question.layout.n_edges:
        return SmallestCircuits(tuple(found[:n_smallest]), True, searched_up_to, n_judged)
    descended, n_descended = search.descend(known, max_tried // 20, seed, n_smallest, work)
    fewest = descended[0].bit_count() if descended else 0
    proved = fewest == searched_up_to + 1
    if proved:
        descended = [mask for mask in descended if mask.bit_count() == fewest]
    return SmallestCircuits(tuple(descended), proved, searched_up_to, n_judged, n_descended)


class _Exhausted(Exception):
    """The budget has been spent."""


@dataclass
class _Budget:
    """Steps that may still be made."""

    left: int

    def spend(self, steps: int) -> None:
        """Take so many steps.

        Raises:
            _Exhausted: there are fewer left.
        """
        if steps > self.left:
            raise _Exhausted
        self.left -= steps


@dataclass(frozen=True)
class _BySize:
    """The circuits of one output by number of edges."""

    question: Question
    budget: _Budget
    _known: dict[tuple[int, int, int], NDArray[np.uint16]] = field(default_factory=dict, repr=False)

    @cached_property
    def judged(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The rows judged and their labels, labels in turn: few circuits survive the first row of each."""
        rows, labels = self.question.judged
        rank = np.zeros(len(labels), dtype=np.int64)
        for label in np.unique(labels):
            rank[labels == label] = np.arange(np.count_nonzero(labels == label))
        order = np.argsort(rank, kind="stable")
        return rows[order], labels[order]

    @cached_property
    def most_wrong(self) -> int:
        return max_wrong(len(self.judged[1]), self.question.protocol.accuracy_threshold)

    @cached_property
    def wiring(self) -> Wiring:
        return Wiring(
            self.question.cut, self.question.absent, self.judged[0][:_FIRST_ROWS], lambda _layer, _n_active: True
        )

    def count(self, n_edges: int) -> int:
        """Circuits of the space with so many edges, exactly."""
        return count_by_edges(self.question.cut.sizes, self.question.protocol, n_edges).get(n_edges, 0)

    def most_sources(self, n_edges: int) -> int:
        """The most neurons below a hidden layer that are active in a circuit with so many edges."""
        hidden = self.question.cut.sizes[1:-2]
        # each has an edge in and one out, and every other layer has an edge
        most = max(0, n_edges - len(hidden)) // 2
        return max(self.question.cut.sizes[0], *(min(width, most) for width in hidden), 0)

    def valid(self, n_edges: int) -> Iterator[list[int]]:
        """Masks of the valid circuits with so many edges, in no order."""
        for some in self._promising(n_edges):
            for start in range(0, len(some), _AT_ONCE):
                masks = some[start : start + _AT_ONCE]
                right = self.right(keep_matrices(mask_array(masks, self.question.layout), self.question.layout))
                yield [mask for mask, valid in zip(masks, right.tolist(), strict=True) if valid]

    def _promising(self, n_edges: int) -> Iterator[list[int]]:
        """Masks of the circuits with so many edges that decide enough of the first rows right."""
        if self.question.cut.n_hidden_layers == 0:
            yield [(1 << self.question.layout.n_edges) - 1]
            return
        for prefixes, n_below in self._prefixes(self.question.cut.n_hidden_layers - 1, n_edges):
            yield from self._on_top(prefixes, n_edges - n_below)

    def _prefixes(self, layer: int, n_edges: int) -> Iterator[tuple[Prefixes, int]]:
        """Ways to wire the layers up to one, and their number of edges, that leave enough for the layers above."""
        if layer == 0:
            inputs = tuple(range(self.question.cut.n_inputs))
            values = np.ascontiguousarray(self.wiring.rows.T)[None]
            yield Prefixes(inputs, 0, mask_array([0], self.question.layout), values), 0
            return
        pending: dict[tuple[tuple[int, ...], int, int], list[Prefixes]] = defaultdict(list)
        n_values = 0
        for below, n_below in self._prefixes(layer - 1, n_edges):
            for prefixes, n_more in self._extended(below, layer, n_edges - n_below):
                pending[prefixes.active, prefixes.n_active, n_below + n_more].append(prefixes)
                n_values += prefixes.values.size
                if n_values > _VALUES_AT_ONCE:
                    yield from _merged(pending)
                    n_values = 0
        yield from _merged(pending)

    def _extended(self, below: Prefixes, layer: int, n_edges: int) -> Iterator[tuple[Prefixes, int]]:
        """One more layer on each prefix; ``n_edges`` are left for it and all layers above."""
        n_sources, width = len(below.active), self.question.cut.sizes[layer]
        n_above = self.question.cut.n_hidden_layers - layer  # layers of edges beyond the next, with an edge each
        sources = [0]
        for source in below.active:
            sources += [chosen | 1 << source for chosen in sources]
        tables = [(piece, self.wiring.activations(piece, layer)) for piece in self._pieces(below, layer)]
        for n_here in range(n_sources, n_edges - n_above):
            for active, chosen in self._by_active(n_sources, width, n_here):
                if n_here + len(active) + n_above > n_edges:
                    continue
                shifts = [self.question.layout.edge_index(layer, neuron, 0) for neuron in active]
                into = [
                    sum(sources[which] << shift for which, shift in zip(one, shifts, strict=True))
                    for one in chosen.tolist()
                ]
                edges = mask_array(into, self.question.layout)
                self.budget.spend(len(below) * len(chosen))
                for piece, table in tables:
                    values = table[:, np.array(active), chosen]
                    masks = (piece.masks[:, None] | edges).ravel()
                    values = values.reshape(-1, len(active), values.shape[-1])
                    yield Prefixes(active, below.n_active + len(active), masks, values), n_here

    def _choices(self, n_sources: int, n_neurons: int, n_edges: int) -> NDArray[np.uint16]:
        key = (n_sources, n_neurons, n_edges)
        if key not in self._known:
            self._known[key] = _choices(*key)
        return self._known[key]

    def _by_active(
        self, n_sources: int, width: int, n_edges: int
    ) -> Iterator[tuple[tuple[int, ...], NDArray[np.uint16]]]:
        """Choices of sources for a layer by its active neurons: these, and ``[choices, active]`` sets of sources."""
        for n_active in range(1, min(width, n_edges) + 1):
            self.budget.spend(count_matrices_with(n_active, n_sources, n_edges))
            chosen = self._choices(n_sources, n_active, n_edges)
            for active in subsets_of(range(width), n_active):
                if len(chosen):
                    yield active, chosen

    def _pieces(self, below: Prefixes, layer: int) -> Iterator[Prefixes]:
        """Some prefixes at a time, so that tables of the layer's values for each set of sources stay small."""
        width, n_rows = self.question.cut.sizes[layer], below.values.shape[2]
        step = max(1, 4 * _VALUES_AT_ONCE // (width * 2 ** len(below.active) * n_rows))
        return (below[start : start + step] for start in range(0, len(below), step))

    def _on_top(self, below: Prefixes, n_edges: int) -> Iterator[list[int]]:
        """The promising circuits with so many edges in and above the last hidden layer."""
        layer, sizes = self.question.cut.n_hidden_layers, self.question.cut.sizes
        allowed = [in_space(below.n_active + n, sizes, self.question.protocol) for n in range(sizes[layer] + 1)]
        if not any(allowed[1:]):
            return
        for piece in self._pieces(below, layer):
            terms = self.wiring.terms(piece)
            step = max(1, _VALUES_AT_ONCE // ((sizes[layer] + 1) * (n_edges + 1) * len(self.labels)))
            for first in range(0, len(terms), step):
                masks = piece.masks[first:]
                for right in self._right_choices(terms[first : first + step], n_edges):
                    yield [
                        int(masks[state]) | self._edges_on_top(below.active, chosen)
                        for state, chosen in zip(right.states.tolist(), right.chosen.tolist(), strict=True)
                        if allowed[np.count_nonzero(chosen)]
                    ]

    def _right_choices(self, terms: NDArray[np.float64], n_edges: int) -> Iterator[Choices]:
        """The choices on top of some states that decide enough of the first rows right.

        Args:
            terms: ``[states, width, 2^active, rows]`` what each neuron of the last hidden layer adds.
            n_edges: in and above that layer.
        """
        n_states, width, n_sets, n_rows = terms.shape
        bias = float(self.question.cut.biases[-1][0])
        low, high = (np.array([getattr(box, end) for box in self._boxes]) for end in ("low", "high"))
        bounds = Bounds(terms, bias, low, high, n_edges, self.most_wrong)
        waiting = [bounds.hopeful(Choices.none_yet(n_states, n_rows, bias, n_edges))]
        at_once = max(1, _VALUES_AT_ONCE // (n_sets * n_rows))
        while waiting:
            some = waiting.pop()
            if some.n_chosen == width:
                yield some[self._right_on_top(some.sums)]
                continue
            if len(some) > at_once:
                waiting.append(some[at_once:])
            self.budget.spend(min(len(some), at_once) * n_sets)
            waiting.append(bounds.next_chosen(some[:at_once]))

    @property
    def labels(self) -> NDArray[np.float64]:
        """Of the first rows."""
        return self.judged[1][:_FIRST_ROWS]

    @cached_property
    def _boxes(self) -> list[Box]:
        """For each of the first rows the right values of the output before its activation, or at least all of them."""
        activation = self.question.cut.activation_of(len(self.question.cut.weights))
        try:
            return [
                decision_box(
                    label, self.question.protocol.circuit_decision, activation, self.question.cut.negative_slope
                )
                for label in self.labels.tolist()
            ]
        except BeyondLimits:  # no interval on this machine: nothing is ruled out early
            return [Box(-np.inf, np.inf)] * len(self.labels)

    def _right_on_top(self, sums: NDArray[np.float64]) -> NDArray[np.int64]:
        """Which sums ``[circuits, rows]`` decide enough of the first rows right."""
        wrong = np.zeros(len(sums), dtype=np.int64)
        for row, label in enumerate(self.labels.tolist()):
            wrong += ~decided_as(self._activated(sums[:, row]), label, self.question.protocol.circuit_decision)
        return np.flatnonzero(wrong <= self.most_wrong)

    def _activated(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        return activate(
            total, self.question.cut.activation_of(len(self.question.cut.weights)), self.question.cut.negative_slope
        )

    def _edges_on_top(self, active: tuple[int, ...], chosen: Sequence[int]) -> int:
        layer, mask = self.question.cut.n_hidden_layers, 0
        for neuron, subset in enumerate(chosen):
            for place, source in enumerate(active):
                mask |= (subset >> place & 1) << self.question.layout.edge_index(layer, neuron, source)
            if subset:
                mask |= 1 << self.question.layout.edge_index(layer + 1, 0, neuron)
        return mask

    def right(self, keep: Sequence[NDArray[np.bool_]]) -> NDArray[np.bool_]:
        """Which circuits ``[circuits, n_l, n_(l-1)]`` decide enough rows right, of the space or not."""
        return enough_right(self.question, keep, self.judged)

    def descend(
        self, known: Sequence[int], max_tried: int, seed: int, n_wanted: int, work: Work
    ) -> tuple[list[int], int]:
        """Small valid circuits inside known ones, fewest edges first, and how many circuits were tried."""
        whole = (1 << self.question.layout.n_edges) - 1
        waiting: dict[int, set[int]] = defaultdict(set)
        for mask in (*known, whole):
            waiting[mask.bit_count()].add(mask)
        chance = random.Random(seed)  # noqa: S311  # a choice that anyone can make again, not a secret
        found, seen, n_tried = list(known), {whole, *known}, 0
        while waiting and n_tried < max_tried:
            n_edges = max(waiting)
            masks = sorted(waiting.pop(n_edges))
            masks = sorted(chance.sample(masks, min(_SIDE_BY_SIDE, len(masks))))
            keep = keep_matrices(mask_array(masks, self.question.layout), self.question.layout)
            smaller = self._smaller(keep)
            bits = np.concatenate([matrix.reshape(len(matrix), -1) for matrix in smaller], axis=1)
            numbers = masks_of(bits, self.question.layout).tolist()
            fresh = []
            for place, mask in enumerate(numbers):
                if mask not in seen:
                    seen.add(mask)
                    fresh.append(place)
            tried = [matrix[fresh] for matrix in smaller]
            n_tried += len(fresh)
            right = self.right(tried) if fresh else np.zeros(0, dtype=np.bool_)
            n_active = sum((m.any(axis=2).sum(axis=1) for m in tried[:-1]), np.zeros(len(fresh), dtype=np.int64))
            for place, n in zip(np.flatnonzero(right).tolist(), n_active[right].tolist(), strict=True):
                mask = numbers[fresh[place]]
                waiting[mask.bit_count()].add(mask)
                if in_space(n, self.question.cut.sizes, self.question.protocol):
                    found.append(mask)
            work.tell("circuits", 1, 1, f"circuits with fewer than {n_edges} edges, made smaller")
        if in_space(sum(self.question.cut.sizes[1:-1]), self.question.cut.sizes, self.question.protocol):
            every = keep_matrices(mask_array([whole], self.question.layout), self.question.layout)
            found += [whole] if self.right(every)[0] else []
        return sorted(set(found), key=lambda mask: (mask.bit_count(), mask))[:n_wanted], n_tried

    def _smaller(self, keep: Sequence[NDArray[np.bool_]]) -> list[NDArray[np.bool_]]:
        """Every circuit that is left when one edge or one neuron goes, and with it what leads nowhere."""
        offsets, sizes = self.question.layout.offsets, self.question.cut.sizes
        bits = np.concatenate([matrix.reshape(len(matrix), -1) for matrix in keep], axis=1)
        without = ~np.eye(self.question.layout.n_edges, dtype=np.bool_)
        neurons = []
        for layer in range(1, len(sizes) - 1):
            for neuron in range(sizes[layer]):
                stays = np.ones(self.question.layout.n_edges, dtype=np.bool_)
                start = self.question.layout.edge_index(layer, neuron, 0)
                stays[start : start + sizes[layer - 1]] = False
                neurons.append(stays)
        removals = np.concatenate(
            [without, np.array(neurons, dtype=np.bool_).reshape(-1, self.question.layout.n_edges)]
        )
        left = (bits[:, None, :] & removals).reshape(-1, self.question.layout.n_edges)
        left = left[left.sum(axis=1) < np.repeat(bits.sum(axis=1), len(removals))]
        matrices = [
            left[:, offsets[i] : offsets[i + 1]].reshape(len(left), sizes[i + 1], sizes[i])
            for i in range(len(sizes) - 1)
        ]
        for lower, upper in pairwise(matrices):
            upper &= lower.any(axis=2)[:, None, :]
        for lower, upper in zip(matrices[-2::-1], matrices[:0:-1], strict=True):
            lower &= upper.any(axis=1)[:, :, None]
        possible = matrices[0].any(axis=1).all(axis=1) & matrices[-1].any(axis=2).all(axis=1)
        return [matrix[possible] for matrix in matrices]


def _merged(
    pending: dict[tuple[tuple[int, ...], int, int], list[Prefixes]],
) -> Iterator[tuple[Prefixes, int]]:
    for (active, n_active, n_edges), parts in pending.items():
        masks: NDArray[Any] = np.concatenate([part.masks for part in parts])
        yield Prefixes(active, n_active, masks, np.concatenate([part.values for part in parts])), n_edges
    pending.clear()


def _choices(n_sources: int, n_neurons: int, n_edges: int) -> NDArray[np.uint16]:
    """Every choice of nonempty sets of sources that uses each source and has so many edges, ``[choices, neurons]``.

    Args:
        n_sources: active neurons below; bit k of a set is the k-th of them.
        n_neurons: that choose.
        n_edges: in all.
    """
    full = (1 << n_sources) - 1
    size = np.bitwise_count(np.arange(full + 1)).astype(np.int64)
    chosen = np.zeros((1, 0), dtype=np.uint16)
    used, left = np.zeros(1, dtype=np.int64), np.full(1, n_edges)
    for neuron in range(n_neurons):
        n_more = n_neurons - neuron - 1
        parts, uses, rests = [], [], []
        for subset in range(1, full + 1):
            rest, union = left - subset.bit_count(), used | subset
            fits = (rest >= np.maximum(size[full & ~union], n_more)) & (rest <= n_more * n_sources)
            if fits.any():
                column = np.full(np.count_nonzero(fits), subset, dtype=np.uint16)
                parts.append(np.column_stack([chosen[fits], column]))
                uses.append(union[fits])
                rests.append(rest[fits])
        if not parts:
            return np.zeros((0, n_neurons), dtype=np.uint16)
        chosen, used, left = np.concatenate(parts), np.concatenate(uses), np.concatenate(rests)
    whole: NDArray[np.uint16] = chosen[(used == full) & (left == 0)]
    return whole


# --- branch and bound over the sets of sources that the neurons of the last hidden layer choose
#
# On top of a state of the layers below, neuron j adds one of 2^a terms to the output's pre-activation, and costs as
# many edges as its set has sources, and one more to the output; the empty set costs none. What the neurons from j on
# can add on a row with exactly e edges is bounded by a dynamic programme: the largest (and the least) term for each
# cost, added up over neurons. Rows are bounded each by itself, so the bounds are sound, not tight.


@dataclass(frozen=True, eq=False)
class Choices:
    """States, each with the sets of sources that the first neurons have chosen.

    Args:
        states: ``[items]`` which state.
        sums: ``[items, rows]`` the output's pre-activation so far, summed as the search sums.
        left: ``[items]`` edges left for the other neurons.
        used: ``[items]`` sources used so far, as bits.
        chosen: ``[items, neurons]`` sets of sources, as bits.
    """

    states: NDArray[np.int64]
    sums: NDArray[np.float64]
    left: NDArray[np.int64]
    used: NDArray[np.int64]
    chosen: NDArray[np.uint16]

    @classmethod
    def none_yet(cls, n_states: int, n_rows: int, bias: float, n_edges: int) -> Choices:
        """Each of some states before any neuron has chosen."""
        return cls(
            np.arange(n_states),
            np.full((n_states, n_rows), bias),
            np.full(n_states, n_edges),
            np.zeros(n_states, dtype=np.int64),
            np.zeros((n_states, 0), dtype=np.uint16),
        )

    def __len__(self) -> int:
        return len(self.states)

    def __getitem__(self, which: slice | NDArray[np.int64]) -> Choices:
        return Choices(self.states[which], self.sums[which], self.left[which], self.used[which], self.chosen[which])

    @property
    def n_chosen(self) -> int:
        """Neurons that have chosen."""
        return int(self.chosen.shape[1])


@dataclass(frozen=True, eq=False)
class Bounds:
    """What the neurons that have not chosen can still add, on top of some states.

    Args:
        terms: ``[states, neurons, 2^sources, rows]`` what each neuron adds for each set of sources.
        bias: the output's.
        low: ``[rows]`` the least right pre-activation of the output; −inf if there is none.
        high: ``[rows]`` the greatest.
        n_edges: edges that the choices have in all.
        most_wrong: rows that may be wrong.
    """

    terms: NDArray[np.float64]
    bias: float
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n_edges: int
    most_wrong: int

    @property
    def n_sources(self) -> int:
        return int(self.terms.shape[2]).bit_length() - 1

    @cached_property
    def _costs(self) -> NDArray[np.int64]:
        """Edges of each set of sources."""
        sets = np.arange(self.terms.shape[2])
        return np.bitwise_count(sets).astype(np.int64) + (sets > 0)

    @cached_property
    def _rest(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The least and the most that neurons from one on add, ``[neurons + 1, edges + 1, states, rows]`` each."""
        n_states, n_neurons, _, n_rows = self.terms.shape
        shape = (n_neurons + 1, self.n_edges + 1, n_states, n_rows)
        least, most = np.full(shape, np.inf), np.full(shape, -np.inf)
        least[n_neurons, 0] = most[n_neurons, 0] = 0.0
        for neuron in reversed(range(n_neurons)):
            for cost in np.unique(self._costs[self._costs <= self.n_edges]).tolist():
                terms = self.terms[:, neuron, self._costs == cost]
                rest = slice(0, self.n_edges + 1 - cost)
                here = least[neuron, cost:], most[neuron, cost:]
                np.minimum(here[0], terms.min(axis=1) + least[neuron + 1, rest], out=here[0])
                np.maximum(here[1], terms.max(axis=1) + most[neuron + 1, rest], out=here[1])
        return least, most

    @cached_property
    def _slack(self) -> NDArray[np.float64]:
        """``[states, rows]`` more than all rounding errors of a sum and of its bounds together."""
        size = np.abs(self.terms).max(axis=2).sum(axis=1) + np.abs(self.bias)
        return rounding_slack(size, self.low, self.high)

    def hopeful(self, choices: Choices) -> Choices:
        """Those that may still end with few enough rows wrong."""
        least, most = (rest[choices.n_chosen, choices.left, choices.states] for rest in self._rest)
        slack = self._slack[choices.states]
        wrong = (choices.sums + most < self.low - slack) | (choices.sums + least > self.high + slack)
        return choices[np.flatnonzero(wrong.sum(axis=1) <= self.most_wrong)]

    def next_chosen(self, choices: Choices) -> Choices:
        """The same with every choice of the next neuron that leaves hope, and can still use every source."""
        neuron, n_more = choices.n_chosen, self.terms.shape[1] - choices.n_chosen - 1
        sets = np.arange(self.terms.shape[2])
        left = choices.left[:, None] - self._costs
        unused = np.bitwise_count(sets[-1] & ~(choices.used[:, None] | sets)).astype(np.int64)
        possible = (left >= unused + (unused > 0)) & (left <= n_more * (self.n_sources + 1))
        item, which = np.nonzero(possible)
        return self.hopeful(
            Choices(
                choices.states[item],
                choices.sums[item] + self.terms[choices.states[item], neuron, which],
                left[item, which],
                choices.used[item] | which,
                np.column_stack([choices.chosen[item], which.astype(np.uint16)]),
            )
        )
