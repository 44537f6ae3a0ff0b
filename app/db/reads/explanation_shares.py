"""Coverage and accuracy of every kept alignment on the common ground, in the order of a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.db.cloud_storage import SHARES as SHARES
from app.db.cloud_storage import made_shares, stored_shares
from app.db.reads.common_ground import common_ground_of
from app.db.reads.explanation_shelves import MAX_KEPT, Kept, RowShelf
from app.db.tables import AnalysisRow

_KEPT: Final = Kept[Mapping[str, NDArray[Any]]](MAX_KEPT)


def shares_of(session: Session, analysis: AnalysisRow, shelf: RowShelf) -> Mapping[str, NDArray[Any]] | None:
    """The columns "coverage" and "accuracy" of a shelf of alignments.

    Returns:
        None if the common ground has not been surveyed.
    """
    row = common_ground_of(session, analysis)
    if row is None:
        return None
    key = (str(session.get_bind().engine.url), analysis.id, row.content, analysis.result_digest)
    kept = _KEPT.get(key)
    if kept is not None:
        return kept
    shares = stored_shares(session, row, shelf.n) or made_shares(
        session, row, shelf.columns["algorithm"], shelf.columns["member"]
    )
    _KEPT.put(key, shares, sum(column.nbytes for column in shares.values()))
    return shares
