"""A stored study's summary, kept in the process until an outcome is added: large studies have many thousand rows."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Final

from sqlalchemy.orm import Session

from analysis.studies.summary import StudySummary
from app.db.reads.studies import outcome_records
from app.db.studies import design_of
from app.db.study_tables import StudyRow

_KEPT: Final = 8
_summaries: OrderedDict[tuple[str, int, int], StudySummary] = OrderedDict()
_lock: Final = Lock()


def summary_of(session: Session, row: StudyRow) -> StudySummary:
    """What the outcomes of a study say so far; its parts are computed when a page asks for them."""
    key = (row.digest, row.revision, row.n_finished)
    with _lock:
        if key in _summaries:
            _summaries.move_to_end(key)
            return _summaries[key]
    summary = StudySummary(design_of(row), outcome_records(session, row.id))
    with _lock:
        _summaries[key] = summary
        while len(_summaries) > _KEPT:
            _summaries.popitem(last=False)
    return summary
