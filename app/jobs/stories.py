"""The work of a "stories" job: which algorithms each listed circuit of a stored analysis carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy.orm import Session

from analysis.question import Question
from analysis.stories.contrast import find_contrasts
from analysis.stories.grain import find_grain
from analysis.stories.relation import RELATIONS
from analysis.stories.search import Stories, find_stories
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.distributions import smallest_in
from app.db.reads.analyses import analysed_question
from app.db.reads.circuits import masks_of
from app.db.stories import STORIES as KIND
from app.db.stories import CircuitSet, Told, relation_column, save_stories, stories_report
from app.db.tables import AnalysisRow
from app.jobs.stored_analysis import report_handler


@dataclass(frozen=True)
class StoryInputs:
    """What is asked: the circuits of one question."""

    question: Question
    circuits: CircuitSet


def read_circuits(session: Session, row: AnalysisRow, _: Mapping[str, Any]) -> StoryInputs:
    """The network, its rules and its circuits."""
    smallest = smallest_in(row.distributions)
    return StoryInputs(
        analysed_question(session, row),
        CircuitSet(
            masks_of(session, row),
            () if smallest is None else smallest.undrawn,
            row.circuits_valid,
            cast(Any, row.circuits_method),
            row.circuits_truncated_at is not None,
        ),
    )


def tell(inputs: StoryInputs, work: Work = DEFAULT_WORK) -> Told:
    """Ask every circuit, or a uniform sample where that would take too long."""
    found = find_stories(inputs.question, inputs.circuits.masks, work)
    contrasts = find_contrasts(inputs.question, found, work) if isinstance(found, Stories) else ()
    trees = inputs.question.protocol.algorithm_form == "and_inverter"
    grain = find_grain(inputs.question, work) if trees and isinstance(found, Stories) else None
    report = stories_report(found, contrasts, grain, inputs.circuits, inputs.question.layout)
    return Told(report, relation_column(found, inputs.circuits.masks))


def _words(told: Told) -> str:
    report = told.report
    if not report.told:
        return report.reason
    counts = [f"{report.counts[relation]:,} {relation}" for relation in RELATIONS if report.counts[relation]]
    return f"{report.asked:,} circuits asked: {', '.join(counts) or 'none is valid'}"


STORIES = report_handler(KIND, read_circuits, tell, Addresses.stories, _words, keep=save_stories)
