"""The exact number of valid circuits, their distribution and uniform draws from them, without listing them.

1. States. All ways to wire the layers below the last hidden one, in bounded batches.
2. Combinations. On top of each state the valid combinations of the last hidden layer are counted by meeting in the
   middle (:mod:`pluriscope.analysis.circuits.box_counts`, which argues why the verdict on every circuit is the search's
   own to the last bit), also by edges, neurons and each neuron's sources. Totals are Python integers.
3. Draws. Counts are kept for each unit into which a state is divided, so valid circuits are numbered 0 … count − 1.
   Ranks drawn uniformly without replacement are looked up: only their units are counted again.

Memory: a batch of prefixes (twice 16 MiB), two trees of sums, and 8 bytes for each unit of each state.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.distribution import CircuitDistribution, distribution_of
from pluriscope.analysis.circuits.judging import evaluate_circuits
from pluriscope.analysis.circuits.layered_states import CountableSpace
from pluriscope.analysis.circuits.prefixes import Prefixes
from pluriscope.analysis.circuits.result import CircuitSearch, CountSoFar
from pluriscope.analysis.circuits.source_subsets import Tally
from pluriscope.analysis.circuits.space import count_in_space
from pluriscope.analysis.errors import InvalidData
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout
from pluriscope.analysis.subjects.perceptron.mlp import keep_matrices
from pluriscope.analysis.subjects.perceptron.question import Question

_STATES_AT_ONCE: Final = 32  # whose circuits are drawn between two reports


def count_circuits(
    question: Question, work: Work = DEFAULT_WORK, *, n_draws: int = 0, seed: int = 0, so_far: CountSoFar | None = None
) -> CircuitSearch:
    """Count every valid circuit of the protocol's space.

    Args:
        work: reports the number of circuits judged between batches of states, and between draws; may raise Cancelled.
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
    possible = count_in_space(question.network.sizes, question.protocol)
    totals, draws = _Totals(question.layout, so_far), list[int]()
    n_judged, is_counted, is_whole = 0, False, False
    with work.ending("circuits"):
        for piece, combinations in space.pieces():
            work.report_step("circuits", n_judged, possible, totals.summary)
            start = totals.start_of(len(piece), combinations.n_units)
            if start is not None:
                tally = space.tally(piece, start)
                with totals.adding(piece, tally):
                    while not tally.go_on():
                        n_here = int(tally.share * len(piece) * combinations.n_circuits)
                        work.report_step("circuits", min(n_judged + n_here, possible - 1), possible, totals.summary)
            n_judged += len(piece) * combinations.n_circuits
        totals.refuse_more()
        is_counted = True
        ranks = sorted(random.Random(seed).sample(range(totals.distribution.of), min(n_draws, totals.distribution.of)))  # noqa: S311
        for number, masks_of_state in enumerate(space.numbered(ranks, totals.units, work.check)):
            draws += masks_of_state
            if number % _STATES_AT_ONCE == 0:
                work.report_step("circuits", possible, possible, f"{totals.summary}, {len(draws):,} drawn")
        work.report_step("circuits", possible, possible, totals.summary)
        is_whole = True
    masks = np.sort(np.array(draws, dtype=np.uint64))
    return CircuitSearch(
        question.layout,
        possible,
        masks,
        *evaluate_circuits(question, masks),
        truncated_at=None if is_whole and len(masks) == totals.distribution.of else len(masks),
        method="counted",
        count=totals.distribution.of,
        n_tested=possible if is_counted else n_judged,
        known_distribution=totals.distribution,
        so_far=None if is_whole else totals.so_far(),
    )


class _Totals:
    """The sums of the tallies; everything that grows is a Python integer."""

    def __init__(self, layout: EdgeLayout, before: CountSoFar | None) -> None:
        self.layout, self.units = layout, list[NDArray[np.int64]]()
        nothing = CountSoFar(distribution_of(np.empty(0, dtype=np.uint64), layout), np.empty(0, dtype=np.int64))
        known = before or nothing
        self.distribution, self._known, self.place = known.distribution, known.units, known.place

    @property
    def summary(self) -> str:
        return f"{self.distribution.of:,} valid circuits"

    def start_of(self, n_states: int, n_units: int) -> tuple[int, int, int] | None:
        """Return where the count of the next states, of so many units each, goes on; None if it was done before."""
        if not len(self._known):
            self.units.append(np.zeros((n_states, n_units), dtype=np.int64))
            return 0, 0, 0
        here, self._known = np.split(self._known, [n_states * n_units])
        start = (0, 0, 0) if len(self._known) else self.place
        if len(here) < n_states * n_units or start[0] >= n_states:
            raise _other()
        self.units.append(here.reshape(n_states, n_units).copy())
        return start if any(start) else None

    def refuse_more(self) -> None:
        """Raise InvalidData if the count before was of more states."""
        if len(self._known):
            raise _other()

    def so_far(self) -> CountSoFar:
        units = np.concatenate([*map(np.ravel, self.units), self._known])  # the last were not come to this time
        return CountSoFar(self.distribution, units, self.place)

    @contextmanager
    def adding(self, piece: Prefixes, tally: Tally) -> Iterator[None]:
        """Add a tally once the block is left, as far as it is then."""
        try:
            yield
        finally:
            self.place = tally.place
            self.units[-1] += tally.units
            if tally.units.any():
                self.distribution += _spread(self.layout, piece, tally)


def _spread(layout: EdgeLayout, piece: Prefixes, tally: Tally) -> CircuitDistribution:
    """Spread the circuits of a tally over sizes, edges and neurons; a state counts as often as there are circuits on
    it.
    """
    last = len(layout.sizes) - 2
    by_state = tally.units.sum(axis=1)
    masks, counts = piece.masks[by_state != 0], by_state[by_state != 0]
    # a product of counts below 2^52 with so many states may not fit, halves of 26 bits do
    halves = np.stack([counts % 2**26, counts // 2**26])

    def weigh(kept: NDArray[Any]) -> list[int]:
        low, high = (halves @ kept.astype(np.int64)).tolist()
        return [a + (b << 26) for a, b in zip(low, high, strict=True)]

    below = keep_matrices(masks, layout)[: last - 1]
    edge_use = [number for kept in below for number in weigh(kept.reshape(len(kept), -1))]
    edge_use += [0] * (layout.n_edges - len(edge_use))
    neuron_use = [tuple(weigh(np.any(kept, axis=2))) for kept in below]
    by_neuron = tally.by_neuron().tolist()
    for neuron, by_set in enumerate(by_neuron):
        edge_use[layout.edge_index(last + 1, 0, neuron)] = sum(by_set[1:])
        for bit, source in enumerate(piece.active):
            used = sum(number for chosen, number in enumerate(by_set) if chosen >> bit & 1)
            edge_use[layout.edge_index(last, neuron, source)] = used
    by_edges, by_neurons = Counter[int](), Counter[int]()
    for row, n_edges, n_active in np.argwhere(tally.by_size).tolist():
        number = int(tally.by_size[row, n_edges, n_active])
        by_edges[int(tally.below[row]) + n_edges] += number
        by_neurons[piece.n_active + n_active] += number
    neuron_use.append(tuple(sum(by_set[1:]) for by_set in by_neuron))
    return CircuitDistribution(sum(by_state.tolist()), by_edges, by_neurons, tuple(edge_use), tuple(neuron_use))


def _other() -> InvalidData:
    return InvalidData("an unfinished count", "it is of another network or protocol", "count from the start")
