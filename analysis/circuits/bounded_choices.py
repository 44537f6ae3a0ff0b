"""Branch and bound over the sets of sources that the neurons of the last hidden layer choose, with a number of edges.

On top of a state of the layers below, neuron j adds one of 2^a terms to the output's pre-activation, and costs as many
edges as its set has sources, and one more to the output; the empty set costs none. What the neurons from j on can add
on a row with exactly e edges is bounded by a dynamic programme: the largest (and the least) term for each cost, added
up over neurons. Rows are bounded each by itself, so the bounds are sound, not tight.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.decision_intervals import rounding_slack


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
