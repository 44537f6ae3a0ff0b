"""A stored study's summary, read once and kept in the process until there is another one."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from analysis.studies.stored_summary import Summed
from analysis.studies.summary import StudySummary
from app.db.studies import design_of
from app.db.study_summaries import read_document, summary_row
from app.db.study_tables import StudyRow
from app.recent import Recent

_SUMMARIES: Final = Recent[StudySummary](8)


def summary_of(session: Session, row: StudyRow) -> StudySummary:
    """What the outcomes of a study say, as far as they were summed up; of no network before that was done."""
    stored = summary_row(session, row.id)
    if stored is None:
        return StudySummary(design_of(row), ())
    key = (row.digest, row.revision, stored.n_outcomes, stored.created_at)
    return _SUMMARIES.of(key, lambda: Summed(design_of(row), read_document(stored)))
