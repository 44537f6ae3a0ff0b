"""What follows every analysis by itself: each kind of work that goes on from what was found, where it takes seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true, tuple_
from sqlalchemy.orm import Session, aliased

from analysis.criteria.steps import default_steps
from analysis.explanations.registry import BY_KEY, RECORDED
from analysis.subjects import registry
from analysis.subjects.perceptron.kind import PERCEPTRON
from app.bundled import ORIGIN
from app.db.job_tables import JobRow
from app.db.models import SEARCH, model_of
from app.db.reads.analyses import analysed_question
from app.db.reads.networks import edits_of
from app.db.recorded import is_searched
from app.db.tables import AnalysisReportRow, AnalysisRow, ModelReportRow, ModelRow, NetworkRow, VerdictRow
from app.jobs import queue
from pluriscope.analyses.registry import LENSES, METHODS, ONE_READER, PLANTED, RIVALS, Analysis, of_kind

CHEAP_MILLISECONDS: Final = 5_000.0
"""What a search for a kind stored as columns may be expected to take."""
BESIDE_CIRCUITS: Final = {
    METHODS.key: "model-methods",
    RIVALS.key: "model-rivals",
    LENSES.key: "model-lenses",
    PLANTED.key: "model-planted",
    ONE_READER.key: "model-one-reader",
}
"""What follows every search of a model of another kind by itself: what is stored, and the kind of job."""


@dataclass(frozen=True)
class Stage:
    """One kind of work that goes on from a stored analysis.

    Args:
        ask: asks for what of it takes seconds, and returns those jobs.
        stored: whether an analysis has what it makes.
    """

    ask: Callable[[Session, AnalysisRow], Sequence[JobRow]]
    stored: ColumnElement[bool]


def enqueue_following(session: Session, analysis: AnalysisRow, *, asked: bool = False) -> list[JobRow]:
    """Ask for everything that follows an analysis on Boolean inputs, at once where somebody asked for that.

    Then its edits are compared with it, too: who saves one may do so while the network before is analysed.
    """
    edits = edits_of(session, analysis.network) if asked else ()
    following = [queue.enqueue_about(session, analysis, "changes", other=one.digest) for one in edits]
    following += [job for stage in STAGES for job in stage.ask(session, analysis)]
    for job in following if asked else ():
        queue.hasten(job)
    return following


def enqueue_missing(session: Session, stages: Sequence[Stage] | None = None) -> int:
    """The same, or some of it, for analyses that an older version has stored without it; returns how many jobs.

    Asking again changes nothing, also where somebody has cancelled the job.
    """
    found = 0
    for stage in STAGES if stages is None else stages:
        without = select(AnalysisRow).join(NetworkRow).where(~stage.stored, NetworkRow.deleted_at.is_(None))
        found += sum(len(stage.ask(session, row)) for row in session.scalars(without).all())
    if stages is not None:
        return found
    return found + sum(_of_models(session, name, job) for name, job in BESIDE_CIRCUITS.items())


def _of_models(session: Session, name: str, job: str) -> int:
    """Ask what is not known of models of other kinds whose circuits an older version has searched."""
    searched, answered = aliased(ModelReportRow), aliased(ModelReportRow)
    same = answered.model_id == searched.model_id, answered.rules == searched.rules, answered.name == name
    known = ModelRow.kind.in_([kind.key for kind in registry.SUBJECT_KINDS])  # another version may have stored more
    without = select(ModelRow, searched.rules).join(searched).where(searched.name == SEARCH, ~exists().where(*same))
    found = session.execute(without.where(known)).all()
    jobs = [queue.enqueue_of_model(session, job, row, rules) for row, rules in found if follows(name, row)]
    return len(jobs)


def follows(name: str, row: ModelRow) -> bool:
    """Whether an analysis is asked of a model: what was planted only where something was."""
    return name != PLANTED.key or model_of(row)[1].planted is not None


def _criteria(session: Session, analysis: AnalysisRow) -> list[JobRow]:
    return [queue.enqueue_about(session, analysis, "criteria", criteria=default_steps())]


def _recorded(session: Session, analysis: AnalysisRow) -> list[JobRow]:
    """Every kind stored as columns."""
    question = analysed_question(session, analysis)
    return [
        queue.enqueue_about(session, analysis, "explanations", kind=kind.key)
        for kind in RECORDED
        if not kind.refuses(question) and kind.work(question) <= CHEAP_MILLISECONDS
    ]


def _stage_of(analysis: Analysis) -> Stage:
    """An analysis in the registry."""

    def ask(session: Session, row: AnalysisRow) -> list[JobRow]:
        unplanted = "planted" in analysis.reads and row.network.planted is None
        if unplanted or not analysis.follows(analysed_question(session, row)):
            return []
        first = row.network.origin == ORIGIN and row.network.position == 0  # the front page shows it
        return [queue.enqueue_about(session, row, analysis.key, asked=first, **analysis.details())]

    stored = _has(AnalysisReportRow, AnalysisReportRow.kind == analysis.key)
    return Stage(ask, or_(NetworkRow.planted.is_(None), stored) if "planted" in analysis.reads else stored)


def _has(row: Any, *more: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(row.analysis_id).where(row.analysis_id == AnalysisRow.id, *more).exists()


def _judged() -> ColumnElement[bool]:
    """Whether every criterion has verdicts on circuits with its present meaning: another meaning has another digest."""
    steps = default_steps("circuit")
    of_these = tuple_(VerdictRow.criterion, VerdictRow.settings_digest).in_(
        [(step.key, step.settings_digest) for step in steps]
    )
    found = select(func.count()).where(VerdictRow.analysis_id == AnalysisRow.id, VerdictRow.kind == "circuit", of_these)
    return found.correlate(AnalysisRow).scalar_subquery() >= len(steps)


CRITERIA: Final = Stage(_criteria, _judged())
RECORDED_KINDS: Final = Stage(_recorded, and_(true(), *(is_searched(key) for key in BY_KEY)))
OF_ANALYSES: Final = {one.key: _stage_of(one) for one in of_kind(PERCEPTRON) if one.find and not one.sums}
STAGES: Final = (CRITERIA, RECORDED_KINDS, *OF_ANALYSES.values())
