"""The whole circuit space of one output, validated in vectorised form: every circuit is tested, none is guessed.

1. Prefixes. All ways to wire the layers below the last hidden one (:mod:`pluriscope.analysis.circuits.prefixes`).
2. Last hidden layer. Each of its neurons adds an independent term to the output's pre-activation, one for each subset
   of its sources (the empty subset: the neuron is inactive). All combinations are an outer sum, neuron by neuron.
3. Test. Combinations with too many wrong rows drop out row by row. Those left that use every active neuron below are
   circuits (:mod:`pluriscope.analysis.circuits.last_layer`).

Where a protocol looks at circuits valid under any ablation the space is searched under each. The order of summation is
that of :mod:`pluriscope.analysis.subjects.perceptron.mlp`, so that a circuit's outputs have the same bits wherever they
are computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.distribution import distribution_of
from pluriscope.analysis.circuits.judging import evaluate_circuits
from pluriscope.analysis.circuits.last_layer import SpaceJudge
from pluriscope.analysis.circuits.result import CircuitSearch, SmallestCircuits
from pluriscope.analysis.circuits.space import count_in_space
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.circuit import MAX_EDGES, EdgeLayout
from pluriscope.analysis.subjects.perceptron.question import Carried, Question


@dataclass(frozen=True)
class Sampling:
    """The size of the sample of valid circuits that is kept where there are more than a list holds.

    Args:
        n_draws: drawn uniformly without replacement.
        n_smallest: of the smallest, beside those drawn.
    """

    n_draws: int
    n_smallest: int
    seed: int = 0


def search_circuits(
    question: Question,
    work: Work = DEFAULT_WORK,
    *,
    max_valid: int = 5_000_000,
    max_possible: int = 2_000_000_000,
    beyond: Sampling | None = None,
) -> CircuitSearch:
    """Find every valid circuit of the protocol's space.

    Args:
        work: reports the number of circuits tested between chunks; may raise Cancelled.
        max_valid: how many a list holds.
        max_possible: refuse a larger space.
        beyond: where more are valid: None to stop, with a result that says ``truncated_at``; else the search goes on to
            its end, and the result is "counted": number and distribution of all, and so many circuits.

    Returns:
        Masks in ascending order, their outputs on the representatives, their margins on the rows judged.

    Raises:
        BeyondLimits: more than 64 edges, or more than ``max_possible`` circuits.
        InvalidData: labels that do not fit the rows.
    """
    network = question.network
    layout = EdgeLayout(network.sizes)
    shape = "-".join(map(str, network.sizes))
    if layout.n_edges > MAX_EDGES:
        raise BeyondLimits(
            f"circuits of a {shape} network",
            f"{layout.n_edges} edges for one output, and the limit is {MAX_EDGES}",
            "use a smaller network, or cut off its first layers",
        )
    possible = count_in_space(network.sizes, question.protocol)
    if possible > max_possible:
        raise BeyondLimits(
            f"circuits of a {shape} network",
            f"{possible:,} are possible under protocol {question.protocol.name}, and the limit is {max_possible:,}",
            "use a smaller network, or a protocol with a filter on node sparsity",
        )
    kept = _Kept(layout, max_valid, beyond)
    total = len(question.ablations) * possible
    work.report_step("circuits", 0, total)
    # networks with huge weights overflow to inf, which is decided as neither 0 nor 1
    with np.errstate(over="ignore", invalid="ignore"):
        for n_tested, found in find_valid(question):
            kept.add(n_tested, found)
            work.report_step("circuits", kept.n_tested, total, f"{kept.n_reported:,} valid circuits")
            if kept.is_full:
                break
    if kept.n_found > max_valid and beyond is not None:
        return _sampled(question, kept, possible, work)
    masks = kept.first()
    return CircuitSearch(
        layout,
        possible,
        masks,
        *evaluate_circuits(question, masks, work.check),
        truncated_at=len(masks) if kept.is_full else None,
        n_tested=kept.n_tested,
    )


def _sampled(question: Question, kept: _Kept, possible: int, work: Work) -> CircuitSearch:
    """The number and the distribution of all valid circuits, with those drawn and the smallest."""
    undrawn = np.setdiff1d(kept.smallest, kept.drawn)
    masks = np.union1d(kept.drawn, undrawn)
    smallest = SmallestCircuits(
        tuple(kept.smallest.tolist()),
        proved=True,
        searched_up_to=max(map(int.bit_count, kept.smallest.tolist()), default=0),
        n_tried=possible,
        undrawn=tuple(undrawn.tolist()),
    )
    return CircuitSearch(
        question.layout,
        possible,
        masks,
        *evaluate_circuits(question, masks, work.check),
        truncated_at=len(masks),
        method="counted",
        count=kept.n_found,
        n_tested=kept.n_tested,
        known_distribution=kept.distribution,
        n_drawn=len(kept.drawn),
        smallest=smallest if smallest.masks else None,
    )


def find_valid(question: Question) -> Iterator[tuple[int, NDArray[np.uint64]]]:
    """Circuits tested since the last step, and the valid ones among them, none twice, ablation by ablation."""
    for number, (first, *others) in enumerate(question.ablations):
        for n_tested, masks in SpaceJudge(question, first).found():
            yield n_tested, _new(question, masks, others, question.ablations[:number])


def decide_right(question: Question, masks: NDArray[Any]) -> NDArray[np.bool_]:
    """Decide which masks, circuits or not, decide enough judged rows right under one of the question's ablations,
    ``[masks]``.
    """
    found = [_right_under(question, members, masks) for members in question.ablations]
    return np.isin(masks, np.concatenate(found))


def _right_under(question: Question, every: Sequence[Carried], masks: NDArray[Any]) -> NDArray[Any]:
    """Return the masks that decide right whichever of these values absent edges carry."""
    with np.errstate(over="ignore", invalid="ignore"):
        for carried in every:
            masks = SpaceJudge(question, carried).right_on_all(masks)
    return masks


def _new(
    question: Question, masks: NDArray[Any], others: Sequence[Carried], before: Sequence[Sequence[Carried]]
) -> NDArray[Any]:
    """Return the masks that decide right under all others too, and that no earlier search has found."""
    if not len(masks):
        return masks
    masks = _right_under(question, others, masks)
    for members in before:
        masks = np.setdiff1d(masks, _right_under(question, members, masks), assume_unique=True)
    return masks


class _Kept:
    """Valid circuits as they are found: all of them while a list holds them, then their number and some of them."""

    def __init__(self, layout: EdgeLayout, max_valid: int, beyond: Sampling | None = None) -> None:
        self.n_tested = self.n_found = 0
        self.distribution = distribution_of(np.empty(0, dtype=np.uint64), layout)
        self._layout, self._max_valid, self._beyond = layout, max_valid, beyond
        self._list = [np.empty(0, dtype=np.uint64)]
        self.drawn = self.smallest = np.empty(0, dtype=np.uint64)

    @property
    def n_reported(self) -> int:
        return self.n_found if self._beyond else min(self.n_found, self._max_valid)

    @property
    def is_full(self) -> bool:
        """Whether more were found than are kept, so that nothing is gained by going on."""
        return self._beyond is None and self.n_found > self._max_valid

    def add(self, n_tested: int, masks: NDArray[np.uint64]) -> None:
        """Take in the valid ones among so many more; none comes twice."""
        self.n_tested += n_tested
        n_before, self.n_found = self.n_found, self.n_found + len(masks)
        if self._beyond is not None and self.n_found > self._max_valid and len(masks):
            self._sample(masks if n_before > self._max_valid else np.concatenate([*self._list, masks]), self._beyond)
        if n_before < self._max_valid:
            self._list.append(masks[: self._max_valid - n_before])

    def first(self) -> NDArray[np.uint64]:
        """The circuits that a list holds, ascending."""
        return np.sort(np.concatenate(self._list))

    def _sample(self, masks: NDArray[np.uint64], beyond: Sampling) -> None:
        self.distribution += distribution_of(masks, self._layout)
        drawn = np.concatenate([self.drawn, masks])
        self.drawn = drawn[np.argsort(_lots(drawn, beyond.seed), kind="stable")[: beyond.n_draws]]
        small = np.concatenate([self.smallest, masks])
        self.smallest = small[np.lexsort((small, np.bitwise_count(small)))[: beyond.n_smallest]]


def _lots(masks: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Draw a number for each mask, one to one, by SplitMix64 (Steele, Lea and Flood 2014), ``[masks]``: the smallest
    are drawn.
    """
    lots = masks + np.random.default_rng(seed).integers(2**64, dtype=np.uint64, size=1)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        lots = (lots ^ (lots >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(lots ^ (lots >> np.uint64(31)), dtype=np.uint64)
