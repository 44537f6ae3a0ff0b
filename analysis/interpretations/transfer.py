"""Transfer from the thresholds of one layer to those of the next: which go together, and in how many ways.

A neuron's bit is a function of its parents' bits exactly if every pair of inputs that the neuron separates is separated
by some parent. With separations as bit sets that is ``child & ~(p1 | p2 | …) == 0``. If the parents reach r of
their 2^p combinations, the other 2^p − r are free, so there are 2^(2^p − r) completions. After the first layer XOR and
XNOR are barred as gates of exactly two parents; one of them is among the completions exactly if
``child == p1 ^ p2`` (separations are linear), and then one completion is lost.

Only the thresholds of neighbouring layers meet, so all that matters of a layer is its *state*, its neurons' thresholds
as a tuple.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.interpretations.thresholds import LayerThresholds, Words, earlier_pairs

# counts beyond 2^63 are held as Python integers in an object array
Integers = NDArray[Any]
_EXACT_IN_INT64 = 2.0**62
LINKS_AT_ONCE = 1 << 18


@dataclass(frozen=True, eq=False)
class States:
    """States of one layer: for each, its circuit and the threshold of every neuron (0 where a neuron has no gate).

    Args:
        circuit: ``[states]`` position of the circuit.
        thresholds: ``[states, n_l]``.
    """

    circuit: NDArray[np.int64]
    thresholds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.circuit)

    def __getitem__(self, part: slice | NDArray[np.int64]) -> States:
        return States(self.circuit[part], self.thresholds[part])


@dataclass(frozen=True, eq=False)
class Links:
    """Pairs of a state and a state of the next layer that go together in ``factor · 2^exponent`` ways, at least one.

    Args:
        source: ``[links]`` position of the lower state, ascending.
        target: the upper states, in lexicographic order for each lower one.
        exponent: ``[links]``.
        factor: ``[links]`` odd part, from barred completions.
    """

    source: NDArray[np.int64]
    target: States
    exponent: NDArray[np.int64]
    factor: NDArray[np.int64]

    def ways_times(self, weights: Integers) -> Integers:
        """Multiply weights of links by their ways, exactly."""
        if weights.dtype != object:
            with np.errstate(over="ignore"):
                bound = weights * self.factor.astype(np.float64) * np.exp2(self.exponent.astype(np.float64))
            if bound.max(initial=0.0) < _EXACT_IN_INT64:
                product: Integers = weights * (self.factor << self.exponent)
                return product
            weights = weights.astype(object)
        return weights * self.ways()

    def ways(self) -> Integers:
        """Ways of each link as Python integers."""
        pairs = zip(self.factor.tolist(), self.exponent.tolist(), strict=True)
        return object_array([factor << exponent for factor, exponent in pairs])


def object_array(values: list[int]) -> Integers:
    """Python integers as an array, however large or small they are."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def n_first_states(first: LayerThresholds) -> NDArray[np.float64]:
    """States of the first layer for each circuit; a float, as it may be astronomical."""
    return np.asarray(np.maximum(first.n_thresholds, 1).astype(np.float64).prod(axis=1), dtype=np.float64)


def first_states(first: LayerThresholds, at_once: int) -> Iterator[States]:
    """Every state of the first layer, circuit by circuit, in lexicographic order, in blocks of ``at_once``."""
    radices = np.maximum(first.n_thresholds, 1)
    ends = np.cumsum(radices.prod(axis=1))
    for start in range(0, int(ends[-1]) if len(ends) else 0, at_once):
        numbers = np.arange(start, min(start + at_once, int(ends[-1])))
        circuit = np.searchsorted(ends, numbers, side="right")
        rest = numbers - np.concatenate([[0], ends])[circuit]
        thresholds = np.empty((len(numbers), radices.shape[1]), dtype=np.int64)
        for neuron in range(radices.shape[1] - 1, -1, -1):
            rest, thresholds[:, neuron] = np.divmod(rest, radices[circuit, neuron])
        yield States(circuit, thresholds)


