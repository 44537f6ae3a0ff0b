"""How each circuit's story relates to the whole network's, kept as a column beside the report."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.stories.relation import RELATIONS
from analysis.stories.report import NOT_ASKED
from app.db.tables import AnalysisReportRow, AnalysisRow
from app.recent import Recent

STORIES: Final = "stories"
_LETTERS: Final = b"snwo-v?"
"""Of each relation, in the order of :data:`RELATIONS`, and of a circuit that was not drawn."""
_CODES: Final = bytes([*range(len(RELATIONS)), NOT_ASKED])
_AS_LETTERS: Final = bytes.maketrans(_CODES, _LETTERS)
_AS_CODES: Final = bytes.maketrans(_LETTERS, _CODES)
_KEPT: Final = Recent[NDArray[np.uint8]](16_000_000, lambda column: column.nbytes)


def save_relations(session: Session, row: AnalysisReportRow, relations: NDArray[np.uint8]) -> None:
    """Store the relations of all listed circuits beside their report, in place of what an earlier job found.

    Args:
        session: of the writer.
        row: the report.
        relations: ``[listed]`` see :func:`analysis.stories.report.relation_column`.
    """
    row.by_circuit = relations.tobytes().translate(_AS_LETTERS).decode()
    session.flush()


def stored_relations(
    session: Session, analysis: AnalysisRow, row: AnalysisReportRow | None
) -> NDArray[np.uint8] | None:
    """The column of relations that was stored with a report; None without one, or where no circuit was asked."""
    if row is None or not row.found["algorithms"]:
        return None
    key = (str(session.get_bind().engine.url), analysis.id, row.content)
    return _KEPT.of(key, lambda: np.frombuffer(row.by_circuit.encode().translate(_AS_CODES), np.uint8))
