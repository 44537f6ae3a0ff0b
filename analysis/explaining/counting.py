"""What ``pluriscope count`` tells of a network of any kind: the best that its time allows, or the way asked for."""

from __future__ import annotations

from dataclasses import replace
from math import isqrt
from typing import Final

from analysis.certainty import Certainty
from analysis.circuit_sets.backbone import backbone_of
from analysis.circuit_sets.chance import chances, coverage_of
from analysis.circuit_sets.masks import find_masks
from analysis.circuit_sets.strata import count_by_strata, smallest_found
from analysis.circuits.planning import CircuitPlan, duration, plan_circuits
from analysis.circuits.result import CircuitSearch, SmallestCircuits
from analysis.circuits.strategy import add_smallest, find_number
from analysis.errors import BeyondLimits, NotOffered
from analysis.explaining.count_report import (
    CountReport,
    OfSize,
    SmallestBounds,
    bounds,
    circuits_count,
    exact_sizes,
    is_enough,
)
from analysis.preflight import preflight, refuse
from analysis.question import Question
from analysis.result_file import bracket_json
from analysis.subjects.enumeration import engine_of
from analysis.subjects.question import GraphQuestion
from analysis.work import Work

_FOR_THE_NUMBER: Final = 0.6  # of the time; the rest is for the smallest circuit and the backbone
_ITEM: Final = "the number of valid circuits"
_LOOSER: Final = "ask for a guaranteed one, raise the limits, or use a smaller network"


def count(question: Question | GraphQuestion, work: Work, how: Certainty | None = None, seed: int = 0) -> CountReport:
    """How many circuits are valid, how small the smallest is, and what all of them keep.

    Args:
        work: its time is for all three; limits as for an analysis.
        how: the certainty wanted; None for the best that there is time for.
        seed: of everything drawn.

    Raises:
        BeyondLimits: what is wanted is out of reach, with what would do.
        NotOffered: no network of this kind is counted so.
        AnalysisError: the question cannot be asked.
        Cancelled: the report asked to stop.
    """
    if isinstance(question, GraphQuestion):
        return _of_graph(question, work, how, seed)
    refuse(preflight(question))
    plan = _plan(question, work, how)
    own = work.for_seconds(_FOR_THE_NUMBER * work.seconds_left)
    found = find_number(question, own, plan, seed=seed)
    late = own.ended.pop("circuits", None) is not None
    low, high = found.interval or (found.n_valid, found.n_valid)
    certain = "exact" if low == high and found.confidence in (None, 1) else found.certainty
    truncated = late and found.method == "listed"
    if truncated:  # the listed ones are valid, whatever became of the others
        high = found.possible
    smallest, backbone = _searched(question, found, work, exact=certain == "exact" and not truncated)
    enough = is_enough(low, high) and not (late and how == "exact")
    return CountReport(
        circuits=circuits_count(
            certain,
            found.n_valid,
            low,
            high,
            confidence=found.confidence,
            method=found.method,
            possible=found.possible,
            tested=found.n_tested,
            hashing=found.bracket and bracket_json(found.bracket),
        ),
        smallest=smallest,
        backbone=backbone,
        by_size=[
            OfSize(size=size, possible=one.possible, low=one.low, high=one.high if size >= (smallest.low or 0) else 0)
            for size, one in chances(found, question.protocol).items()
        ],
        enough=enough,
        why=" ".join(filter(None, (_whole_fails(question), "" if enough else _not_enough(found, plan, late)))),
    )


def _plan(question: Question, work: Work, how: Certainty | None) -> CircuitPlan:
    """How to find the number, with the certainty wanted."""
    if how == "estimated":
        raise NotOffered("an estimated number of circuits", "perceptrons have a guaranteed one", "ask for that")
    plan = plan_circuits(question, limits=work.limits)
    ways = {"exact": ("listed", "counted"), "guaranteed": ("sampled", "hashed")}.get(how or "", ())
    if not ways or plan.method in ways:
        return plan
    costs = [plan.cost_of(way) for way in ways]  # type: ignore[arg-type]
    barred = "; ".join(f"not {one.method}: {one.obstacle}" for one in costs)
    best = next((one for one in costs if not one.obstacle), None)
    if best is None:
        raise BeyondLimits(f"{how} {_ITEM}", barred, _LOOSER)
    return replace(plan, method=best.method)


def _whole_fails(question: Question | GraphQuestion) -> str:
    told = question.kind.explaining.first_words(question)
    return f"{told.rstrip('.')}." if told else ""


