"""Exact numbers of interpretations, by a transfer over layers: states are carried upwards, never interpretations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from analysis.errors import BeyondLimits
from analysis.interpretations.cuts import LayerCuts, common_cuts, read_cuts
from analysis.interpretations.result import InterpretationCounts
from analysis.interpretations.transfer import (
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
from analysis.networks.circuit import MAX_EDGES, EdgeLayout
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work

_STATES_AT_ONCE = 1 << 15
_CIRCUITS_AT_ONCE = 1 << 11
_BITS_AT_ONCE = 1 << 25  # separation bits of one batch of circuits
_COPIES = 6  # of each state while they are merged: up to three times as many wait, and are joined and sorted


class _TooManyStates(Exception):
    """A batch of circuits has more states in one layer than memory is granted for."""


def count_interpretations(
    question: Question, masks: NDArray[np.uint64], work: Work = DEFAULT_WORK, *, shared_with: Question | None = None
) -> InterpretationCounts:
    """Count the interpretations of each circuit, and the classes that the inputs can tell apart.

    Args:
        masks: ``[circuits]`` structurally possible circuits.
        work: told between batches, and within large ones, with the number of circuits done; may raise Cancelled. Its
            limits say after how many states of the first layers, over the circuits so far, counting stops, and how much
            memory the states of one circuit may take.
        shared_with: count those alone that the same circuit of another network of this shape has, too: every gate with
            the same function and table. Equal functions leave equal rows free, so these are again all completions of
            some classes.

    Returns:
        Exact counts parallel to ``masks``; stopped, those of the first circuits, and ``truncated_at`` says how many.

    Raises:
        BeyondLimits: more than 64 edges, or more states than either limit before any circuit is counted.
    """
    totals: list[int] = []
    classes: list[int] = []
    n_circuits = len(masks)
    work.tell("interpretations", 0, n_circuits)
    n_states, n_found, max_states = 0.0, 0, work.limits.max_states
    n_edges = EdgeLayout(question.cut.sizes).n_edges
    if n_edges > MAX_EDGES and n_circuits:
        cause = f"the network has {n_edges} edges, and the limit is {MAX_EDGES}"
        raise BeyondLimits("interpretations", cause, "use a smaller network")
    masks = np.asarray(masks, dtype=np.uint64)
    step = most_at_once = _circuits_at_once(question)
    most_carried = work.limits.max_bytes // (_COPIES * 8 * (max(question.cut.sizes[1:]) + 3))
    while len(totals) < n_circuits:
        some = masks[len(totals) : len(totals) + step]
        layers, alike = _cuts_of(question, some), np.ones(len(some), dtype=np.bool_)
        if shared_with is not None:
            layers, alike = common_cuts(layers, _cuts_of(shared_with, some))
        n_more = float(n_first_states(layers[0]).sum())
        if n_states + n_more > max_states and totals:
            break
        if n_states + n_more > max_states:
            raise BeyondLimits(
                "interpretations",
                f"more than {max_states:,} combinations of cuts in the first layer over the valid circuits",
                "use a smaller network, or a protocol that leaves fewer circuits",
            )
        look = partial(work.tell, "interpretations", len(totals), n_circuits, f"{n_found:,} interpretations")
        try:
            total, observed = _count(layers, look, most_carried)
        except _TooManyStates:
            if len(some) > 1:
                step = max(1, len(some) // 8)
                continue
            if totals:
                break
            cause = f"more than {most_carried:,} combinations of cuts in one layer of the first valid circuit"
            raise BeyondLimits("interpretations", cause, "use a smaller network") from None
        totals += [n if same else 0 for n, same in zip(total, alike.tolist(), strict=True)]
        classes += [n if same else 0 for n, same in zip(observed, alike.tolist(), strict=True)]
        n_states += n_more
        step = min(2 * step, most_at_once)
        n_found += sum(total)
        work.tell("interpretations", len(totals), n_circuits, f"{n_found:,} interpretations")
    return _counted(totals, classes, n_circuits)


def _cuts_of(question: Question, masks: NDArray[np.uint64]) -> tuple[LayerCuts, ...]:
    data = question.data
    return read_cuts(question.cut, masks, data.representatives, question.protocol.ablation, data.clean_rows)


def _counted(totals: list[int], classes: list[int], n_circuits: int) -> InterpretationCounts:
    """The counts of the first circuits, all of them or some."""
    uncounted = (0,) * (n_circuits - len(totals))
    truncated_at = len(totals) if uncounted else None
    return InterpretationCounts((*totals, *uncounted), (*classes, *uncounted), truncated_at)


def _circuits_at_once(question: Question) -> int:
    """So many consecutive circuits that their states and separations fit into memory."""
    n_rows = len(question.data.representatives)
    bits_per_circuit = sum(question.cut.sizes[1:]) * (n_rows - 1) * n_rows * (n_rows - 1) // 2
    return max(1, min(_CIRCUITS_AT_ONCE, _BITS_AT_ONCE // max(bits_per_circuit, 1)))


def _count(layers: tuple[LayerCuts, ...], look: Callable[[], None], most_carried: int) -> tuple[list[int], list[int]]:
    """Interpretations and observed classes of each circuit of a batch; looks up before each block but the first."""
    n_circuits = len(layers[0].n_cuts)
    blocks = _first_blocks(layers[0])
    for below, above in pairwise(layers):
        blocks = _in_blocks(_carried(below, above, _looking_between(blocks, look), most_carried))
    total, classes = object_array([0] * n_circuits), object_array([0] * n_circuits)
    for states, weight, seen in blocks:
        total += summed(weight, states.circuit, n_circuits).astype(object)
        classes += summed(seen, states.circuit, n_circuits).astype(object)
    return [int(n) for n in total], [int(n) for n in classes]


def _looking_between(
    blocks: Iterable[tuple[States, Integers, Integers]], look: Callable[[], None]
) -> Iterator[tuple[States, Integers, Integers]]:
    for number, block in enumerate(blocks):
        if number:
            look()
        yield block


def _first_blocks(first: LayerCuts) -> Iterator[tuple[States, Integers, Integers]]:
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
                np.concatenate([states.cuts for states, _ in self.parts]),
            )
            columns = zip(*(weights for _, weights in self.parts), strict=True)
            self.parts = [merged(states, tuple(np.concatenate(column) for column in columns))]
        self.n_states = self.n_merged = len(self.parts[0][0])
        if self.n_merged > self.most:
            raise _TooManyStates
        return self.parts[0]


def _carried(
    below: LayerCuts, above: LayerCuts, blocks: Iterable[tuple[States, Integers, Integers]], most: int
) -> tuple[States, tuple[Integers, ...]]:
    """The states of the next layer, each with the ways to reach it and the classes of those."""
    none = np.empty(0, dtype=np.int64)
    gathered = _Weighed([(States(none, np.empty((0, above.n_cuts.shape[1]), dtype=np.int64)), (none, none))], most)
    for states, weight, seen in blocks:
        for found in links(below, above, states):
            gathered.add(found.target, (found.ways_times(weight[found.source]), seen[found.source]))
    return gathered.merge()


def _in_blocks(weighed: tuple[States, tuple[Integers, ...]]) -> Iterator[tuple[States, Integers, Integers]]:
    states, (weight, seen) = weighed
    for start in range(0, len(states), _STATES_AT_ONCE):
        part = slice(start, start + _STATES_AT_ONCE)
        yield states[part], weight[part], seen[part]
