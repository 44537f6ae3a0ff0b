"""The work of every analysis of a network: read what it looks at, compute it by its path, store what it found."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from analysis.report import Analysed, Report, Settings
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.analysed import read_analysed
from app.db.directions import save_directions
from app.db.reads.analyses import analysed_question, scope_of
from app.db.reports import save_report
from app.jobs.handlers import Handler, Saved
from app.jobs.stored_analysis import Arguments, Timed, analysis_meant, timed
from pluriscope.analyses.registry import BY_KEY, DIRECTIONS, Analysis


def handler_of(analysis: Analysis) -> Handler[tuple[Analysed, Settings], Timed[Report]]:
    """The work of one analysis."""

    def load(session: Session, arguments: Arguments) -> tuple[Analysed, Settings]:
        settings = Settings(thorough=bool(arguments.get("thorough")))
        return read_analysed(session, analysis_meant(session, arguments), analysis.reads), settings

    def save(session: Session, arguments: Arguments, outcome: Timed[Report]) -> Saved:
        row = analysis_meant(session, arguments)
        report: Any = outcome.found
        thorough = bool(arguments.get("thorough", True))
        saved = save_report(session, row, kind=analysis.key, report=report, thorough=thorough, seconds=outcome.seconds)
        if analysis.key == DIRECTIONS.key and saved.thorough == thorough:  # else there was more already
            save_directions(session, saved, report.kept)
        url = Addresses().analysis(row.network.slug, analysis.key, scope_of(row, row.network.sizes[0]))
        result = {"url": url, "network": arguments["network"], "content": saved.content}
        return Saved(result, " ".join(report.findings(analysed_question(session, row))))

    return Handler(load, partial(timed, partial(_compute, analysis.key)), save)


def _compute(key: str, inputs: tuple[Analysed, Settings], work: Work = DEFAULT_WORK) -> Report:
    return BY_KEY[key].finds(*inputs, work)


def __getattr__(name: str) -> Handler[Any, Any]:
    """The handler of the analysis of that key, as definitions name it."""
    if name not in BY_KEY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return handler_of(BY_KEY[name])
