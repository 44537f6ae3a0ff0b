"""The exact number of valid circuits, their distribution and uniform draws from them, without listing them.

1. States. All ways to wire the layers below the last hidden one are enumerated in bounded batches, as in the search
   (:mod:`analysis.circuits.prefixes`); each carries the activations of its top layer.
2. Combinations. On top of each state the valid combinations of the last hidden layer are counted by meeting in the
   middle (:mod:`analysis.circuits.box_counts`, which argues why the verdict on every circuit is the search's own to
   the last bit). The total is the sum over states, in Python integers.
3. Distribution. The same counts by number of edges and of active neurons, by edge and by neuron; the edges below
   are those of the states, weighted with their counts.
4. Draws. States, and the units into which a large state is divided, have their counts kept, so valid circuits are
   numbered 0 … count − 1. Ranks drawn uniformly without replacement are looked up: only their units are counted
   again. Every set of so many circuits is equally likely.

5. Time. When it is up, what has been added up and the place where it goes on are given back: the end is the same.

Memory: a batch of prefixes (twice 16 MiB), two trees of at most 2^16 sums on each row, and 8 bytes for each unit of
each state.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.distribution import CircuitDistribution, distribution_of
from analysis.circuits.judging import evaluate_circuits
from analysis.circuits.layered_states import CountableSpace
from analysis.circuits.prefixes import Prefixes
from analysis.circuits.result import CircuitSearch, CountSoFar
from analysis.circuits.source_subsets import Tally
from analysis.circuits.space import count_in_space
from analysis.errors import InvalidData
from analysis.networks.circuit import EdgeLayout
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work

_STATES_AT_ONCE: Final = 32  # whose circuits are drawn between two reports


def count_circuits(
    question: Question, work: Work = DEFAULT_WORK, *, n_draws: int = 0, seed: int = 0, so_far: CountSoFar | None = None
) -> CircuitSearch:
    """Count every valid circuit of the protocol's space.

    Args:
        work: told between batches of states with the number of circuits judged, and between draws; may raise Cancelled.
        n_draws: valid circuits to draw, or all if there are fewer.
        so_far: of a count of the same question that was ended: it goes on from there, to the same end.

    Returns:
        The exact number and distribution of all; listed are distinct ones drawn uniformly. Where time or memory ends it
        (:meth:`Work.ending`), what has been added up stands in ``so_far``; the number is no bound then, unless every
        circuit was judged and only draws are missing.

    Raises:
        BeyondLimits: more than 64 edges; more than 2^52 combinations on top of one state; an accuracy threshold that
            lets some rows be wrong; activations that overflow.
        InvalidData: labels that do not fit the rows.
    """
    space = CountableSpace.of(question)
    possible = count_in_space(question.cut.sizes, question.protocol)
    totals, draws = _Totals(space.layout, so_far), list[int]()
    n_judged, is_counted, is_whole = 0, False, False
    with work.ending("circuits"):
        for piece, combinations in space.pieces():
            work.tell("circuits", n_judged, possible, f"{totals.count:,} valid circuits")
            place = totals.place_in(len(piece), combinations.n_units)
            if place is not None:
                tally = space.tally(piece, place)
                with totals.adding(piece, tally):
                    while not tally.go_on():
                        n_here = int(tally.share * len(piece) * combinations.n_circuits)
                        told = f"{totals.count:,} valid circuits"
                        work.tell("circuits", min(n_judged + n_here, possible - 1), possible, told)
            n_judged += len(piece) * combinations.n_circuits
        totals.refuse_more()
        is_counted = True
        ranks = sorted(random.Random(seed).sample(range(totals.count), min(n_draws, totals.count)))  # noqa: S311
        for number, placed in enumerate(space.at(ranks, totals.units)):
            if number % _STATES_AT_ONCE == 0:
                work.tell("circuits", possible, possible, f"{totals.count:,} valid circuits, {len(draws):,} drawn")
            work.check()
            draws += space.masks(placed, work.check)
        work.tell("circuits", possible, possible, f"{totals.count:,} valid circuits")
        is_whole = True
    masks = np.sort(np.array(draws, dtype=np.uint64))
    return CircuitSearch(
        space.layout,
        possible,
        masks,
        *evaluate_circuits(question, masks),
        truncated_at=None if is_whole and len(masks) == totals.count else len(masks),
        method="counted",
        count=totals.count,
        n_tested=possible if is_counted else n_judged,
        known_distribution=totals.distribution(),
        so_far=None if is_whole else totals.so_far(),
    )


@dataclass(eq=False)
class _Totals:
    """What the tallies add up to; everything that grows is a Python integer."""

    layout: EdgeLayout
    before: CountSoFar | None

    def __post_init__(self) -> None:
        self.units: list[NDArray[np.int64]] = []
        nothing = distribution_of(np.empty(0, dtype=np.uint64), self.layout)
        known = self.before.distribution if self.before else nothing
        self.count = known.of
        self.by_edges, self.by_neurons = Counter(known.by_edges), Counter(known.by_neurons)
        self._edge_use, self._neuron_use = list(known.edge_use), [list(layer) for layer in known.neuron_use]
        self._known = self.before.units if self.before else np.empty(0, dtype=np.int64)
        self.place = self.before.place if self.before else (0, 0, 0)

    def place_in(self, n_states: int, n_units: int) -> tuple[int, int, int] | None:
        """Where the count of the next states, of so many units each, goes on; None if it was done before.

        Raises:
            InvalidData: the count before was of other states.
        """
        if not len(self._known):
            self.units.append(np.zeros((n_states, n_units), dtype=np.int64))
            return 0, 0, 0
        here, self._known = np.split(self._known, [n_states * n_units])
        place = (0, 0, 0) if len(self._known) else self.place
        if len(here) < n_states * n_units or place[0] >= n_states:
            raise _other()
        self.units.append(here.reshape(n_states, n_units).copy())
        return place if any(place) else None

    def refuse_more(self) -> None:
        """Raise InvalidData if the count before was of more states."""
        if len(self._known):
            raise _other()

    def so_far(self) -> CountSoFar:
        units = np.concatenate([*map(np.ravel, self.units), self._known])  # the last were not come to this time
        return CountSoFar(self.distribution(), units, self.place)

    @contextmanager
    def adding(self, piece: Prefixes, tally: Tally) -> Iterator[None]:
        """Add a tally once the block is left, as far as it is then."""
        try:
            yield
        finally:
            self.place = tally.place
            self.units[-1] += tally.units
            by_state = tally.units.sum(axis=1)
            self.count += sum(by_state.tolist())
            for row, n_edges, n_active in np.argwhere(tally.by_size).tolist():
                number = int(tally.by_size[row, n_edges, n_active])
                self.by_edges[int(tally.below[row]) + n_edges] += number
                self.by_neurons[piece.n_active + n_active] += number
            if by_state.any():
                self._add_below(piece, by_state)
                self._add_last(piece, tally.by_neuron())

    def _add_below(self, piece: Prefixes, by_state: NDArray[np.int64]) -> None:
        """Edges and neurons of the states, weighted with what is valid on top of each."""
        layer = len(self.layout.sizes) - 2
        n_below = self.layout.offsets[layer - 1]
        valid = by_state != 0
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

    def _add_last(self, piece: Prefixes, by_neuron: NDArray[np.int64]) -> None:
        """Edges into the last hidden layer and from it, and its neurons."""
        layer = len(self.layout.sizes) - 2
        sets = range(1, 2 ** len(piece.active))
        for neuron, by_set in enumerate(by_neuron.tolist()):
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


def _other() -> InvalidData:
    return InvalidData("an unfinished count", "it is of another network or protocol", "count from the start")
