"""When the ladder of map classes and contradictions are computed without anybody asking: where it takes seconds."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.directions.findings import MAX_CHEAP, closed_form_work
from analysis.ladder.climbing import MAX_ALGORITHMS, N_PERMUTED
from analysis.protocol import COMPLETE
from app.bundled import ALICE_AND_BOB, bundled_networks
from app.db.codecs import network_of
from app.db.job_tables import JobRow
from app.db.tables import AnalysisReportRow, AnalysisRow
from app.jobs import queue


def enqueue_cheap_reports(session: Session, analysis: AnalysisRow) -> list[JobRow]:
    """The reports that take seconds: the ladder of small networks; contradictions of the Alice-and-Bob network."""
    asked = []
    network = network_of(analysis.network).for_output(analysis.output)
    work = closed_form_work(network, MAX_ALGORITHMS) * (N_PERMUTED + 1)
    if network.hidden_sizes and work <= MAX_CHEAP:
        asked.append(queue.enqueue_report(session, analysis, "ladder"))
    if analysis.protocol_digest == COMPLETE.digest and analysis.network.digest == alice_and_bob_digest():
        asked.append(queue.enqueue_report(session, analysis, "contradictions"))
    return asked


def enqueue_missing_reports(session: Session) -> int:
    """The same for analyses that an older version has stored; returns how many jobs were asked for."""
    told = select(AnalysisReportRow.analysis_id).where(AnalysisReportRow.analysis_id == AnalysisRow.id)
    without = session.scalars(select(AnalysisRow).where(AnalysisRow.staged == "", ~told.exists())).all()
    return sum(len(enqueue_cheap_reports(session, analysis)) for analysis in without)


def alice_and_bob_digest() -> str:
    """Digest of the bundled analytic XORNet."""
    return next(one.network.digest for one in bundled_networks() if one.slug == ALICE_AND_BOB)
