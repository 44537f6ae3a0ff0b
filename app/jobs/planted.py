"""The work of a "planted" job: where a planted explanation stands among all that a stored analysis found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from analysis.circuits.result import CircuitSearch
from analysis.network_files.planted_record import PlantedRecord
from analysis.planting.standing import standing_of
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.codecs import planted_of
from app.db.errors import NotFound
from app.db.planted import PLANTED as KIND
from app.db.planted import PlantedReport, planted_report
from app.db.reads.analyses import analysed_question
from app.db.reads.circuit_sets import stored_search
from app.db.tables import AnalysisRow
from app.jobs.stored_analysis import report_handler


@dataclass(frozen=True)
class PlantedInputs:
    """A network, its rules, its circuits, and what was planted in it."""

    question: Question
    record: PlantedRecord
    circuits: CircuitSearch


def read_planted(session: Session, row: AnalysisRow, _: Mapping[str, Any]) -> PlantedInputs:
    """What is stored.

    Raises:
        NotFound: nothing was planted.
    """
    question, record = analysed_question(session, row), planted_of(row.network)
    if record is None:
        raise NotFound(f"network {row.network.slug!r}", "has no planted algorithm", "import it with its record")
    return PlantedInputs(question, record, stored_search(session, row, question.layout))


def locate_planted(inputs: PlantedInputs, work: Work = DEFAULT_WORK) -> PlantedReport:
    """Locate the planted circuit and try everything that the planted explanation should pass."""
    work.tell("planted", 0, 1)
    report = planted_report(standing_of(inputs.question, inputs.record, inputs.circuits))
    work.tell("planted", 1, 1)
    return report


def _words(report: PlantedReport) -> str:
    return f"the planted circuit is {'' if report.valid else 'not '}valid"


PLANTED = report_handler(KIND, read_planted, locate_planted, Addresses.network, _words)
