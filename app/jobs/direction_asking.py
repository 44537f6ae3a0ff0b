"""When alignments on directions are searched without anybody asking: where it takes seconds."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from analysis.directions.findings import CLOSED_FORM, MAX_CHEAP, closed_form_work
from app.db.codecs import network_of
from app.db.direction_tables import DirectionSearchRow
from app.db.job_tables import JobRow
from app.db.tables import AlgorithmRow, AnalysisRow
from app.jobs import queue


def enqueue_cheap_directions(session: Session, analysis: AnalysisRow) -> JobRow | None:
    """Ask for every class in closed form where that takes seconds; None where somebody has to ask."""
    n_algorithms = session.scalar(
        select(func.count()).where(AlgorithmRow.analysis_id == analysis.id, *meant_algorithms(every=False))
    )
    network = network_of(analysis.network).for_output(analysis.output)
    if not network.hidden_sizes or closed_form_work(network, n_algorithms or 0) > MAX_CHEAP:
        return None
    return queue.enqueue_directions(session, analysis, CLOSED_FORM)


def enqueue_missing_directions(session: Session) -> int:
    """The same for analyses that an older version has stored; returns for how many it was asked."""
    searched = select(DirectionSearchRow.id).where(DirectionSearchRow.analysis_id == AnalysisRow.id)
    without = session.scalars(select(AnalysisRow).where(AnalysisRow.staged == "", ~searched.exists())).all()
    return sum(1 for analysis in without if enqueue_cheap_directions(session, analysis) is not None)


def meant_algorithms(*, every: bool) -> tuple[ColumnElement[bool], ...]:
    """Which algorithms are searched; where redundancy was not stored, the search looks at it."""
    irredundant = AlgorithmRow.irredundant_literals
    return () if every else (or_(irredundant.is_(True), irredundant.is_(None)),)
