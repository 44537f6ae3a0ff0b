"""Finding the valid circuits of one output by the way that its plan names: listed, counted or sampled."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from functools import partial
from math import inf
from typing import Final

import numpy as np

from pluriscope.analysis.circuits.formula_solver import formula_solver
from pluriscope.analysis.circuits.hashed_count import EPSILON
from pluriscope.analysis.circuits.judging import evaluate_circuits
from pluriscope.analysis.circuits.planning import CircuitPlan, plan_circuits
from pluriscope.analysis.circuits.result import CircuitSearch, SmallestCircuits
from pluriscope.analysis.circuits.smallest import find_smallest
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.circuit import MAX_EDGES_KEPT, mask_array
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.values.late_functions import function_at

_FOR_A_SAMPLE: Final = 0.2  # of the time, where there is no answer yet
_FOR_EDGE_USE: Final = 0.5  # of the time that the search in order of size leaves


def find_circuits(question: Question, work: Work = DEFAULT_WORK) -> CircuitSearch:
    """Find the valid circuits of one output as planned, and the smallest where not all are listed.

    Args:
        work: reports progress; may raise Cancelled.

    Raises:
        BeyondLimits: every way is barred, with the reasons.
        InvalidData: labels that do not fit the rows.
        Cancelled: the report stopped the work.
    """
    found = find_number(work, plan_circuits(question, limits=work.limits))
    return found if found.n_drawn is not None else add_smallest(question, found, work)


def first_answer(work: Work, plan: CircuitPlan, quick: float) -> CircuitSearch:
    """The valid circuits where that is predicted to be quick, else a sample of all.

    Args:
        quick: so many seconds are.

    Raises:
        Those of :func:`find_number`.
    """
    if plan.way.seconds <= quick or not work.limits.n_samples:
        found = find_number(work, plan, may_compile=not work.limits.n_samples)
        if found.method == "sampled" and hashing_says_more(found, plan):
            work.ended["circuits"] = "time"
        return found
    found = plan.way_of("sampled").run(_in_between(work))
    work.ended["circuits"] = "time"
    return found


def find_number(
    work: Work, plan: CircuitPlan, so_far: CircuitSearch | None = None, *, may_compile: bool = True, seed: int = 0
) -> CircuitSearch:
    """List, count or sample the valid circuits of one output.

    Args:
        work: what ends before it is done leaves a sample.
        plan: which way is taken.
        so_far: the answer that was there when an earlier search of the same circuits ended.
        may_compile: whether to compile what counts where no process has; else the time is up with that.
        seed: of what is drawn.

    Raises:
        BeyondLimits: the way is barred.
        InvalidData: labels that do not fit the rows.
        Cancelled: the report stopped the work.
    """
    work.ended.pop("circuits", None)
    if plan.method in ("sampled", "hashed"):
        return _drawn_or_hashed(work, plan, so_far, seed)
    own = work if so_far else work.for_seconds((1 - _FOR_A_SAMPLE) * work.seconds_left)
    exact, sample = None, partial(plan.way_of("sampled").run, seed=seed)
    try:
        with own.ending("circuits"):
            exact = plan.way.run(own, so_far=so_far, may_compile=may_compile)
    except BeyondLimits:  # sums that may overflow show only on the way
        if not work.limits.n_samples:
            raise
        return sample(work)
    if exact is not None and "circuits" not in work.ended:
        return exact
    reason = work.ended["circuits"]
    if not so_far and not work.limits.n_samples:
        raise BeyondLimits("circuits", "the time was up, and no sample is allowed", "give more time, or allow a sample")
    answer = so_far or sample(_in_between(work))
    work.ended["circuits"] = reason
    if exact is None or exact.so_far is None:
        return answer
    if exact.n_tested != exact.possible:
        return replace(answer, so_far=exact.so_far)
    return replace(  # only draws are missing, and those of the sample are uniform as well
        answer,
        method="counted",
        count=exact.count,
        interval=None,
        confidence=None,
        n_tested=exact.n_tested,
        known_distribution=exact.known_distribution,
        so_far=exact.so_far,
    )


def _in_between(work: Work) -> Work:
    """Return the work for an answer that a better one will follow: its progress is not that of the search itself."""
    return work.reporting_to(lambda progress: work.report(replace(progress, done=0)))


def _drawn_or_hashed(work: Work, plan: CircuitPlan, so_far: CircuitSearch | None, seed: int) -> CircuitSearch:
    """A sample; where hashing says more, and there is time for it, the number by hashing."""
    if plan.method == "hashed":
        return plan.way.run(work, seed=seed)
    found, hashing = so_far, plan.way_of("hashed")
    if found is None or (found.method == "sampled" and (found.n_tested or 0) < work.limits.n_samples):
        sample = plan.way_of("sampled").run(work, seed=seed)
        found = sample if found is None or (sample.n_tested or 0) > (found.n_tested or 0) else found
    if not hashing_says_more(found, plan) or hashing.seconds > work.seconds_left:
        return found
    with suppress(BeyondLimits):  # the time was up before anything was proved
        return narrower(found, hashing.run(work, seed=seed))
    return found


def narrower(sample: CircuitSearch, hashed: CircuitSearch) -> CircuitSearch:
    """The one with the narrower interval; unless it is certain both have to hold, as they decide which one it is."""
    best = min(sample, hashed, key=_width)
    if best.confidence == 1:
        return best
    return replace(best, confidence=round((sample.confidence or 0) + (hashed.confidence or 0) - 1, 6))


def hashing_says_more(sample: CircuitSearch, plan: CircuitPlan) -> bool:
    """Whether the interval of a sample is wider than that of hashing would be, and hashing is possible."""
    return sample.method == "sampled" and not plan.way_of("hashed").obstacle and _width(sample) > (1 + EPSILON) ** 2


def _width(found: CircuitSearch) -> Fraction | float:
    """Return the ratio of the upper end of a count's interval to the lower one."""
    low, high = found.interval or (found.count, found.count)
    return Fraction(high, low) if low else inf