def _not_enough(found: CircuitSearch, plan: CircuitPlan, late: bool) -> str:
    """Why the interval of a number is too wide, and what would do."""
    exactly = next((one for one in plan.costs if one.method in ("listed", "counted") and not one.obstacle), None)
    if late and exactly is not None:
        return f"Not enough to say: the time was up; an exact count takes about {duration(exactly.seconds)}."
    hashing = plan.cost_of("hashed")
    if found.method == "hashed":
        return "Not enough to say: the rounded networks around this one differ by more; more time allows more bits."
    n_valid = found.distribution.of
    few = f"{n_valid:,} of {found.n_tested or 0:,} drawn circuits are valid"
    if hashing.obstacle:
        return f"Not enough to say: {few}, and they cannot be counted by hashing: {hashing.obstacle}."
    return f"Not enough to say: {few}; counting them by hashing takes about {duration(hashing.seconds)}."


def _searched(
    question: Question, found: CircuitSearch, work: Work, *, exact: bool
) -> tuple[SmallestBounds, list[str] | None]:
    """The smallest valid circuit, and the edges that all keep, proved where that can be."""
    names = question.graph.edge_names
    if exact and found.method != "hashed":
        sizes = [size for size, n in found.distribution.by_edges.items() if n]
        common = backbone_of(found.distribution, coverage_of(found.method, None))
        kept = None if common is None else [name for bit, name in enumerate(names) if common.edges >> bit & 1]
        return bounds(min(sizes, default=None), 0, proved=bool(sizes), none_valid=not sizes), kept
    found = add_smallest(question, found, replace(work, limits=replace(work.limits, n_smallest=1)))
    known, use = found.smallest or SmallestCircuits((), False, 0, 0), found.edge_use
    kept = None
    if use is not None and known.masks:
        kept = [name for bit, name in enumerate(names) if use.always >> bit & 1]
    none_valid = not known.masks and known.searched_up_to >= len(names)
    return bounds(known.n_edges, known.searched_up_to, proved=known.proved, none_valid=none_valid), kept


def _of_graph(question: GraphQuestion, work: Work, how: Certainty | None, seed: int) -> CountReport:
    if how == "estimated":
        raise NotOffered(
            "an estimated number of circuits", f"{question.kind.plural} have a guaranteed one", "ask for that"
        )
    if how == "exact" and question.refusal:
        raise BeyondLimits(f"exact {_ITEM}", question.refusal, "ask for a guaranteed one, or use coarser rules")
    graph, sizes, told = question.graph, question.space.possible_by_bits, _whole_fails(question)
    takes = 0.0 if question.refusal else engine_of(question.subject, question.space).milliseconds / 1_000
    if how == "exact" or (how is None and not question.refusal and takes < work.seconds_left):
        found = find_masks(question, work)
        if found.exhaustive or how == "exact":
            fewest = min((size for size, n in found.by_bits.items() if n), default=None)
            all_keep = [name for name, n in zip(graph.bit_names, found.bit_use, strict=True) if n == found.valid]
            late = "" if found.exhaustive else f"Not enough to say: the time was up; all takes about {duration(takes)}."
            return CountReport(
                circuits=circuits_count(
                    "exact",
                    found.valid,
                    found.valid,
                    found.valid if found.exhaustive else found.valid + found.possible - found.tested,
                    confidence=None,
                    method="listed" if found.complete else "counted",
                    possible=found.possible,
                    tested=found.tested,
                ),
                smallest=bounds(
                    fewest, 0, proved=found.exhaustive and bool(fewest), none_valid=found.exhaustive and not found.valid
                ),
                backbone=all_keep if found.exhaustive and found.valid else None,
                by_size=exact_sizes(found.by_bits, sizes) if found.exhaustive else [],
                enough=found.exhaustive,
                why=f"{told} {late}".strip(),
            )
    strata = count_by_strata(question, work.for_seconds(_FOR_THE_NUMBER * work.seconds_left), seed=seed)
    least = smallest_found(question, strata, work)
    more = "" if strata.enough or "circuits" not in work.ended else " More seconds allow more."
    return CountReport(
        circuits=circuits_count(
            strata.how,
            isqrt(strata.low * strata.high),
            strata.low,
            strata.high,
            confidence=strata.confidence,
            method="sampled",
            possible=question.space.possible,
            tested=strata.drawn,
        ),
        smallest=bounds(None if least is None else least.bit_count(), min(sizes or (1,)) - 1, proved=False),
        backbone=None,
        by_size=[
            OfSize(size=size, possible=sizes and sizes[size], low=low, high=high)
            for size, (low, high) in strata.by_size.items()
        ],
        enough=strata.enough,
        why=f"{told} {strata.why}{more}".strip(),
    )
