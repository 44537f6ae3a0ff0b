"""The work of a "stories" job: which algorithms each listed circuit of a stored analysis carries."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.question import Question
from analysis.stories.contrast import find_contrasts
from analysis.stories.grain import find_grain
from analysis.stories.relation import RELATIONS
from analysis.stories.search import Stories, find_stories
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.distributions import smallest_in
from app.db.reads.analyses import analysed_question, scope_of
from app.db.reads.circuits import whole_column
from app.db.stories import CircuitSet, StoriesReport, relation_column, save_stories, stories_report
from app.jobs.handlers import Handler, Saved
from app.jobs.stored_analysis import analysis_meant


@dataclass(frozen=True)
class StoryInputs:
    """What is asked: the circuits of one question."""

    question: Question
    circuits: CircuitSet


@dataclass(frozen=True)
class Told:
    """What was found, ready for the store.

    Args:
        column: each listed circuit's relation.
    """

    report: StoriesReport
    column: NDArray[np.uint8]
    seconds: float


def load_story_inputs(session: Session, arguments: Mapping[str, Any]) -> StoryInputs:
    """Read the network, its rules and its circuits.

    Raises:
        NotFound: the analysis is gone or replaced.
    """
    row = analysis_meant(session, arguments)
    smallest = smallest_in(row.distributions)
    return StoryInputs(
        analysed_question(session, row),
        CircuitSet(
            whole_column(session, row.id, "mask"),
            () if smallest is None else smallest.undrawn,
            row.circuits_valid,
            cast(Any, row.circuits_method),
            row.circuits_truncated_at is not None,
        ),
    )


def compute_stories(inputs: StoryInputs, work: Work = DEFAULT_WORK) -> Told:
    """Ask every circuit, or a uniform sample where that would take too long."""
    began = time.perf_counter()
    found = find_stories(inputs.question, inputs.circuits.masks, work)
    contrasts = find_contrasts(inputs.question, found, work) if isinstance(found, Stories) else ()
    trees = inputs.question.protocol.algorithm_form == "and_inverter"
    grain = find_grain(inputs.question, work) if trees and isinstance(found, Stories) else None
    report = stories_report(found, contrasts, grain, inputs.circuits, inputs.question.layout)
    return Told(report, relation_column(found, inputs.circuits.masks), time.perf_counter() - began)


def save_told(session: Session, arguments: Mapping[str, Any], outcome: Told) -> Saved:
    """Store the stories beside their analysis."""
    row = analysis_meant(session, arguments)
    saved = save_stories(session, row, outcome.report, outcome.column, outcome.seconds)
    report = outcome.report
    found = report.reason
    if report.told:
        counts = [f"{report.counts[relation]:,} {relation}" for relation in RELATIONS if report.counts[relation]]
        found = f"{report.asked:,} circuits asked: {', '.join(counts) or 'none is valid'}"
    url = Addresses().stories(row.network.slug, scope_of(row, row.network.sizes[0]))
    return Saved({"url": url, "network": arguments["network"], "content": saved.content}, found)


STORIES: Handler[StoryInputs, Told] = Handler(load_story_inputs, compute_stories, save_told)
