"""The truth about a network: by trying every mask where there are few, else by the search for valid circuits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.circuits.counting import count_circuits
from pluriscope.analysis.circuits.distribution import minimal_masks
from pluriscope.analysis.circuits.planning import plan_circuits
from pluriscope.analysis.circuits.strategy import find_circuits
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.questions.decisions import EDGES
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_bench.key.condition import Condition
from pluriscope_bench.key.judging import CircuitJudge, PerceptronJudge, every_input_read, judge_of, without_loose_ends
from pluriscope_bench.key.truth import Truth

MOST_LISTED: Final = 1_000_000
"""Valid circuits that a truth lists; where there are more, their number, the smallest size and the backbone are known.
"""
MOST_TRIED: Final = 21
"""Edges of the largest perceptrons of which every mask is tried."""
_LIMITS: Final = Limits(max_valid=MOST_LISTED, n_draws=0, n_smallest=0, n_samples=0)


def truths_of(question: Any, conditions: Sequence[Condition], work: Work = DEFAULT_WORK) -> list[Truth | None]:
    """The truth about one network under each of some conditions, in their order; None where it cannot be had.

    Of a perceptron of at most :data:`MOST_TRIED` edges every mask is tried, under all conditions at once. Of larger
    ones and of transformers valid circuits are searched, see :func:`truth_by_search`.

    Args:
        question: as of :func:`~pluriscope_bench.key.judging.judge_of`.
        work: gets the progress of the searches; may raise Cancelled. Its limits are not those of the answer key.

    Raises:
        InvalidMethod, InvalidData: as of :func:`~pluriscope_bench.key.judging.judge_of`.
        Cancelled: the report asked to stop.
    """
    judges = [judge_of(question, one) for one in conditions]
    if isinstance(question, Question) and question.layout.n_edges <= MOST_TRIED:
        return [*_by_every_mask(question.layout, judges)]
    found: dict[Condition, Truth | None] = {}
    for judge in sorted(judges, key=lambda one: one.condition.judge != "threshold"):
        found[judge.condition] = truth_by_search(judge, work, found.get(replace(judge.condition, judge="threshold")))
    return [found[one] for one in conditions]


def _by_every_mask(layout: EdgeLayout, judges: Sequence[Any]) -> Iterator[Truth]:
    """The truth of each judge of one perceptron: circuits are run once for each ablation."""
    every = np.arange(1 << layout.n_edges, dtype=np.uint64)
    circuits = every[without_loose_ends(every, layout, "free") == every]
    strict = (without_loose_ends(circuits, layout, "strict") == circuits) & every_input_read(circuits, layout)
    outputs: dict[str, NDArray[np.float64]] = {}
    for judge in judges:
        condition = judge.condition
        if condition.ablation not in outputs:
            outputs[condition.ablation] = judge.outputs_of(circuits)
        valid = judge.pass_with(outputs[condition.ablation])
        masks = circuits[valid & strict if condition.structure == "strict" else valid]
        yield Truth.of_masks(condition, layout.n_edges, masks, minimal_masks(masks))


def truth_by_search(judge: CircuitJudge, work: Work = DEFAULT_WORK, wider: Truth | None = None) -> Truth | None:
    """The truth of a judge by the search for all valid circuits that its kind of network has; None where it has none
    for the condition, where every way is beyond limits, and where it ended before it was done.

    Args:
        wider: the truth of the same network where a threshold decides, if that is known: all that rounding decides
            right is right there, and no more is where outputs cannot leave what rounding decides.
    """
    condition, own = judge.condition, replace(work, limits=_LIMITS)
    if isinstance(judge, PerceptronJudge):
        question: Any = judge.searched
        if question is None:
            return None
        given = question.network.function_of(len(question.network.weights))
        if wider is not None and given.low >= EDGES[0] and given.high < EDGES[-1]:
            return replace(wider, condition=condition)
        if wider is not None and wider.masks is not None:
            masks = wider.masks[judge.pass_with(judge.outputs_of(wider.masks))]
            return Truth.of_masks(condition, judge.graph.n_bits, masks, minimal_masks(masks, own))
        try:
            if plan_circuits(question, limits=own.limits).method in ("sampled", "hashed"):
                return None  # numbers that are not exact are no truth
            found: Any = find_circuits(question, own)
            if found.method == "counted" and found.n_valid <= own.limits.max_valid:
                found = count_circuits(question, own, n_draws=found.n_valid)  # which draws them all
        except BeyondLimits:  # such as too many to list, and an activation that falls somewhere, so none are counted
            return None
    else:
        question = judge.question
        found = None if question.refusal else find_masks(question, own, limit=own.limits.max_valid)
    if found is not None and found.complete:
        return Truth.of_masks(condition, judge.graph.n_bits, found.masks, minimal_masks(found.masks, own))
    if found is None or not found.counted:
        return None
    return Truth(
        condition,
        judge.graph.n_bits,
        n_valid=found.n_valid,
        smallest=found.fewest,
        backbone=0 if found.backbone is None else found.backbone.always,
        minimal=None,
        masks=None,
        by_size=found.distribution.by_edges,
    )
