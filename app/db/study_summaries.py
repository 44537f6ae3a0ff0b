"""What a study says, kept beside its outcomes: made by whoever adds outcomes, read by its pages."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from analysis.studies.design import StudyDesign
from analysis.studies.stored_summary import VERSION, summed
from analysis.studies.summary import Record, StudySummary
from app.db.study_tables import StudyOutcomeRow, StudySummaryRow

SUMMARY_VERSION: Final = f"{VERSION}/{ENGINE_VERSION}"
GROWTH: Final = 1.1
"""A study on its way is summed up anew when it has this many times the outcomes, so that all of it takes no longer than
about ten summaries of the whole."""


def outcome_records(session: Session, study_id: int) -> list[Record]:
    """Every outcome as a summary needs it, in the order of cells and seeds."""
    rows = session.execute(
        select(
            StudyOutcomeRow.position,
            StudyOutcomeRow.seed,
            StudyOutcomeRow.state,
            StudyOutcomeRow.network_digest,
            StudyOutcomeRow.figures,
            StudyOutcomeRow.data_digest,
        )
        .where(StudyOutcomeRow.study_id == study_id)
        .order_by(StudyOutcomeRow.position, StudyOutcomeRow.seed)
    )
    return [Record(row[0], row[1], row[2], row[3], row[4], (row[5] or "")[:12]) for row in rows]


def document_of(design: StudyDesign, records: list[Record]) -> bytes:
    """Sum a study up: its document as it is stored."""
    text = json.dumps(summed(StudySummary(design, records)), separators=(",", ":"), sort_keys=True)
    return zlib.compress(text.encode())


def read_document(row: StudySummaryRow) -> dict[str, Any]:
    """The document of a stored summary."""
    document: dict[str, Any] = json.loads(zlib.decompress(row.document))
    return document


def save_summary(session: Session, study_id: int, revision: int, n_outcomes: int, document: bytes) -> None:
    """Keep a summary in place of the one before; one of fewer outcomes never replaces one of more."""
    row = session.get(StudySummaryRow, study_id)
    if row is not None and row.version == SUMMARY_VERSION and row.n_outcomes > n_outcomes:
        return
    if row is None:
        row = StudySummaryRow(study_id=study_id)
        session.add(row)
    row.revision, row.version, row.n_outcomes, row.document = revision, SUMMARY_VERSION, n_outcomes, document
    row.created_at = datetime.now(UTC)
    session.flush()


def summary_row(session: Session, study_id: int) -> StudySummaryRow | None:
    """The stored summary of a study that this version can read, of however many outcomes; None if there is none."""
    return session.scalar(
        select(StudySummaryRow).where(StudySummaryRow.study_id == study_id, StudySummaryRow.version == SUMMARY_VERSION)
    )
