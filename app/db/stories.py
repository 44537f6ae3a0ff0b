"""How each circuit's story relates to the whole network's, kept as a column beside the report."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.stories.report import CODES, LETTERS
from app.db.tables import AnalysisReportRow, AnalysisRow
from app.recent import Recent

STORIES: Final = "stories"
_AS_CODES: Final = bytes.maketrans(LETTERS, CODES)
_KEPT: Final = Recent[NDArray[np.uint8]](16_000_000, lambda column: column.nbytes)


def stored_relations(
    session: Session, analysis: AnalysisRow, row: AnalysisReportRow | None
) -> NDArray[np.uint8] | None:
    """The column of relations that was stored with a report; None without one, or where no circuit was asked."""
    if row is None or not row.found["algorithms"]:
        return None
    key = (str(session.get_bind().engine.url), analysis.id, row.content)
    return _KEPT.of(key, lambda: np.frombuffer(row.beside.encode().translate(_AS_CODES), np.uint8))
