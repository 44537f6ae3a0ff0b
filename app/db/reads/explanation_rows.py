"""The rows of the few explanations that a page shows."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.tables import AlgorithmRow, AlignmentRow

AT_ONCE = 500


def algorithm_rows(session: Session, ids: Sequence[int]) -> dict[int, AlgorithmRow]:
    """Algorithms by row number."""
    found: dict[int, AlgorithmRow] = {}
    for start in range(0, len(ids), AT_ONCE):
        query = select(AlgorithmRow).where(AlgorithmRow.id.in_(ids[start : start + AT_ONCE]))
        found |= {row.id: row for row in session.scalars(query)}
    return found


def alignment_rows(session: Session, ids: Sequence[int]) -> dict[int, tuple[AlignmentRow, AlgorithmRow]]:
    """Alignments by row number, each with its algorithm."""
    found: dict[int, tuple[AlignmentRow, AlgorithmRow]] = {}
    for start in range(0, len(ids), AT_ONCE):
        query = (
            select(AlignmentRow, AlgorithmRow)
            .join(AlgorithmRow, AlignmentRow.algorithm_row_id == AlgorithmRow.id)
            .where(AlignmentRow.id.in_(ids[start : start + AT_ONCE]))
        )
        found |= {row.id: (row, owner) for row, owner in session.execute(query)}
    return found
