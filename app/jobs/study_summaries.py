"""What a job does that sums a study up: read its outcomes, work out what they say, keep that for its pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from analysis.studies.design import StudyDesign
from analysis.studies.summary import Record
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.reads.studies import study_by_digest
from app.db.studies import design_of
from app.db.study_summaries import document_of, outcome_records, save_summary
from app.jobs.handlers import Handler, Saved


@dataclass(frozen=True)
class Outcomes:
    """The outcomes of a study at one time."""

    design: StudyDesign
    records: list[Record]
    revision: int


@dataclass(frozen=True)
class Told:
    """What they say, ready for the store."""

    document: bytes
    n_outcomes: int
    revision: int


def load_outcomes(session: Session, arguments: Mapping[str, Any]) -> Outcomes:
    """Read all that are there by now.

    Raises:
        NotFound: the study is not stored (any more).
    """
    row = study_by_digest(session, arguments["study"])
    return Outcomes(design_of(row), outcome_records(session, row.id), row.revision)


def sum_up(outcomes: Outcomes, work: Work = DEFAULT_WORK) -> Told:
    """Points, spreads, shares and tests.

    Raises:
        Cancelled: the report asked to stop.
    """
    work.tell("summary", 0, 1, f"{len(outcomes.records):,} networks")
    document = document_of(outcomes.design, outcomes.records)
    work.tell("summary", 1, 1)
    return Told(document, len(outcomes.records), outcomes.revision)


def save_told(session: Session, arguments: Mapping[str, Any], told: Told) -> Saved:
    """Let pages show it."""
    row = study_by_digest(session, arguments["study"])
    save_summary(session, row.id, told.revision, told.n_outcomes, told.document)
    result = {"url": Addresses().study(row.slug), "study": row.digest}
    return Saved(result, f"{told.n_outcomes:,} networks summed up")


STUDY_SUMMARY: Handler[Outcomes, Told] = Handler(load_outcomes, sum_up, save_told)
