"""Kept alignments on linear directions: rows beside the report of their search.

They are explanations, so the list reads them by the column, the search box finds them by their id, and each is found by
it; of one algorithm there may be hundreds, which a report read whole would carry along.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pluriscope.analysis.alignments.on_directions import DirectionAlignment, parse_directions
from pluriscope.analysis.directions.report import KeptDirections
from pluriscope.app.db.rows import insert_rows
from pluriscope.app.db.table_base import Base
from pluriscope.app.db.tables import AnalysisReportRow, DirectionRow, DirectionTextRow

KIND = "directions"
"""Of the report."""


def save_directions(session: Session, report: AnalysisReportRow, kept: Sequence[KeptDirections]) -> None:
    """Store the alignments of a report in place of earlier ones; what their ids stand for stays for good.

    Args:
        session: of the writer.
        report: of the search.
        kept: each once, in the order found.
    """
    session.execute(delete(DirectionRow).where(DirectionRow.analysis == report.analysis_id))
    rows = [_values(report.analysis_id, position, one) for position, one in enumerate(kept)]
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


def alignment_of(row: DirectionRow) -> DirectionAlignment:
    """The alignment of a row."""
    return parse_directions(row.algorithm_text, row.text)


def find_direction_row(session: Session, analysis_id: int, algorithm_id: str, alignment_id: str) -> DirectionRow | None:
    """The row that keeps one alignment; None if there is none."""
    here = DirectionRow.analysis == analysis_id, DirectionRow.algorithm_id == algorithm_id
    return session.scalar(select(DirectionRow).where(*here, DirectionRow.alignment_id == alignment_id))


def direction_text(session: Session, algorithm_id: str, alignment_id: str) -> str:
    """The text of an alignment that some search kept under that id, now or before; "" if none ever did."""
    row = session.get(DirectionTextRow, (algorithm_id, alignment_id))
    return "" if row is None else row.text
