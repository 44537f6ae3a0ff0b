"""Saving what was found on linear directions, in one transaction: it is some hundred rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.db.direction_codecs import PreparedDirections
from app.db.direction_tables import DirectionAlgorithmRow, DirectionAlignmentRow, DirectionSearchRow, DirectionTextRow
from app.db.tables import AnalysisRow


def save_directions(
    session: Session, analysis: AnalysisRow, prepared: Sequence[PreparedDirections]
) -> list[DirectionSearchRow]:
    """Store searches of some classes in place of earlier ones; the same again changes nothing, timings included.

    A search that looked at less never replaces one of the same engine that looked at more: at every algorithm instead
    of the irredundant ones, or from more seeds.
    """
    return [_save(session, analysis, one, datetime.now(UTC)) for one in prepared]


def _save(session: Session, analysis: AnalysisRow, one: PreparedDirections, now: datetime) -> DirectionSearchRow:
    content = one.content
    old = session.scalar(
        select(DirectionSearchRow).where(
            DirectionSearchRow.analysis_id == analysis.id,
            DirectionSearchRow.direction_class == one.columns["direction_class"],
        )
    )
    if old is not None:
        if old.content == content or _looked_further(old, one.columns):
            return old
        session.execute(delete(DirectionSearchRow).where(DirectionSearchRow.id == old.id))
        session.expunge(old)
    row = DirectionSearchRow(**one.columns, analysis_id=analysis.id, content=content, created_at=now)
    session.add(row)
    session.flush()
    if not one.algorithms:
        return row
    session.connection().execute(
        insert(DirectionAlgorithmRow), [{**columns, "search_id": row.id} for columns, _ in one.algorithms]
    )
    numbered = select(DirectionAlgorithmRow.algorithm_id, DirectionAlgorithmRow.id)
    of_search = session.execute(numbered.where(DirectionAlgorithmRow.search_id == row.id))
    numbers = dict(of_search.all())
    alignments = [
        {**alignment, "search_id": row.id, "algorithm_row_id": numbers[columns["algorithm_id"]]}
        for columns, found in one.algorithms
        for alignment in found
    ]
    if alignments:
        session.connection().execute(insert(DirectionAlignmentRow), alignments)
        _keep_texts(session, one)
    return row


def _keep_texts(session: Session, one: PreparedDirections) -> None:
    """Remember what the ids stand for, whatever becomes of this search."""
    texts = [
        {
            "algorithm_id": columns["algorithm_id"],
            "alignment_id": alignment["alignment_id"],
            "text": alignment["text"],
        }
        for columns, found in one.algorithms
        for alignment in found
    ]
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.connection().execute(dialect.insert(DirectionTextRow).on_conflict_do_nothing(), texts)


def _looked_further(old: DirectionSearchRow, columns: Any) -> bool:
    if old.engine_version != columns["engine_version"] or old.refused:
        return False
    if old.irredundant_only != columns["irredundant_only"]:
        return bool(columns["irredundant_only"])
    if columns["refused"]:
        return True

    def reach(settings: Any) -> tuple[float, float, float]:
        return settings.get("seeds") or 0, settings.get("steps") or 0, settings.get("max_dimension") or float("inf")

    before, after = reach(old.settings), reach(columns["settings"])
    return before != after and all(b >= a for b, a in zip(before, after, strict=True))