def links(below: LayerThresholds, above: LayerThresholds, states: States) -> Iterator[Links]:
    """Yield everything of the next layer that goes together with each state, in blocks of bounded size.

    Args:
        below: thresholds of the states' layer.
        above: thresholds of the next layer.
        states: states of the lower layer.
    """
    choices = [_choices(below, above, states, neuron) for neuron in range(above.n_thresholds.shape[1])]
    n_links = np.ones(len(states))
    for choice in choices:
        n_links *= choice.n_options
    block = (np.cumsum(n_links) // LINKS_AT_ONCE).astype(np.int64)
    edges = [0, *(np.flatnonzero(np.diff(block)) + 1).tolist(), len(states)]
    for start, stop in pairwise(edges):
        source = np.arange(start, stop)
        thresholds = np.empty((len(source), 0), dtype=np.int64)
        exponent, factor = np.zeros(len(source), dtype=np.int64), np.ones(len(source), dtype=np.int64)
        for choice in choices:
            pick, option = choice.joined_to(source)
            source = source[pick]
            thresholds = np.concatenate([thresholds[pick], choice.threshold[option, None]], axis=1)
            exponent, factor = exponent[pick] + choice.exponent[option], factor[pick] * choice.factor[option]
        yield Links(source, States(states.circuit[source], thresholds), exponent, factor)


@dataclass(frozen=True, eq=False)
class _Choices:
    """The thresholds of a neuron that go together with each state, in ``factor · 2^exponent`` ways each, at least one.

    Args:
        n_options: ``[states]`` how many; those of one state lie together, ascending.
        threshold: ``[options]``.
        exponent: ``[options]``.
        factor: ``[options]``.
    """

    n_options: NDArray[np.int64]
    threshold: NDArray[np.int64]
    exponent: NDArray[np.int64]
    factor: NDArray[np.int64]

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return np.cumsum(self.n_options) - self.n_options

    def joined_to(self, source: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pair each position in ``source`` (states) with each option of its state: (position, option) pairs."""
        repeats = self.n_options[source]
        pick = np.repeat(np.arange(len(source)), repeats)
        within = np.arange(len(pick)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        return pick, self._starts[source[pick]] + within


def _choices(below: LayerThresholds, above: LayerThresholds, states: States, neuron: int) -> _Choices:
    """Find the options of one neuron of the next layer on each state.

    Most states leave a neuron no threshold, which a few words of the separations show; the rest is read for the others.
    """
    kept = above.parents[states.circuit, neuron]
    # where each parent's separations stand; those of a neuron that is no parent separate nothing
    rows = np.where(kept, below.first[states.circuit] + states.thresholds, 0)
    owner, threshold = _consistent_thresholds(below, above, states.circuit, rows, neuron)
    alive, run = _runs(owner)
    circuit, rows = states.circuit[alive], rows[alive]
    by_any = _distinguished(below, rows, slice(None), np.bitwise_or)
    has_gate = above.n_thresholds[circuit, neuron] > 0
    n_parents = kept[alive].sum(axis=1)
    free = np.where(has_gate, 2**n_parents - _n_reached(by_any, below), 0)[run]
    exponent, factor = free, np.ones_like(free)
    # one of XOR and XNOR fits: it is one of the completions, of which there are at most 4, and is lost
    two = np.flatnonzero(((n_parents == 2) & has_gate)[run])
    child = above.separations[above.first[circuit[run[two]], neuron] + threshold[two]]
    barred = two[(child == _distinguished(below, rows[run[two]], slice(None), np.bitwise_xor)).all(axis=1)]
    exponent[barred], factor[barred] = 0, 2 ** np.minimum(free[barred], 2) - 1
    kept = factor > 0
    owner, threshold, exponent, factor = owner[kept], threshold[kept], exponent[kept], factor[kept]
    return _Choices(np.bincount(owner, minlength=len(states)), threshold, exponent, factor)


def _runs(ascending: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct ones of ascending numbers, and for each number which of these it is."""
    new = np.ones(len(ascending), dtype=np.bool_)
    np.not_equal(ascending[1:], ascending[:-1], out=new[1:])
    return ascending[new], np.cumsum(new) - 1


def _distinguished(below: LayerThresholds, rows: NDArray[np.int64], words: slice, joined: np.ufunc) -> Words:
    """Join the separations of each state's parents, some words of them, into one, ``[states, words]``."""
    separations = np.ascontiguousarray(below.separations[:, words])
    every: Words = separations[rows[:, 0]]
    for column in rows.T[1:]:
        joined(every, separations[column], out=every)
    return every


def _consistent_thresholds(
    below: LayerThresholds, above: LayerThresholds, circuit: NDArray[np.int64], rows: NDArray[np.int64], neuron: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the thresholds of a neuron that distinguish no more inputs than its parents do: (state, threshold) pairs.

    A neuron without a gate has 0 in place of a threshold.

    Args:
        circuit: ``[states]``.
        rows: ``[states, n_(l-1)]`` where the separations of each parent stand.
    """
    first, n_thresholds = above.first[circuit, neuron], np.maximum(above.n_thresholds[circuit, neuron], 1)
    most = int(n_thresholds.max(initial=1))
    unseen = ~_distinguished(below, rows, slice(0, 1), np.bitwise_or)[:, 0]
    child, consistent = np.ascontiguousarray(above.separations[:, 0]), np.empty((len(circuit), most), dtype=np.bool_)
    for number in range(most):  # one by one, so that all of it stays in the processor's cache
        consistent[:, number] = ((child[first + number] & unseen) == 0) & (number < n_thresholds)
    owner, threshold = np.divmod(np.flatnonzero(consistent), most)
    n_words, start = below.separations.shape[-1], 1
    while start < n_words and len(owner):
        words = slice(start, min(2 * start, n_words))
        alive, run = _runs(owner)
        unseen = ~_distinguished(below, rows[alive], words, np.bitwise_or)
        child = above.separations[first[owner] + threshold, words]
        fits = ((child & unseen[run]) == 0).all(axis=1)
        owner, threshold, start = owner[fits], threshold[fits], words.stop
    return owner, threshold


def _n_reached(by_any: Words, below: LayerThresholds) -> NDArray[np.int64]:
    """Count the combinations of the parents' bits that occur: inputs that differ from every earlier one, plus the
    first.
    """
    reached = np.ones(len(by_any), dtype=np.int64)
    for earlier in earlier_pairs(below.levels.shape[-1]):
        used = np.flatnonzero(earlier)
        reached += ((earlier[used] & ~by_any[:, used]) == 0).all(axis=1)
    return reached


def merged(states: States, weights: tuple[Integers, ...]) -> tuple[States, tuple[Integers, ...]]:
    """Equal states once, in lexicographic order, with their weights added exactly."""
    position, first = grouped(states)
    if len(first) == len(states):
        order = np.argsort(position)
        return states[order], tuple(weight[order] for weight in weights)
    return states[first], tuple(summed(weight, position, len(first)) for weight in weights)


def grouped(states: States) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rank the distinct (circuit, thresholds) of states: the rank of each, and for each rank the position of one."""
    key, n_keys = states.circuit, int(states.circuit.max(initial=0)) + 1
    for column in states.thresholds.T:
        radix = int(column.max(initial=0)) + 1
        if n_keys * radix > 2**62:
            distinct, key = np.unique(key, return_inverse=True)
            n_keys = len(distinct)
        key, n_keys = key * radix + column, n_keys * radix
    if n_keys > 8 * len(key):
        _, first, position = np.unique(key, return_index=True, return_inverse=True)
        return position, first
    at = np.full(n_keys, -1)  # without sorting
    at[key] = np.arange(len(key))
    position = (np.cumsum(at >= 0) - 1)[key]
    return position, at[at >= 0]


def summed(weights: Integers, position: NDArray[np.int64], n: int) -> Integers:
    """Sum of the weights at each of ``n`` positions, exactly."""
    if weights.dtype != object and len(weights):
        if float(weights.max()) * len(weights) < _EXACT_IN_INT64:
            total = np.zeros(n, dtype=np.int64)
            np.add.at(total, position, weights)
            return total
        weights = weights.astype(object)
    totals = object_array([0] * n)
    np.add.at(totals, position, weights)
    return totals
