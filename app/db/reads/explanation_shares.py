"""Coverage and accuracy of every kept alignment on the common ground, in the order of a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.common_ground_columns import INTERPRETATION, unpacked
from app.db.reads.common_ground import common_ground_of
from app.db.reads.explanation_shelves import MAX_KEPT, Kept, RowShelf
from app.db.tables import AnalysisRow, CommonGroundBlockRow

SHARES: Final = ("coverage", "accuracy")
_KEPT: Final = Kept[Mapping[str, NDArray[Any]]](MAX_KEPT)


def shares_of(session: Session, analysis: AnalysisRow, shelf: RowShelf) -> Mapping[str, NDArray[Any]] | None:
    """The columns "coverage" and "accuracy" of a shelf of alignments.

    An alignment that predicts nothing covers nothing, and has no accuracy (NaN).

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
    points = {name: _column(session, analysis.id, name) for name in ("kind", "owner", "member", "predicted", "right")}
    of_alignments = points["kind"] != INTERPRETATION
    owner, member, predicted, right = (points[name][of_alignments] for name in list(points)[1:])
    silent = 0.0 if row.alignments_kept == row.n_alignments else np.nan  # where some were left out, it is not known
    coverage, accuracy = np.full(shelf.n, silent), np.full(shelf.n, np.nan)
    places, points_of = _joined((shelf.columns["algorithm"], shelf.columns["member"]), (owner, member))
    coverage[places] = predicted[points_of] / row.n_interventions
    speak = predicted[points_of] > 0
    accuracy[places[speak]] = right[points_of][speak] / predicted[points_of][speak]
    shares = {"coverage": coverage, "accuracy": accuracy}
    _KEPT.put(key, shares, coverage.nbytes + accuracy.nbytes)
    return shares


def _joined(
    these: tuple[NDArray[Any], NDArray[Any]], those: tuple[NDArray[Any], NDArray[Any]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of equal pairs (algorithm, alignment) in two lists, neither of which has a pair twice."""
    n = len(these[0])
    algorithm = np.concatenate([np.asarray(one[0], dtype=np.int64) for one in (these, those)])
    member = np.concatenate([np.asarray(one[1], dtype=np.uint64) for one in (these, those)])
    order = np.lexsort((member, algorithm))  # stable: of a pair the place in these comes first
    same = (np.diff(algorithm[order]) == 0) & (member[order][1:] == member[order][:-1])
    first = np.flatnonzero(same)
    return order[first], order[first + 1] - n


def _column(session: Session, analysis_id: int, name: str) -> NDArray[Any]:
    query = select(CommonGroundBlockRow.data).where(
        CommonGroundBlockRow.analysis_id == analysis_id, CommonGroundBlockRow.name == name
    )
    parts = [unpacked(name, data) for data in session.scalars(query.order_by(CommonGroundBlockRow.block))]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
