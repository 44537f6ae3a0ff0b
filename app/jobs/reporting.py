"""The work of a "ladder" job: what passes in each class of maps, read whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from analysis.ladder.climbing import climb_closed
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.reads.analyses import analysed_question
from app.db.reports import LadderReport, ladder_report
from app.db.tables import AnalysisRow
from app.jobs.stored_analysis import report_handler


@dataclass(frozen=True)
class ReportInputs:
    """What is looked at.

    Args:
        thorough: whether to do also what takes long.
    """

    question: Question
    thorough: bool


def read_question(session: Session, row: AnalysisRow, arguments: Mapping[str, Any]) -> ReportInputs:
    """The network and its rules."""
    return ReportInputs(analysed_question(session, row), bool(arguments["thorough"]))


def climb(inputs: ReportInputs, work: Work = DEFAULT_WORK) -> LadderReport:
    """Climb every class in closed form, and the learned ones where all is asked for; only these load torch."""
    ladder = climb_closed(inputs.question, work)
    if inputs.thorough:
        from analysis.ladder.learning import climb_learned

        ladder = climb_learned(ladder, inputs.question, work)
    return ladder_report(ladder)


def _classes_words(report: LadderReport) -> str:
    passing = [rung for rung in report.rungs if rung.alignments]
    return f"{len(passing)} of {len(report.rungs)} classes of maps have an alignment that passes"


LADDER = report_handler("ladder", read_question, climb, Addresses.ladder, _classes_words, graded=True)
