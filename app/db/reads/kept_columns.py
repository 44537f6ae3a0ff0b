"""Whole columns of circuits, kept in the process for the analyses asked for last."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.db.circuit_columns import EDGE_BITS, RANKED
from app.db.reads.circuit_scan import steps, whole_column
from app.db.tables import AnalysisRow
from app.recent import Recent

MAX_KEPT: Final = 128_000_000  # bytes of arrays kept, of rows and of circuits each
_COLUMNS: Final = Recent[NDArray[Any]](MAX_KEPT, lambda column: column.nbytes)


def key_of(session: Session, analysis: AnalysisRow) -> tuple[Any, ...]:
    """What names a stored analysis for good, within this process."""
    return str(session.get_bind().engine.url), analysis.id, analysis.result_digest, analysis.created_at


def kept_column(session: Session, analysis: AnalysisRow, name: str) -> NDArray[Any]:
    """A whole column of circuits, in the order of masks; read once."""
    key = (*key_of(session, analysis), name)
    if name == EDGE_BITS:
        return _COLUMNS.of(key, lambda: np.hstack([part[name] for _, part in steps(session, analysis, (name,))]))
    kept = _COLUMNS.get(key)
    if kept is not None:
        return kept
    column = whole_column(session, analysis.id, name)
    if name in RANKED and len(column):
        column = column.astype(np.min_scalar_type(column.max()))  # mostly half the bytes
    return _COLUMNS.put(key, column) if len(column) else column  # it may be filled in later


def column_if_kept(session: Session, analysis: AnalysisRow, name: str) -> NDArray[Any] | None:
    """The same, if it has been read and is still there."""
    return _COLUMNS.get((*key_of(session, analysis), name))
