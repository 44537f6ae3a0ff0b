"""What the lenses of an analysis say of its neurons, in a sentence."""

from __future__ import annotations

from sqlalchemy.orm import Session

from analysis.lenses.report import LensesReport
from app.db.reports import report_of, report_row
from app.pages.place import Place
from pluriscope.analyses.lenses import neurons_words
from pluriscope.analyses.registry import LENSES


def polysemanticity_sentence(session: Session, place: Place) -> str:
    """What interpretations take neurons for, in a sentence; "" where that is not stored."""
    row = report_row(session, place.analysis, LENSES.key)
    report = None if row is None else report_of(row, LensesReport)
    return "" if report is None or report.neurons is None else neurons_words(report.neurons)
