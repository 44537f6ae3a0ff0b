"""The jobs that follow every analysis by themselves, where they are expected to take a minute at most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlalchemy import ColumnElement, func, or_, select, tuple_
from sqlalchemy.orm import Session

from pluriscope.analyses.analysis import LONGEST, Analysis
from pluriscope.analyses.registry import ANALYSES, COMMON_GROUND
from pluriscope.analysis.criteria.steps import default_steps
from pluriscope.analysis.plugins import guarded
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.subjects import registry
from pluriscope.analysis.values.late_functions import function_at
from pluriscope.app.bundled import ORIGIN
from pluriscope.app.db.codecs import kind_of_analysis
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads.analyses import analysed_question
from pluriscope.app.db.tables import AnalysisReportRow, AnalysisRow, NetworkRow, VerdictRow
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.definitions import DEFINITIONS

FRONT_PAGE, GALLERY = 0, 1
"""Priorities of what the first pages of a new installation show: before all that is only expected to be quick."""


@dataclass(frozen=True)
class Stage:
    """A kind of work that follows a stored analysis.

    Args:
        needs: traits that a kind of network must offer.
        ask: asks for what of it takes a minute at most, and returns those jobs.
        stored: whether an analysis has what it makes.
    """

    needs: Sequence[str]
    ask: Callable[[Session, AnalysisRow], Sequence[JobRow]]
    stored: ColumnElement[bool]


def after_first(milliseconds: float) -> float:
    """Priority of what takes so long, behind what the first pages show."""
    return max(GALLERY + 1, milliseconds)


def enqueue_following(session: Session, analysis: AnalysisRow, *, requested: bool = False) -> list[JobRow]:
    """Queue the jobs that follow an analysis, to be done soon where a person asked for the analysis."""
    following: list[JobRow] = []
    for one in DEFINITIONS.values() if requested else ():
        if one.follows:
            ask = partial(function_at(one.follows), session, analysis)
            following += guarded("jobs", one, ask, lambda _: [])
    lacks = kind_of_analysis(analysis).refuses
    asked_of_it = (stage for stage in STAGES if not any(map(lacks, stage.needs)))
    following += [job for stage in asked_of_it for job in stage.ask(session, analysis)]
    for job in following if requested else ():
        queue.hasten(job, queue.FOLLOWING_PRIORITY + max(0, job.priority))
    return following


def enqueue_missing(session: Session, stages: Sequence[Stage] | None = None) -> int:
    """Queue the jobs that follow analyses which an older version has stored without them. Returns the number of jobs.

    Calling it again changes nothing, also where a person has cancelled the job.
    """
    found = 0
    for stage in STAGES if stages is None else stages:
        # another version may have stored more kinds
        known = NetworkRow.kind.in_([kind.key for kind in registry.SUBJECT_KINDS]), NetworkRow.deleted_at.is_(None)
        without = select(AnalysisRow).join(NetworkRow).where(~stage.stored, *known)
        final = (row for row in session.scalars(without).all() if not row.goes_on)
        asked = (row for row in final if not any(map(kind_of_analysis(row).refuses, stage.needs)))
        found += sum(len(stage.ask(session, row)) for row in asked)
    return found


def enqueue_outdated(session: Session) -> int:
    """Queue analyses that an earlier version of the method made, unless they take longer than a minute, to be made
    again when nothing else waits. Returns the number of jobs. Calling it again changes nothing, also where a person has
    cancelled the job.
    """
    found = 0
    keys = [kind.key for kind in registry.SUBJECT_KINDS]
    for one in ANALYSES:
        newest = max(map(one.version_for, registry.SUBJECT_KINDS))
        of_it = AnalysisReportRow.kind == one.key, AnalysisReportRow.version < newest
        on = AnalysisReportRow.analysis_id == AnalysisRow.id
        older = select(AnalysisRow, AnalysisReportRow).join(AnalysisReportRow, on).join(NetworkRow)
        older = older.where(*of_it, NetworkRow.kind.in_(keys), NetworkRow.deleted_at.is_(None))
        for row, report in session.execute(older).all():
            outdated = report.version < one.version_for(kind_of_analysis(row)) and not row.goes_on
            if outdated and one.follows(analysed_question(session, row)):
                details = one.details(thorough=report.thorough)
                queue.enqueue_about(session, row, one.key, priority=LONGEST, **details)
                found += 1
    return found


def _criteria(session: Session, analysis: AnalysisRow) -> list[JobRow]:
    return [queue.enqueue_about(session, analysis, "criteria", criteria=default_steps())]


def _stage_of(analysis: Analysis) -> Stage:
    """An analysis in the registry."""

    def ask(session: Session, row: AnalysisRow) -> list[JobRow]:
        question = analysed_question(session, row)
        unsearched = analysis.searched and row.circuits_method == "refused"
        if analysis.summed(question.kind):
            return []
        if unsearched or analysis.refuses(question, row.network.planted) or not analysis.follows(question):
            return []
        first = row.network.origin == ORIGIN and row.network.position == 0 and row.protocol.name == COMPLETE.name
        own = FRONT_PAGE if first and analysis is COMMON_GROUND else after_first(analysis.milliseconds(question))
        return [queue.enqueue_about(session, row, analysis.key, priority=own, **analysis.details())]

    stored = _has(AnalysisReportRow, AnalysisReportRow.kind == analysis.key)
    if "planted" in analysis.reads:
        stored = or_(NetworkRow.planted.is_(None), stored)
    if analysis.searched:
        stored = or_(AnalysisRow.circuits_method == "refused", stored)
    return Stage((*analysis.needs, *(["formulas"] if analysis.sums_on_sites else [])), ask, stored)


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


_INTERPRETED: Final = ("formulas",)
CRITERIA: Final = Stage(_INTERPRETED, _criteria, _judged())
OF_ANALYSES: Final = {one.key: _stage_of(one) for one in ANALYSES if not one.sums}
STAGES: Final = (CRITERIA, *OF_ANALYSES.values())
