"""Coverage and accuracy of every kept alignment on the common ground, in the order of a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from numpy.typing import NDArray
from sqlalchemy.orm import Session, defer

from app.db.cloud_storage import SHARES as SHARES
from app.db.cloud_storage import made_shares, stored_shares
from app.db.reads.explanation_shelves import RowShelf
from app.db.rows import MAX_KEPT
from app.db.tables import AnalysisRow, CommonGroundRow
from app.recent import Recent

_KEPT: Final = Recent[Mapping[str, NDArray[Any]]](MAX_KEPT, lambda shares: sum(one.nbytes for one in shares.values()))


def shares_of(session: Session, analysis: AnalysisRow, shelf: RowShelf) -> Mapping[str, NDArray[Any]] | None:
    """The columns "coverage" and "accuracy" of a shelf of alignments.

    Returns:
        None if the common ground has not been surveyed.
    """
    row = session.get(CommonGroundRow, analysis.id, options=[defer(CommonGroundRow.facts)])  # a cloud of thousands
    if row is None:
        return None
    key = (str(session.get_bind().engine.url), analysis.id, row.content, analysis.result_digest)
    owners, members = shelf.columns["algorithm"], shelf.columns["member"]
    return _KEPT.of(key, lambda: stored_shares(session, row, shelf.n) or made_shares(session, row, owners, members))
