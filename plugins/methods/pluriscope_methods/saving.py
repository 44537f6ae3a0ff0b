"""The rows that an analysis keeps beside its report."""

from __future__ import annotations

import math
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pluriscope.app.db.rows import insert_rows
from pluriscope.app.db.table_base import Base
from pluriscope.app.db.tables import AnalysisReportRow, DirectionRow, DirectionTextRow
from pluriscope_methods.directions.report import DirectionsWithKept, KeptDirections


def save_directions(session: Session, stored: AnalysisReportRow, report: DirectionsWithKept) -> None:
    """Store the alignments of a report in place of earlier ones; what their ids stand for stays for good.

    Args:
        session: of the writer.
        stored: the row of the report.
        report: what was found.
    """
    session.execute(delete(DirectionRow).where(DirectionRow.analysis == stored.analysis_id))
    rows = [_values(stored.analysis_id, position, one) for position, one in enumerate(report.kept)]
    insert_rows(session, Base.metadata.tables["directions"], rows)
    texts = [{name: row[name] for name in ("algorithm_id", "alignment_id", "text")} for row in rows]
    if texts:
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        session.connection().execute(dialect.insert(DirectionTextRow).on_conflict_do_nothing(), texts)


def _values(analysis: int, position: int, one: KeptDirections) -> dict[str, Any]:
    algorithm, scored = one.algorithm, one.scored
    return {
        "analysis": analysis,
        "position": position,
        "algorithm_id": algorithm.id,
        "alignment_id": scored.alignment.id,
        "form": algorithm.form,
        "algorithm_text": algorithm.text,
        "formula": algorithm.formula,
        "text": scored.alignment.text,
        "classes": " ".join(one.classes),
        "valid": scored.valid,
        "agreed": scored.iia.agreed,
        "of": scored.iia.of,
        "joint_agreed": None if scored.joint is None else scored.joint.agreed,
        "joint_of": None if scored.joint is None else scored.joint.of,
        "causal_order": scored.alignment.causal_order,
        "margin": scored.margin if math.isfinite(scored.margin) else None,
        "families": [one and [one.dimension, one.answer, one.method] for one in one.families],
    }
