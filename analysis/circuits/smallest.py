"""The smallest valid circuits by number of edges, where not every valid circuit is listed.

1. Search in order of size. Circuits are judged by increasing number of edges, all of one size before any of the next,
   for as long as the budget lasts. A few rows refute most of the wrong ones; what they leave is judged as the search
   judges it, so every verdict is the search's own. Sizes that an exact count knows to be empty are passed over.
2. Descent. Where the budget ends before anything is found, valid circuits that are known (draws, and the network
   itself) are made smaller edge by edge and neuron by neuron, some of each size side by side. That proves nothing,
   unless what it finds is as small as the search in order of size left possible.

The budget counts circuits, not seconds, and draws come from a seed, so equal calls give equal results. Blocks bound the
memory; a size for which one block would take too much is not started.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from heapq import nsmallest
from itertools import chain, islice, pairwise
from itertools import combinations as subsets_of
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.judging import enough_right
from pluriscope.analysis.circuits.prefixes import Prefixes, Wiring, joined
from pluriscope.analysis.circuits.result import SmallestCircuits
from pluriscope.analysis.circuits.space import count_by_edges, count_matrices_with
from pluriscope.analysis.questions.decisions import decided_right, max_wrong
from pluriscope.analysis.questions.protocol import in_space
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout, mask_array, masks_of
from pluriscope.analysis.subjects.perceptron.mlp import keep_matrices
from pluriscope.analysis.subjects.perceptron.question import Question

_VALUES_AT_ONCE: Final = 1 << 20
_CHOICES_KEPT: Final = 1 << 22  # of sources, of all that are needed again and again
_SIDE_BY_SIDE: Final = 8  # circuits of one size from which a descent goes on
_FIRST_ROWS: Final = 8  # on which everything is tried before the few that pass are tried on all
Choices = NDArray[np.uint32]
"""``[choices, neurons]`` the set of sources of each neuron, bit k for the k-th source."""


def find_smallest(
    question: Question,
    work: Work = DEFAULT_WORK,
    *,
    known: Sequence[int] = (),
    by_edges: Mapping[int, int] | None = None,
    n_smallest: int = 100,
    max_tried: int = 20_000_000,
    so_far: SmallestCircuits | None = None,
) -> SmallestCircuits:
    """Find the smallest valid circuits of the protocol's space.

    Args:
        known: masks of valid circuits, from which a descent begins beside the network itself.
        by_edges: valid circuits by number of edges if all have been counted exactly, else None.
        n_smallest: circuits wanted; the search in order of size goes on until it has so many.
        max_tried: circuits that the search in order of size judges, at most; a descent tries a two hundredth of that.
        work: reports "circuits" now and then; may raise Cancelled. What ends before it is done has looked at the sizes
            before.
        so_far: what an equal call found whose work ended.

    Raises:
        InvalidData: labels that do not fit the rows.
    """
    sizes, layout = question.network.sizes, question.layout
    search = _BySize(question, work)
    found: list[int] = []
    n_judged, searched_up_to = 0, sizes[0] + len(sizes) - 3  # no circuit has fewer edges than one more
    if so_far is not None:
        n_judged, searched_up_to = so_far.n_tried, so_far.searched_up_to
        found = [mask for mask in so_far.masks if mask.bit_count() <= searched_up_to]
    with work.ending("smallest"), np.errstate(over="ignore", invalid="ignore"):
        while len(found) < n_smallest and searched_up_to < layout.n_edges:
            n_edges = searched_up_to + 1
            n_circuits = 0
            if by_edges is None or by_edges.get(n_edges):
                n_circuits = count_by_edges(sizes, question.protocol, n_edges).get(n_edges, 0)
            if n_judged + n_circuits > max_tried or search.table_bytes(n_edges) > work.limits.max_bytes:
                break
            work.report_step("smallest", n_judged, max_tried, f"{n_circuits:,} circuits with {n_edges} edges")
            if n_circuits:
                found += nsmallest(n_smallest - len(found), chain.from_iterable(search.valid(n_edges)))
            n_judged += n_circuits
            searched_up_to = n_edges
    if found or searched_up_to == layout.n_edges:
        return SmallestCircuits(tuple(found), True, searched_up_to, n_judged)
    descended, n_descended = search.descend(known, max_tried // 200, n_smallest)
    fewest = descended[0].bit_count() if descended else 0
    proved = fewest == searched_up_to + 1
    if proved:
        descended = [mask for mask in descended if mask.bit_count() == fewest]
    return SmallestCircuits(tuple(descended), proved, searched_up_to, n_judged, n_descended)


@dataclass(frozen=True)
class _BySize:
    """The circuits of one output by number of edges."""

    question: Question
    work: Work
    _known: dict[tuple[int, int, int], list[Choices]] = field(default_factory=dict, repr=False)

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
    def wiring(self) -> Wiring:
        return Wiring(
            self.question.network, self.question.absent, self.judged[0][:_FIRST_ROWS], lambda _layer, _n_active: True
        )

    def table_bytes(self, n_edges: int) -> int:
        """Memory for what one prefix needs while circuits with so many edges are wired, at most."""
        sizes = self.question.network.sizes
        values = (above * 2 ** min(below, n_edges) for below, above in pairwise(sizes[:-1]))
        return 32 * _FIRST_ROWS * max(values, default=0)  # some are there twice and more while they are added up

    def valid(self, n_edges: int) -> Iterator[list[int]]:
        """Masks of the valid circuits with so many edges, in no order."""
        step = max(1, _VALUES_AT_ONCE // (max(self.question.network.sizes) * len(self.judged[1])))
        for some in self._promising(n_edges):
            for start in range(0, len(some), step):
                self.work.check()
                part = some[start : start + step]
                yield part[self.right(keep_matrices(part, self.question.layout))].tolist()

    def _promising(self, n_edges: int) -> Iterator[NDArray[Any]]:
        """Masks of the circuits with so many edges that decide enough of the first rows right."""
        if self.question.network.n_hidden_layers == 0:
            yield mask_array([(1 << self.question.layout.n_edges) - 1], self.question.layout)
            return
        for prefixes in self._prefixes(self.question.network.n_hidden_layers - 1, n_edges):
            yield from self._on_top(prefixes, n_edges - prefixes.n_edges)

    def _prefixes(self, layer: int, n_edges: int) -> Iterator[Prefixes]:
        """Ways to wire the layers up to one that leave enough edges for the layers above."""
        if layer == 0:
            yield self.wiring.inputs
        else:
            lower = self._prefixes(layer - 1, n_edges)
            every = (batch for below in lower for batch in self._extended(below, layer, n_edges - below.n_edges))
            yield from joined(every, _VALUES_AT_ONCE)

    def _extended(self, below: Prefixes, layer: int, n_edges: int) -> Iterator[Prefixes]:
        """Extend each prefix by a layer; ``n_edges`` are left for it and all layers above."""
        n_sources, width = len(below.active), self.question.network.sizes[layer]
        n_above = self.question.network.n_hidden_layers - layer  # layers of edges beyond the next, with an edge each
        above = self.question.network.sizes[layer + 1]
        most_above = sum(lower * upper for lower, upper in pairwise(self.question.network.sizes[layer + 1 :]))
        edges = self.wiring.edges_into(below.active, layer)
        for piece in self._pieces(below, layer):
            table, n_values = self.wiring.activations(piece, layer), len(piece) * width * below.values.shape[2]
            for n_here in range(n_sources, n_edges - n_above):
                n_left = n_edges - n_here
                n_active = range(max(1, -((most_above - n_left) // above)), min(width, n_here, n_left - n_above) + 1)
                for active, chosen in self._by_active(n_sources, width, n_active, n_here, n_values):
                    into = [edges[neuron][sets] for neuron, sets in zip(active, chosen.T, strict=True)]
                    masks = (piece.masks[:, None] | np.bitwise_or.reduce(into)).ravel()
                    values = table[:, np.array(active), chosen]
                    values = values.reshape(-1, len(active), values.shape[-1])
                    yield Prefixes(active, below.n_active + len(active), masks, values, below.n_edges + n_here)

    def _choices(self, n_sources: int, n_neurons: int, n_edges: int) -> Iterator[Choices]:
        """Yield the choices of :func:`_choices`; few ones are kept, since the search needs them again."""
        key = (n_sources, n_neurons, n_edges)
        if key in self._known:
            return iter(self._known[key])
        n_choices = count_matrices_with(n_neurons, n_sources, n_edges)
        if n_choices + sum(len(some) for kept in self._known.values() for some in kept) > _CHOICES_KEPT:
            return _choices(*key)
        self._known[key] = list(_choices(*key))
        return iter(self._known[key])

    def _by_active(
        self, n_sources: int, width: int, numbers: range, n_edges: int, n_values: int
    ) -> Iterator[tuple[tuple[int, ...], Choices]]:
        """Some choices of sources for a layer at a time by its active neurons: these, and sets of sources."""
        step = max(1, _VALUES_AT_ONCE // n_values)
        for n_active in numbers:
            for chosen in self._choices(n_sources, n_active, n_edges):
                for start in range(0, len(chosen), step):
                    for active in subsets_of(range(width), n_active):
                        self.work.check()
                        yield active, chosen[start : start + step]

    def _pieces(self, below: Prefixes, layer: int) -> Iterator[Prefixes]:
        """Some prefixes at a time, so that tables of the layer's values for each set of sources stay small."""
        width, n_rows = self.question.network.sizes[layer], below.values.shape[2]
        step = max(1, 4 * _VALUES_AT_ONCE // (width * 2 ** len(below.active) * n_rows))
        return (below[start : start + step] for start in range(0, len(below), step))

    def _on_top(self, below: Prefixes, n_edges: int) -> Iterator[NDArray[Any]]:
        """The promising circuits with so many edges in and above the last hidden layer."""
        width, n_rows = self.question.network.sizes[-2], below.values.shape[2]
        for piece in self._pieces(below, self.question.network.n_hidden_layers):
            terms = self.wiring.terms(piece)
            for n_active in range(1, min(width, n_edges) + 1):
                if not in_space(below.n_active + n_active, self.question.network.sizes, self.question.protocol):
                    continue
                most = max(1, _VALUES_AT_ONCE // max(width, len(piece) * n_rows))
                for block in self._choices(len(below.active), n_active, n_edges - n_active):
                    for start in range(0, len(block), most):
                        chosen = block[start : start + most]
                        every = subsets_of(range(width), n_active)
                        while some := list(islice(every, max(1, most // len(chosen)))):
                            self.work.check()
                            sets = np.zeros((len(some), len(chosen), width), dtype=np.int64)
                            np.put_along_axis(sets, np.array(some)[:, None], chosen[None], axis=2)
                            choices = sets.reshape(-1, width)
                            state, which = np.nonzero(self._right_on_top(terms, choices))
                            if len(state):
                                yield piece.masks[state] | self.wiring.edges_on_top(below.active, choices[which])

    def _right_on_top(self, terms: NDArray[np.float64], sets: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Decide which choices on top of states decide enough of the first rows right, ``[states, choices]``."""
        network, rule = self.question.network, self.question.protocol.circuit_decision
        total = np.full((len(terms), len(sets), terms.shape[3]), network.biases[-1][0])
        for neuron, chosen in enumerate(sets.T):  # summed as the search sums
            total += terms[:, neuron, chosen]
        outputs = network.function_of(len(network.weights)).value(total)
        n_wrong = np.count_nonzero(~decided_right(outputs, self.judged[1][:_FIRST_ROWS], rule), axis=2)
        most_wrong = max_wrong(len(self.judged[1]), self.question.share)
        return np.asarray(n_wrong <= most_wrong)

    def right(self, keep: Sequence[NDArray[np.bool_]]) -> NDArray[np.bool_]:
        """Decide whether circuits ``[circuits, n_l, n_(l-1)]``, of the space or not, decide enough rows right."""
        return enough_right(self.question, keep, self.judged)

    def descend(self, known: Sequence[int], max_tried: int, n_wanted: int) -> tuple[list[int], int]:
        """Small valid circuits inside known ones, fewest edges first, and how many circuits were tried."""
        whole = (1 << self.question.layout.n_edges) - 1
        waiting: dict[int, set[int]] = defaultdict(set)
        for mask in (*known, whole):
            waiting[mask.bit_count()].add(mask)
        chance = random.Random(0)  # noqa: S311  # a choice that anyone can make again, not a secret
        found, seen, n_tried = list(known), {whole, *known}, 0
        with self.work.ending("smallest"):
            while waiting and n_tried < max_tried:
                n_edges = max(waiting)
                self.work.report_step("smallest", 0, 1, f"circuits with up to {n_edges} edges, made smaller")
                masks = sorted(waiting.pop(n_edges))
                masks = sorted(chance.sample(masks, min(_SIDE_BY_SIDE, len(masks))))
                keep = keep_matrices(mask_array(masks, self.question.layout), self.question.layout)
                smaller = self._smaller(keep)
                bits = np.concatenate([matrix.reshape(len(matrix), -1) for matrix in smaller], axis=1)
                numbers = masks_of(bits, self.question.layout).tolist()
                fresh = []
                for position, mask in enumerate(numbers):
                    if mask not in seen:
                        seen.add(mask)
                        fresh.append(position)
                tried = [matrix[fresh] for matrix in smaller]
                n_tried += len(fresh)
                right = self.right(tried) if fresh else np.zeros(0, dtype=np.bool_)
                n_active = sum((m.any(axis=2).sum(axis=1) for m in tried[:-1]), np.zeros(len(fresh), dtype=np.int64))
                for position, n in zip(np.flatnonzero(right).tolist(), n_active[right].tolist(), strict=True):
                    mask = numbers[fresh[position]]
                    waiting[mask.bit_count()].add(mask)
                    if in_space(n, self.question.network.sizes, self.question.protocol):
                        found.append(mask)
        if in_space(sum(self.question.network.sizes[1:-1]), self.question.network.sizes, self.question.protocol):
            every = keep_matrices(mask_array([whole], self.question.layout), self.question.layout)
            found += [whole] if self.right(every)[0] else []
        return sorted(set(found), key=lambda mask: (mask.bit_count(), mask))[:n_wanted], n_tried

    def _smaller(self, keep: Sequence[NDArray[np.bool_]]) -> list[NDArray[np.bool_]]:
        """Every circuit that is left when one edge or one neuron goes, and with it what leads nowhere."""
        layout = self.question.layout
        removed = [1 << edge for edge in range(layout.n_edges)]
        removed += [edges for layer in layout.edges_into[1:-1] for edges in layer]
        bits, going = (
            np.concatenate([matrix.reshape(len(matrix), -1) for matrix in matrices], axis=1)
            for matrices in (keep, keep_matrices(mask_array(removed, layout), layout))
        )
        left = (bits[:, None, :] & ~going).reshape(-1, layout.n_edges)
        return led_through(left[left.sum(axis=1) < np.repeat(bits.sum(axis=1), len(removed))], layout)


def led_through(left: NDArray[np.bool_], layout: EdgeLayout) -> list[NDArray[np.bool_]]:
    """Circuits without what leads nowhere, those that are possible then: ``[circuits, n_l, n_(l-1)]`` for each layer.

    Args:
        left: ``[circuits, edges]`` what is left of each.
    """
    parts = np.split(left, layout.offsets[1:-1], axis=1)
    shapes = ((len(left), above, below) for below, above in pairwise(layout.sizes))
    matrices: list[Any] = [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
    for lower, upper in pairwise(matrices):
        upper &= lower.any(axis=2)[:, None, :]
    for lower, upper in zip(matrices[-2::-1], matrices[:0:-1], strict=True):
        lower &= upper.any(axis=1)[:, :, None]
    possible = matrices[0].any(axis=1).all(axis=1) & matrices[-1].any(axis=2).all(axis=1)
    return [matrix[possible] for matrix in matrices]


def _choices(n_sources: int, n_neurons: int, n_edges: int) -> Iterator[Choices]:
    """Every choice of nonempty sets of sources that uses each source and has so many edges, in bounded blocks."""
    nothing = np.zeros(1, dtype=np.int64)
    return _chosen(np.zeros((1, 0), dtype=np.uint32), nothing, nothing + n_edges, n_sources, n_neurons)


def _chosen(
    chosen: Choices, used: NDArray[np.int64], left: NDArray[np.int64], n_sources: int, n_more: int
) -> Iterator[Choices]:
    """The choices that begin with these, with the sources that they use and the edges that they leave."""
    if not n_more:
        yield chosen
        return
    sets = np.arange(1, 1 << n_sources)
    size = np.bitwise_count(np.arange(1 << n_sources)).astype(np.int64)
    step = max(1, _VALUES_AT_ONCE // 4 >> n_sources)
    for start in range(0, len(chosen), step):
        part = slice(start, start + step)
        rest, union = left[part, None] - size[sets], used[part, None] | sets
        wanting = size[(1 << n_sources) - 1 & ~union]
        first, which = np.nonzero((rest >= np.maximum(wanting, n_more - 1)) & (rest <= (n_more - 1) * n_sources))
        if len(first):
            longer = np.column_stack([chosen[part][first], sets[which].astype(np.uint32)])
            yield from _chosen(longer, union[first, which], rest[first, which], n_sources, n_more - 1)