def add_smallest(question: Question, found: CircuitSearch, work: Work) -> CircuitSearch:
    """Add the smallest valid circuits to those drawn, where there are others than these, and the edges that all keep
    and that none does, where they were not counted and a solver can prove it.

    Args:
        found: by :func:`find_number`; if a search of the smallest ended before it was done, with what that found.
        work: what ends before it is done leaves the smallest known.
    """
    limits, earlier = work.limits, found.smallest
    work.ended.pop("smallest", None)
    if found.truncated_at is None or found.method == "listed":
        return found
    if not _lists_smallest(question, limits):
        return replace(found, n_drawn=found.n_listed)
    drawn = sorted({*found.masks.tolist()} - {*(earlier.undrawn if earlier else ())})
    smallest = find_smallest(
        question,
        work,
        known=drawn,
        by_edges=found.distribution.by_edges if found.method == "counted" else None,
        n_smallest=limits.n_smallest,
        max_tried=limits.n_tried,
        so_far=earlier,
    )
    edge_use, ended, solver = found.edge_use, "smallest" in work.ended, formula_solver()
    if solver and not ended and edge_use is None and found.method != "counted":
        own = work.for_seconds(_FOR_EDGE_USE * work.seconds_left)
        edge_use = function_at(solver.edge_use)(question, sorted({*drawn, *smallest.masks}), own)
        if reason := work.ended.pop("edge use", None):
            work.ended["smallest"] = reason
    if solver and not ended and (not smallest.proved or (earlier and earlier.solved)):
        smallest = function_at(solver.smallest)(question, smallest, work)
    found = _listing(question, replace(found, edge_use=edge_use), drawn, smallest)
    # the search that goes on may end with others than those that are listed now
    n_known = 0 if "smallest" in work.ended else found.n_listed
    return replace(found, count=max(found.count, n_known), n_drawn=len(drawn))


def add_tried(question: Question, found: CircuitSearch, tried: Sequence[int], limits: Limits) -> CircuitSearch:
    """Add valid circuits that were tried to those drawn, as the smallest known, until the smallest are searched.

    Args:
        found: by a sample or by hashing.
        tried: masks of valid circuits.
    """
    if found.method not in ("sampled", "hashed") or not _lists_smallest(question, limits):
        return found
    known = sorted(tried, key=lambda mask: (mask.bit_count(), mask))
    at = question.network.n_inputs + len(question.network.sizes) - 3  # no circuit has fewer edges than one more
    return _listing(question, found, found.masks.tolist(), SmallestCircuits(tuple(known), False, at, 0))


def _lists_smallest(question: Question, limits: Limits) -> bool:
    is_own = question.protocol.circuit_family == "own"
    return bool(limits.n_smallest) and is_own and question.layout.n_edges <= MAX_EDGES_KEPT


def _listing(
    question: Question, found: CircuitSearch, drawn: Sequence[int], smallest: SmallestCircuits
) -> CircuitSearch:
    """List the circuits drawn together with the smallest; those that were not listed before are run."""
    undrawn = sorted({*smallest.masks} - {*drawn})
    every = mask_array(sorted([*drawn, *undrawn]), question.layout)
    new = mask_array(sorted({*undrawn} - {*found.masks.tolist()}), question.layout)  # only these are run, on many rows
    known = np.concatenate([found.masks, new])
    listed = np.argsort(known, kind="stable")
    listed = listed[np.isin(known[listed], every)]
    pairs = zip((found.outputs, found.margins), evaluate_circuits(question, new), strict=True)
    outputs, margins = (np.concatenate(pair)[listed] for pair in pairs)
    return replace(
        found,
        masks=every,
        outputs=outputs,
        margins=margins,
        truncated_at=None if found.method == "counted" and len(every) == found.count else len(every),
        smallest=replace(smallest, undrawn=tuple(undrawn)),
    )
