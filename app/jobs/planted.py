"""The work of a "planted" job: where a planted explanation stands among all that a stored analysis found."""

from __future__ import annotations

import time
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
from app.db.reads.analyses import analysed_question, scope_of
from app.db.reads.circuit_sets import stored_search
from app.db.reports import save_report
from app.jobs.handlers import Handler, Saved
from app.jobs.stored_analysis import analysis_meant


@dataclass(frozen=True)
class PlantedInputs:
    """A network, its rules, its circuits, and what was planted in it."""

    question: Question
    record: PlantedRecord
    circuits: CircuitSearch


@dataclass(frozen=True)
class Found:
    """What was found, and how long it took."""

    report: PlantedReport
    seconds: float


def load_planted_inputs(session: Session, arguments: Mapping[str, Any]) -> PlantedInputs:
    """Read what is stored.

    Raises:
        NotFound: the analysis is gone or replaced, or nothing was planted.
    """
    row = analysis_meant(session, arguments)
    question, record = analysed_question(session, row), planted_of(row.network)
    if record is None:
        raise NotFound(f"network {row.network.slug!r}", "has no planted algorithm", "import it with its record")
    return PlantedInputs(question, record, stored_search(session, row, question.layout))


def compute_planted(inputs: PlantedInputs, work: Work = DEFAULT_WORK) -> Found:
    """Locate the planted circuit and try everything that the planted explanation should pass."""
    began = time.perf_counter()
    work.tell("planted", 0, 1)
    report = planted_report(standing_of(inputs.question, inputs.record, inputs.circuits))
    work.tell("planted", 1, 1)
    return Found(report, time.perf_counter() - began)


def save_planted(session: Session, arguments: Mapping[str, Any], outcome: Found) -> Saved:
    """Store what was found beside its analysis."""
    row = analysis_meant(session, arguments)
    saved = save_report(session, row, KIND, outcome.report, thorough=True, seconds=outcome.seconds)
    url = Addresses().network(row.network.slug, scope_of(row, row.network.sizes[0]))
    found = f"the planted circuit is {'' if outcome.report.valid else 'not '}valid"
    return Saved({"url": url, "network": arguments["network"], "content": saved.content}, found)


PLANTED: Handler[PlantedInputs, Found] = Handler(load_planted_inputs, compute_planted, save_planted)
