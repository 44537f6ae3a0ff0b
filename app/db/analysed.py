"""What analyses of a network look at, read from the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy.orm import Session

from analysis.question import Question
from analysis.report import Analysed
from app.db.reads.analyses import analysed_question
from app.db.reads.circuit_sets import stored_search
from app.db.reads.circuits import whole_counts
from app.db.tables import AnalysisRow


def _observed(session: Session, row: AnalysisRow, _: Question) -> Sequence[int]:
    return whole_counts(session, row.id, "observed") if row.interpretations_truncated_at is None else ()


_READERS: Final[Mapping[str, Callable[[Session, AnalysisRow, Question], Any]]] = {"observed": _observed}
"""Fields of :class:`analysis.report.Analysed` that few analyses look at: how each is read."""


def read_analysed(session: Session, row: AnalysisRow, reads: Iterable[str] = ()) -> Analysed:
    """What analyses look at, of one that is stored.

    Args:
        session: open session.
        row: the analysis.
        reads: further fields that are looked at.
    """
    question = analysed_question(session, row)
    more = {name: _READERS[name](session, row, question) for name in reads}
    return Analysed(question, stored_search(session, row, question.layout), **more)
