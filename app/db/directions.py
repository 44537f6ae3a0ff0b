"""Kept alignments on linear directions: rows beside the report of their search.

They are explanations, so the list reads them by the column, the search box finds them by their id, and each is found by
it; of one algorithm there may be hundreds, which a report read whole would carry along.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from pluriscope.analysis.placements.directions import DirectionPlacement, parse_directions
from pluriscope.app.db.tables import DirectionRow, DirectionTextRow

KIND = "directions"
"""Of the report."""


def placement_of(row: DirectionRow) -> DirectionPlacement:
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
