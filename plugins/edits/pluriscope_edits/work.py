"""The work of comparing a network with another one, whose report stands beside the analysis of the first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.app.db.codecs import subject_of
from pluriscope.app.db.errors import NotFound
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads.analyses import analysed_question, network_by_digest, scope_of
from pluriscope.app.db.reports import save_report
from pluriscope.app.db.tables import AnalysisRow, NetworkRow
from pluriscope.app.jobs.analyses import analysis_meant
from pluriscope.app.jobs.handlers import Arguments, Compute, Handler, Saved
from pluriscope.app.jobs.queue import enqueue_about
from pluriscope.app.limits import limits_in
from pluriscope_edits.addresses import changes_url
from pluriscope_edits.changes import ChangesReport, find_changes


def changes_kind(other: str) -> str:
    """Key of the report on how explanations change in another network.

    Args:
        other: its digest.
    """
    return f"changes {other[:12]}"


def edits_of(session: Session, row: NetworkRow) -> Sequence[NetworkRow]:
    """The networks that come of edits of this one, the newest first."""
    made = NetworkRow.edited["base"].as_string() == row.digest
    return session.scalars(
        select(NetworkRow).where(made, NetworkRow.deleted_at.is_(None)).order_by(NetworkRow.created_at.desc())
    ).all()


def enqueue_with_edits(session: Session, analysis: AnalysisRow) -> list[JobRow]:
    """Ask for comparisons with the edits of a network: one may be saved while the network before is analysed."""
    edits = edits_of(session, analysis.network)
    return [enqueue_about(session, analysis, "changes", other=one.digest) for one in edits]


def _load(session: Session, arguments: Arguments) -> Compute[tuple[ChangesReport, float]]:
    """Both networks, which may be gone."""
    question = analysed_question(session, analysis_meant(session, arguments))
    other = network_by_digest(session, arguments["other"])
    if other is None:
        raise NotFound(f"network {arguments['other'][:12]}", "is not stored any more", "import it again")
    return partial(_compare, question, subject_of(other), limits_in(session))


def _compare(question: SubjectQuestion, other: Any, limits: Limits, work: Work) -> tuple[ChangesReport, float]:
    began = time.perf_counter()
    return find_changes(question, other, replace(work, limits=limits)), time.perf_counter() - began


def _save(session: Session, arguments: Arguments, outcome: tuple[ChangesReport, float]) -> Saved:
    row, (report, seconds) = analysis_meant(session, arguments), outcome
    save_report(session, row, kind=changes_kind(report.after), report=report, thorough=True, seconds=seconds)
    url = changes_url(Addresses(), row.network.slug, report.after[:12], scope_of(row))
    return Saved({"url": url, "network": arguments["network"]}, " ".join(report.findings(None)))


CHANGES: Final = Handler(_load, _save)
