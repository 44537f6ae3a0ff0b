"""How each circuit's story relates to the whole network's, kept as a column beside the report."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.db.frames import read_columns, write_columns
from app.db.shelf_tables import ShelfColumnRow
from app.db.tables import AnalysisReportRow, AnalysisRow
from app.recent import Recent

STORIES: Final = "stories"
_RELATION: Final = "relation"
_KEPT: Final = Recent[NDArray[np.uint8]](16_000_000, lambda column: column.nbytes)


def save_relations(session: Session, row: AnalysisReportRow, relations: NDArray[np.uint8]) -> None:
    """Store the relations of all listed circuits beside their report, in place of what an earlier job found.

    Args:
        session: of the writer.
        row: the report.
        relations: ``[listed]`` see :func:`analysis.stories.report.relation_column`.
    """
    write_columns(session, ShelfColumnRow, _owner(row.analysis_id), {_RELATION: relations.tobytes()})


def stored_relations(
    session: Session, analysis: AnalysisRow, row: AnalysisReportRow | None
) -> NDArray[np.uint8] | None:
    """The column of relations that was stored with a report; None without one, or where no circuit was asked."""
    if row is None or not row.found["algorithms"]:
        return None
    key = (str(session.get_bind().engine.url), analysis.id, row.content)
    return _KEPT.of(
        key, lambda: np.frombuffer(read_columns(session, ShelfColumnRow, _owner(analysis.id))[_RELATION], np.uint8)
    )


def _owner(analysis: int) -> dict[str, Any]:
    return {"analysis_id": analysis, "kind": STORIES}
