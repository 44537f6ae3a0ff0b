"""Counting of the valid circuits of a perceptron, as ``pluriscope count`` does: the best that its time allows, or the
way that the user chose.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

from pluriscope.analysis.circuit_sets.chance import chances
from pluriscope.analysis.circuits.estimating import estimate_circuits
from pluriscope.analysis.circuits.facet import Facet
from pluriscope.analysis.circuits.formula_solver import formula_solver
from pluriscope.analysis.circuits.planning import CircuitPlan, duration, plan_circuits
from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.circuits.space import Structure
from pluriscope.analysis.circuits.strategy import add_smallest, find_number, hashing_says_more, narrower
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.explaining.count_report import (
    ITEM,
    LOOSER,
    CountReport,
    OfSize,
    count_of_search,
    is_enough,
    known_of,
    of_sizes,
    report_of,
    sizes_that_meet,
    smallest_and_backbone,
)
from pluriscope.analysis.explaining.preflight import preflight, refuse
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.values.certainty import Certainty
from pluriscope.analysis.values.late_functions import function_at

_FOR_THE_NUMBER: Final = 0.6  # of the time; the rest is for the smallest circuit and the backbone


def count(
    question: Question, work: Work, how: Certainty | None = None, seed: int = 0, facet: Facet | None = None
) -> CountReport:
    """Count the valid circuits, and find the size of the smallest and the edges that all keep.

    Args:
        work: its time is for all three; limits as for an analysis.
        how: the certainty wanted; None for the best that there is time for.
        seed: of everything drawn.
        facet: the condition that the circuits meet which are counted; None for all valid ones.

    Raises:
        BeyondLimits: what is wanted is out of reach, with what would do.
        AnalysisError: the question cannot be asked.
        Cancelled: the report stopped the work.
    """
    refuse(preflight(question))
    plan = _plan(question, work, how)
    if facet is not None:
        return _of_facet(question, work, how, plan, seed, facet)
    own = work.for_seconds(_FOR_THE_NUMBER * work.seconds_left)
    found = find_number(own, plan, seed=seed)
    late = own.ended.pop("circuits", None) is not None
    searched = found
    if not found.complete and found.method != "counted":
        searched = add_smallest(question, found, replace(work, limits=replace(work.limits, n_smallest=1)))
    known, smallest, backbone = known_of(question, searched)
    enough = is_enough(known.low, known.high) and not (late and how == "exact")
    by_size = [
        OfSize(size=size, possible=one.possible, low=one.low, high=one.high if size >= (smallest.low or 0) else 0)
        for size, one in (chances(question, found) or {}).items()
    ]
    why = " ".join(filter(None, (found.why, "" if enough else _not_enough(found, plan, late))))
    return report_of(question, (known, smallest, backbone), by_size, why, enough=enough)


def _plan(question: Question, work: Work, how: Certainty | None) -> CircuitPlan:
    """Choose the way to find the number with the certainty wanted."""
    plan = plan_circuits(question, limits=work.limits)
    ways = {"exact": ("listed", "counted"), "guaranteed": ("sampled", "hashed")}.get(how or "", ())
    if not ways or plan.method in ways:
        return plan
    costs = [plan.way_of(way) for way in ways]  # type: ignore[arg-type]
    barred = "; ".join(f"not {one.method}: {one.obstacle}" for one in costs)
    best = next((one for one in costs if not one.obstacle), None)
    if best is None:
        raise BeyondLimits(f"{'an' if how == 'exact' else 'a'} {how} {ITEM}", barred, LOOSER)
    return replace(plan, method=best.method)


def _not_enough(found: CircuitSearch, plan: CircuitPlan, late: bool) -> str:
    """Return the reason why the interval of a number is too wide, and what would make it narrower."""
    exactly = next((one for one in plan.ways if one.method in ("listed", "counted") and not one.obstacle), None)
    if late and exactly is not None:
        return f"Not enough to say: the time was up; an exact count takes about {duration(exactly.seconds)}."
    hashing = plan.way_of("hashed")
    if found.method == "hashed":
        return "Not enough to say: the rounded networks around this one differ by more; more time allows more bits."
    n_valid = found.distribution.of
    few = f"{n_valid:,} of {found.n_tested or 0:,} drawn circuits are valid"
    if hashing.obstacle:
        return f"Not enough to say: {few}, and they cannot be counted by hashing: {hashing.obstacle}."
    return f"Not enough to say: {few}; counting them by hashing takes about {duration(hashing.seconds)}."


def _of_facet(
    question: Question, work: Work, how: Certainty | None, plan: CircuitPlan, seed: int, facet: Facet
) -> CountReport:
    """Count the valid circuits that meet a condition."""
    sizes = _exact_sizes(question, work.for_seconds(_FOR_THE_NUMBER * work.seconds_left), plan, seed, facet)
    if sizes is not None:
        possible = Structure(question.network.sizes, question.protocol, facet.most_edges).count
        return of_sizes(question, sizes, possible, "listed" if plan.method == "listed" else "counted")
    if how == "exact":
        raise BeyondLimits(f"an exact {ITEM} under a condition", "not all valid ones could be listed", LOOSER)
    found = _drawn(question, work, plan, seed, facet)
    low, high = found.interval or (found.n_valid, found.n_valid)
    enough = is_enough(low, high)
    known = count_of_search(found, low, high), *smallest_and_backbone(question, found)
    return report_of(question, known, (), "" if enough else _not_enough(found, plan, late=False), enough=enough)


def _exact_sizes(
    question: Question, work: Work, plan: CircuitPlan, seed: int, facet: Facet
) -> Mapping[int, int] | None:
    """The valid circuits that meet a condition by their number of edges; None where these cannot be counted."""
    if not Structure(question.network.sizes, question.protocol, facet.most_edges).count:
        return {}
    if plan.method != "listed" and (plan.method != "counted" or facet.keeps):
        return None
    return sizes_that_meet(find_number(work, plan, seed=seed), facet, question.layout.n_edges)


def _drawn(question: Question, work: Work, plan: CircuitPlan, seed: int, facet: Facet) -> CircuitSearch:
    """The number of those that meet a condition from uniform draws, or by hashing where that says more in time."""
    limits, hashing = work.limits, plan.way_of("hashed")
    if not limits.n_samples:
        raise BeyondLimits(f"the {ITEM} under a condition", "no sample is allowed", "allow one")
    sample = estimate_circuits(
        question,
        work.for_seconds(_FOR_THE_NUMBER * work.seconds_left),
        n_samples=limits.n_samples,
        confidence=limits.confidence,
        seed=seed,
        facet=facet,
    )
    solver = formula_solver()
    if solver is None or not hashing_says_more(sample, plan) or hashing.seconds > work.seconds_left:
        return sample
    with suppress(BeyondLimits):  # the time was up before anything was proved
        found = function_at(solver.bracket)(question, work, seed, facet)
        hashed = replace(sample, method="hashed", count=found.about, interval=found.interval, bracket=found)
        return narrower(sample, replace(hashed, confidence=found.confidence))
    return sample
