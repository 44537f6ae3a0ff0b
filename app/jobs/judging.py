"""The work of a "criteria" job: verdicts of chosen criteria on everything that a stored analysis found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from analysis.criteria.criterion import Kind
from analysis.criteria.judged import Subject
from analysis.criteria.judging import judge_analysis
from analysis.criteria.steps import CriterionStep, parse_steps
from analysis.explanations.registry import BY_KEY
from analysis.limits import DEFAULT_LIMITS
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.reads.analyses import scope_of
from app.db.reads.results import load_analysis
from app.db.reads.verdicts import kinds_and_steps, missing_steps
from app.db.recorded import stored_refs, stored_searches
from app.db.verdicts import PreparedVerdicts, save_verdicts
from app.jobs.handlers import Handler, Saved
from app.jobs.stored_analysis import analysis_meant
from app.limits import limits_in

Outcome = tuple[PreparedVerdicts, ...]


@dataclass(frozen=True)
class JudgingInputs:
    """What to judge, and by what.

    Args:
        subject: what was found.
        steps: kind of explanation and criterion.
        max_seconds: for each of them.
    """

    subject: Subject
    steps: tuple[tuple[Kind, CriterionStep], ...]
    max_seconds: float = DEFAULT_LIMITS.criterion_seconds


def load_judging_inputs(session: Session, arguments: Mapping[str, Any]) -> JudgingInputs:
    """Read what the analysis found; verdicts that are stored already are not made again, except
    those that a shorter budget than the present one ended.

    Raises:
        NotFound: the analysis is gone or replaced.
        InvalidCriterion: a criterion that this version does not know.
    """
    row = analysis_meant(session, arguments)
    budget = limits_in(session).criterion_seconds
    searched = stored_searches(session, row.id)
    wanted = kinds_and_steps(parse_steps(arguments["criteria"]), searched)
    steps = missing_steps(session, row, wanted, budget=budget)
    recorded = {key: (stored_refs(session, row, BY_KEY[key]), one.complete) for key, one in searched.items()}
    subject = replace(Subject.of(load_analysis(session, row)), recorded=recorded)
    return JudgingInputs(subject, steps, budget)


def compute_verdicts(inputs: JudgingInputs, work: Work = DEFAULT_WORK) -> Outcome:
    """Judge, and make the verdicts ready for the store."""
    sizes = list(zip(inputs.subject.interpretations, inputs.subject.observed, strict=True))
    work = replace(work, limits=replace(work.limits, criterion_seconds=inputs.max_seconds))
    judged = {(one.kind, one.step): one for one in judge_analysis(inputs.subject, inputs.steps, work)}
    return tuple(PreparedVerdicts.of(judged[one], sizes) for one in dict.fromkeys(inputs.steps))


def save_judged(session: Session, arguments: Mapping[str, Any], outcome: Outcome) -> Saved:
    """Store the verdicts."""
    row = analysis_meant(session, arguments)
    save_verdicts(session, row, outcome)
    stopped = sorted({str(one.step) for one in outcome if one.stopped})
    n = len(arguments["criteria"])  # not how many verdicts were made: another job may have been quicker with some
    words = f"{n} criteri{'on' if n == 1 else 'a'} judged"
    if stopped:
        words += f"; stopped at a limit: {', '.join(stopped)}"
    result = {
        "url": Addresses().network(row.network.slug, scope_of(row, row.network.sizes[0])),
        "network": arguments["network"],
        "criteria": list(arguments["criteria"]),
        "stopped": stopped,
    }
    return Saved(result, words, truncated=bool(stopped))


CRITERIA: Handler[JudgingInputs, Outcome] = Handler(load_judging_inputs, compute_verdicts, save_judged)
