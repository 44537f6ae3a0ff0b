"""A stored study's summary, read once and kept in the process until there is another one."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from threading import Lock
from typing import Final

from sqlalchemy.orm import Session

from analysis.studies.summary import StudySummary
from analysis.studies.summed import Summed
from app.db.studies import design_of
from app.db.study_summaries import read_document, summary_row
from app.db.study_tables import StudyRow

_KEPT: Final = 8
_summaries: OrderedDict[tuple[str, int, int, datetime], StudySummary] = OrderedDict()
_lock: Final = Lock()


def summary_of(session: Session, row: StudyRow) -> StudySummary:
    """What the outcomes of a study say, as far as they were summed up; of no network before that was done."""
    stored = summary_row(session, row.id)
    if stored is None:
        return StudySummary(design_of(row), ())
    key = (row.digest, row.revision, stored.n_outcomes, stored.created_at)
    with _lock:
        if key in _summaries:
            _summaries.move_to_end(key)
            return _summaries[key]
    summary = Summed(design_of(row), read_document(stored))
    with _lock:
        _summaries[key] = summary
        while len(_summaries) > _KEPT:
            _summaries.popitem(last=False)
    return summary
