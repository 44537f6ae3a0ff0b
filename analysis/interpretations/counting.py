"""Exact numbers of interpretations, by a transfer over layers: states are carried upwards, never interpretations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interpretations.result import InterpretationCounts
from pluriscope.analysis.interpretations.thresholds import LayerThresholds, common_thresholds, read_thresholds
from pluriscope.analysis.interpretations.transfer import (
    LINKS_AT_ONCE,
    Integers,
    States,
    first_states,
    links,
    merged,
    n_first_states,
    object_array,
    summed,
)
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.circuit import MAX_EDGES, EdgeLayout
from pluriscope.analysis.subjects.perceptron.question import Question

_STATES_AT_ONCE = 1 << 15
_CIRCUITS_AT_ONCE = 1 << 11
_STATES_OF_CIRCUITS = 1 << 20  # in the first layers of circuits that are counted together, unless one has more
_BITS_AT_ONCE = 1 << 25  # separation bits of one batch of circuits
_COPIES = 6  # of each state while they are merged: up to three times as many wait, and are joined and sorted
_WEIGHTS = 8  # numbers of eight bytes that a state's weights take as Python integers


class _TooManyStates(Exception):
    """A batch of circuits has more states in one layer than memory is granted for."""


def count_interpretations(
    question: Question,
    masks: NDArray[np.uint64],
    work: Work = DEFAULT_WORK,
    *,
    so_far: InterpretationCounts | None = None,
    shared_with: Question | None = None,
) -> InterpretationCounts:
    """Count the interpretations of each circuit, and the classes that the inputs can distinguish.

    Args:
        masks: ``[circuits]`` structurally possible circuits.
        work: reports the number of circuits done between batches, and within large ones; may raise Cancelled. Its
            limits say after how many states of the first layers, over the circuits so far, counting stops, and how much
            memory the states of one circuit may take.
        so_far: what an equal call found whose work ended; it goes on from there.
        shared_with: count those alone that the same circuit of another network of this shape has, too: every gate with
            the same function and table. Equal functions leave equal rows free, so these are again all completions of
            some classes.

    Returns:
        Exact counts parallel to ``masks``; ended by time, memory or a limit those of the first circuits, and
        ``truncated_at`` says how many.

    Raises:
        BeyondLimits: more than 64 edges, or more states than either limit before any circuit is counted.
    """
    n_known = so_far.truncated_at or 0 if so_far else 0
    totals, classes = (
        (list(n[:n_known]) for n in (so_far.by_circuit, so_far.observed_by_circuit)) if so_far else ([], [])
    )
    n_circuits = len(masks)
    n_edges = EdgeLayout(question.network.sizes).n_edges
    if n_edges > MAX_EDGES and n_circuits:
        cause = f"the network has {n_edges} edges, and the limit is {MAX_EDGES}"
        raise BeyondLimits("interpretations", cause, "use a smaller network")
    masks = np.asarray(masks, dtype=np.uint64)
    n_found = sum(totals)
    try:
        with work.ending("interpretations"):
            work.report_step("interpretations", n_known, n_circuits)
            for total, observed in _counted_in_order(question, masks, n_known, work, shared_with):
                totals += total
                classes += observed
                n_found += sum(total)
                work.report_step("interpretations", len(totals), n_circuits, f"{n_found:,} interpretations")
    except BeyondLimits:
        if not totals:
            raise
    uncounted = (0,) * (n_circuits - len(totals))
    truncated_at = len(totals) if uncounted else None
    return InterpretationCounts((*totals, *uncounted), (*classes, *uncounted), truncated_at)


def n_states(question: Question, masks: NDArray[np.uint64], work: Work = DEFAULT_WORK) -> NDArray[np.float64]:
    """Count the combinations of thresholds in the first layer of each circuit, ``[circuits]``, which decide how long
    counting takes.

    Args:
        masks: ``[circuits]``.
        work: may end between two batches.
    """
    step = _circuits_at_once(question)
    found = [np.zeros(0)]
    for start in range(0, len(masks), step):
        work.check()
        found.append(n_first_states(read_thresholds(question, masks[start : start + step])[0]))
    return np.concatenate(found)


def _counted_in_order(
    question: Question, masks: NDArray[np.uint64], n_known: int, work: Work, shared_with: Question | None
) -> Iterator[tuple[list[int], list[int]]]:
    """Interpretations and observed classes of the circuits after the first that are known, some at a time."""
    most_carried = work.limits.max_bytes // (_COPIES * 8 * (max(question.network.sizes[1:]) + 3 + _WEIGHTS))
    at_once, n_before = _circuits_at_once(question), float(n_states(question, masks[:n_known], work).sum())
    for start in range(n_known, len(masks), at_once):
        some = masks[start : start + at_once]
        layers, alike = read_thresholds(question, some), np.ones(len(some), dtype=np.bool_)
        if shared_with is not None:
            layers, alike = common_thresholds(layers, read_thresholds(shared_with, some))
        # the limit is on states of all circuits together, so it ends the count at a circuit, whatever stands behind
        states = n_before + np.cumsum(n_first_states(layers[0]))
        n_fitting = int(np.searchsorted(states, work.limits.max_states, side="right"))
        done, most = 0, at_once
        while done < n_fitting:
            # as many circuits at once as their first layers give room for, at least one
            room = (states[done - 1] if done else n_before) + _STATES_OF_CIRCUITS
            stop = min(done + most, n_fitting, max(done + 1, int(np.searchsorted(states, room, side="right"))))
            look = partial(work.report_step, "interpretations", start + done, len(masks))
            try:
                counts = _count(tuple(layer[done:stop] for layer in layers), look, most_carried)
            except _TooManyStates:
                if stop - done == 1:
                    cause = f"more than {most_carried:,} combinations of thresholds in one layer of a valid circuit"
                    raise BeyondLimits("interpretations", cause, "use a smaller network") from None
                most = max(1, (stop - done) // 8)  # later layers are larger than the first let expect
                continue
            total, observed = (
                [n if same else 0 for n, same in zip(of, alike[done:stop].tolist(), strict=True)] for of in counts
            )
            yield total, observed
            done, most = stop, 2 * most
        if n_fitting < len(some):
            raise BeyondLimits(
                "interpretations",
                f"more than {work.limits.max_states:,} combinations of thresholds in the first layer of valid circuits",
                "use a smaller network, or a protocol that leaves fewer circuits",
            )
        n_before = float(states[-1])


def _circuits_at_once(question: Question) -> int:
    """Return the number of consecutive circuits whose states and separations fit into memory together."""
    n_rows = len(question.data.representatives)
    bits_per_circuit = sum(question.network.sizes[1:]) * (n_rows - 1) * n_rows * (n_rows - 1) // 2
    return max(1, min(_CIRCUITS_AT_ONCE, _BITS_AT_ONCE // max(bits_per_circuit, 1)))


def _count(
    layers: tuple[LayerThresholds, ...], look: Callable[[], None], most_carried: int
) -> tuple[list[int], list[int]]:
    """Interpretations and observed classes of each circuit of a batch; looks up before each block after the first."""
    n_circuits = len(layers[0].n_thresholds)
    blocks = _first_blocks(layers[0])
    for below, above in pairwise(layers):
        blocks = _in_blocks(_carried(below, above, blocks, look, most_carried))
    total, classes = object_array([0] * n_circuits), object_array([0] * n_circuits)
    for states, weight, seen in blocks:
        total += summed(weight, states.circuit, n_circuits).astype(object)
        classes += summed(seen, states.circuit, n_circuits).astype(object)
    return [int(n) for n in total], [int(n) for n in classes]


def _first_blocks(first: LayerThresholds) -> Iterator[tuple[States, Integers, Integers]]:
    for states in first_states(first, _STATES_AT_ONCE):
        once = np.ones(len(states), dtype=np.int64)
        yield states, once, once


@dataclass
class _Weighed:
    """Distinct states with their weights, gathered part by part.

    Args:
        parts: gathered so far, each without repetitions.
        n_states: states in all parts.
        most: distinct states, at most.
        n_merged: states when the parts were last merged.
    """

    parts: list[tuple[States, tuple[Integers, ...]]]
    most: int
    n_states: int = 0
    n_merged: int = 0

    def add(self, states: States, weights: tuple[Integers, ...]) -> None:
        self.parts.append(merged(states, weights))
        self.n_states += len(self.parts[-1][0])
        if self.n_states > 2 * self.n_merged + LINKS_AT_ONCE:
            self.merge()

    def merge(self) -> tuple[States, tuple[Integers, ...]]:
        if len(self.parts) > 1:
            states = States(
                np.concatenate([states.circuit for states, _ in self.parts]),
                np.concatenate([states.thresholds for states, _ in self.parts]),
            )
            columns = zip(*(weights for _, weights in self.parts), strict=True)
            self.parts = [merged(states, tuple(np.concatenate(column) for column in columns))]
        self.n_states = self.n_merged = len(self.parts[0][0])
        if self.n_merged > self.most:
            raise _TooManyStates
        return self.parts[0]


def _carried(
    below: LayerThresholds,
    above: LayerThresholds,
    blocks: Iterable[tuple[States, Integers, Integers]],
    look: Callable[[], None],
    most: int,
) -> tuple[States, tuple[Integers, ...]]:
    """The states of the next layer, each with the ways to reach it and the classes of those."""
    none = np.empty(0, dtype=np.int64)
    gathered = _Weighed(
        [(States(none, np.empty((0, above.n_thresholds.shape[1]), dtype=np.int64)), (none, none))], most
    )
    for number, (states, weight, seen) in enumerate(blocks):
        for part, found in enumerate(links(below, above, states)):
            if number or part:
                look()
            gathered.add(found.target, (found.ways_times(weight[found.source]), seen[found.source]))
    return gathered.merge()


def _in_blocks(weighed: tuple[States, tuple[Integers, ...]]) -> Iterator[tuple[States, Integers, Integers]]:
    states, (weight, seen) = weighed
    for start in range(0, len(states), _STATES_AT_ONCE):
        part = slice(start, start + _STATES_AT_ONCE)
        yield states[part], weight[part], seen[part]
