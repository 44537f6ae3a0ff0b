"""Finding the valid circuits of one output by the way that its plan names: listed, counted or estimated."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.distribution import CircuitDistribution
from analysis.circuits.estimating import estimate_circuits
from analysis.circuits.judging import evaluate_circuits
from analysis.circuits.layered_states import CountableSpace
from analysis.circuits.planning import CircuitPlan, plan_circuits
from analysis.circuits.prefixes import Prefixes
from analysis.circuits.result import CircuitSearch
from analysis.circuits.search import Sampling, search_circuits
from analysis.circuits.smallest import find_smallest
from analysis.circuits.source_subsets import Tally
from analysis.circuits.space import count_in_space
from analysis.errors import BeyondLimits
from analysis.networks.circuit import MAX_EDGES_KEPT, EdgeLayout, mask_array
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work


def find_circuits(question: Question, work: Work = DEFAULT_WORK, *, plan: CircuitPlan | None = None) -> CircuitSearch:
    """Find the valid circuits of one output in the best way within the limits.

    Args:
        work: told how far the work is; may raise Cancelled.
        plan: what :func:`~analysis.circuits.planning.plan_circuits` said, if it was asked before.

    Raises:
        BeyondLimits: every way is barred, with the reasons.
        InvalidData: labels that do not fit the rows.
        Cancelled: the report asked to stop.
    """
    plan = plan or plan_circuits(question, limits=work.limits)
    search = _Search(question, work)
    if plan.method == "listed":
        count = plan.cost_of("counted")
        return search.listed(countable=not count.obstacle and count.seconds <= plan.cost.seconds)
    if plan.method == "counted":
        try:
            return search.counted()
        except BeyondLimits:  # sums that may overflow show only on the way
            if not work.limits.n_samples:
                raise
    return search.estimated()


@dataclass(frozen=True, eq=False)
class _Search:
    """What is searched, by which rules, and how far; the same for every way. What is drawn is drawn from seed 0."""

    question: Question
    work: Work

    def listed(self, *, countable: bool) -> CircuitSearch:
        """All valid circuits; where there are more than a list holds, their number, some drawn and the smallest.

        Args:
            countable: whether they can be counted without testing each, and that is predicted to be quicker.
        """
        limits = self.work.limits
        beyond = Sampling(limits.n_draws, limits.n_smallest)
        found = self._tested(None if countable else beyond)
        if not countable or found.truncated_at != self._most_listed:
            return found
        try:
            return self.counted()
        except BeyondLimits:  # sums that may overflow show only on the way
            return self._tested(beyond)

    @property
    def _most_listed(self) -> int:
        return self.work.limits.most_listed(len(self.question.data.representatives))

    def _tested(self, beyond: Sampling | None) -> CircuitSearch:
        """The search that tests every circuit."""
        return search_circuits(
            self.question,
            self.work,
            max_valid=self._most_listed,
            max_possible=self.work.limits.max_possible,
            beyond=beyond,
        )

    def counted(self) -> CircuitSearch:
        found = count_circuits(self.question, self.work, n_draws=self.work.limits.n_draws)
        return found if found.truncated_at is None else self._with_smallest(found, found.distribution.by_edges)

    def estimated(self) -> CircuitSearch:
        limits = self.work.limits
        found = estimate_circuits(
            self.question, self.work, n_samples=limits.n_samples, n_draws=limits.n_draws, confidence=limits.confidence
        )
        return self._with_smallest(found, None)

    def _with_smallest(self, drawn: CircuitSearch, by_edges: Mapping[int, int] | None) -> CircuitSearch:
        """The same with the smallest valid circuits beside those drawn.

        Args:
            drawn: what counting or estimating found.
            by_edges: valid circuits by number of edges if they were counted, else None.
        """
        if not self.work.limits.n_smallest or drawn.layout.n_edges > MAX_EDGES_KEPT:
            return replace(drawn, n_drawn=drawn.n_listed)
        smallest = find_smallest(
            self.question,
            self.work,
            known=drawn.masks.tolist(),
            by_edges=by_edges,
            n_smallest=self.work.limits.n_smallest,
            max_tried=self.work.limits.n_tried,
        )
        undrawn = sorted({*smallest.masks} - {*drawn.masks.tolist()})
        every = mask_array(sorted([*drawn.masks.tolist(), *undrawn]), drawn.layout)
        outputs, margins = evaluate_circuits(self.question, every)
        whole = drawn.method == "counted" and len(every) == drawn.count
        return replace(
            drawn,
            masks=every,
            outputs=outputs,
            margins=margins,
            truncated_at=None if whole else len(every),
            interval=drawn.interval and (max(drawn.interval[0], len(every)), max(drawn.interval[1], len(every))),
            n_drawn=drawn.n_listed,
            smallest=replace(smallest, undrawn=tuple(undrawn)),
        )


# --- the exact number of valid circuits, their distribution and uniform draws from them, without listing them
#
# 1. States. All ways to wire the layers below the last hidden one are enumerated in bounded batches, as in the search
#    (:mod:`analysis.circuits.prefixes`); each carries the activations of its top layer.
# 2. Combinations. On top of each state the valid combinations of the last hidden layer are counted by meeting in the
#    middle (:mod:`analysis.circuits.source_subsets`, which argues why the verdict on every circuit is the search's own
#    to the last bit). The total is the sum over states, in Python integers.
# 3. Distribution. The same counts by number of edges and of active neurons, by edge and by neuron; the edges below
#    are those of the states, weighted with their counts.
# 4. Draws. States, and the units into which a large state is divided, have their counts kept, so valid circuits are
#    numbered 0 … count − 1. Ranks drawn uniformly without replacement are looked up: only their units are counted
#    again. Every set of so many circuits is equally likely.
#
# Memory: a batch of prefixes (twice 16 MiB), the sums of at most 2^18 heads and the ends of as many tails on each row,
# and 8 bytes for each unit of each state.

_STATES_AT_ONCE: Final = 32  # whose circuits are drawn between two reports


def count_circuits(question: Question, work: Work = DEFAULT_WORK, *, n_draws: int = 0, seed: int = 0) -> CircuitSearch:
    """Count every valid circuit of the protocol's space.

    Args:
        work: told between batches of states with the number of circuits judged, and between draws; may raise Cancelled.
        n_draws: valid circuits to draw, or all if there are fewer.

    Returns:
        The exact number and distribution of all; listed are distinct ones drawn uniformly.

    Raises:
        BeyondLimits: more than 64 edges; more than 2^52 combinations on top of one state; an accuracy threshold that
            lets some rows be wrong; activations that overflow.
        InvalidData: labels that do not fit the rows.
    """
    space = CountableSpace.of(question)
    possible = count_in_space(question.cut.sizes, question.protocol)
    totals = _Totals(space.layout)
    work.tell("circuits", 0, possible)
    n_judged = 0
    for piece, combinations in space.pieces():
        totals.add(piece, space.tally(piece))
        n_judged += len(piece) * combinations.n_circuits
        work.tell("circuits", n_judged, possible, f"{totals.count:,} valid circuits")
    ranks = sorted(random.Random(seed).sample(range(totals.count), min(n_draws, totals.count)))  # noqa: S311
    draws: list[int] = []
    for number, placed in enumerate(space.at(ranks, totals.units), start=1):
        draws += space.masks(placed)
        if number % _STATES_AT_ONCE == 0 or len(draws) == len(ranks):
            work.tell("circuits", possible, possible, f"{totals.count:,} valid circuits, {len(draws):,} drawn")
    masks = np.sort(np.array(draws, dtype=np.uint64))
    return CircuitSearch(
        space.layout,
        possible,
        masks,
        *evaluate_circuits(question, masks),
        truncated_at=None if len(masks) == totals.count else len(masks),
        method="counted",
        count=totals.count,
        n_tested=possible,
        known_distribution=totals.distribution(),
    )


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
