"""What follows from stored rows and is kept beside them, made for what earlier versions saved without it.

Whoever saves an analysis, verdicts or a survey keeps it at once; so only a store that was migrated has anything to fill
in. Pages work without it, but the first of them after a start takes longer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from numpy.typing import NDArray
from sqlalchemy import exists, insert, select
from sqlalchemy.orm import Session

from app.db.circuit_columns import (
    BLOCK,
    COLUMNS,
    EDGE_BITS,
    MARGIN_CODES,
    MARGIN_RANGES,
    N_CODES,
    edge_bits,
    margin_codes,
)
from app.db.cloud_storage import MARKS, save_cloud
from app.db.engine import Store
from app.db.reads.circuit_scan import columns_of, whole_column
from app.db.reads.verdicts import outcomes_in
from app.db.shelf_tables import ShelfColumnRow
from app.db.shelves import COLUMNS as OF_ROWS
from app.db.shelves import save_shelves
from app.db.studies import sum_up
from app.db.study_summaries import SUMMARY_VERSION
from app.db.study_tables import StudyRow, StudySummaryRow
from app.db.tables import (
    AnalysisRow,
    CircuitBlockRow,
    CommonGroundBlockRow,
    CommonGroundRow,
    VerdictBlockRow,
    VerdictRow,
)
from app.db.verdict_columns import PASSING, passing_of


def fill_in(store: Store) -> int:
    """Fill in everything that is missing, one thing in a transaction; returns how many there were."""
    n = 0
    while fill_one(store):
        n += 1
    return n


def fill_one(store: Store) -> bool:
    """Fill in one thing; returns whether there was one. Looks before it locks."""
    for missing, fill in _PARTS:
        with store.read() as session:
            if missing(session) is None:
                continue
        with store.write() as session:
            found = missing(session)  # another worker may have been here meanwhile
            if found is not None:
                fill(session, found)
        return True
    return False


def _without_shelves(session: Session) -> int | None:
    kept = exists().where(ShelfColumnRow.analysis_id == AnalysisRow.id, ShelfColumnRow.kind.in_(OF_ROWS))
    return session.scalar(select(AnalysisRow.id).where(AnalysisRow.staged == "", ~kept).limit(1))


def _shelve(session: Session, analysis_id: int) -> None:
    save_shelves(session, session.get_one(AnalysisRow, analysis_id))


def _without_column(name: str, session: Session, more_than: int = 0) -> int | None:
    """An analysis of more circuits than so many that has no such column."""
    masks, column = (
        exists().where(
            CircuitBlockRow.analysis_id == AnalysisRow.id, CircuitBlockRow.name == stored, CircuitBlockRow.block == 0
        )
        for stored in ("mask", name)
    )
    many = AnalysisRow.circuits_listed > more_than
    return session.scalar(select(AnalysisRow.id).where(AnalysisRow.staged == "", many, masks, ~column).limit(1))


def _mark_edges(session: Session, analysis_id: int) -> None:
    analysis = session.get_one(AnalysisRow, analysis_id)
    layout = analysis.network.layout
    for block in range(-(-analysis.circuits_listed // BLOCK)):
        masks = columns_of(session, analysis_id, ("mask",), range(block, block + 1))["mask"]
        _keep(session, analysis_id, EDGE_BITS, block, edge_bits(masks, layout))


def _without_codes(session: Session) -> int | None:
    return _without_column(MARGIN_RANGES, session, N_CODES)


def _code_margins(session: Session, analysis_id: int) -> None:
    codes, ranges = margin_codes(whole_column(session, analysis_id, "margin"))
    for block, start in enumerate(range(0, len(codes), BLOCK)):
        _keep(session, analysis_id, MARGIN_CODES, block, codes[start : start + BLOCK])
    _keep(session, analysis_id, MARGIN_RANGES, 0, ranges)


def _keep(session: Session, analysis_id: int, name: str, block: int, values: NDArray[Any]) -> None:
    data = values.astype(COLUMNS[name], copy=False).tobytes()
    row = {"analysis_id": analysis_id, "name": name, "block": block, "data": data}
    session.execute(insert(CircuitBlockRow), row)


def _without_bits(session: Session) -> int | None:
    kept = exists().where(VerdictBlockRow.verdict_id == VerdictRow.id, VerdictBlockRow.name == PASSING)
    wanted = select(VerdictRow.id).where(VerdictRow.staged == "", VerdictRow.kind != "interpretation", ~kept)
    return session.scalar(wanted.limit(1))


def _pack(session: Session, verdict: int) -> None:
    bits = passing_of(outcomes_in(session, verdict)).tobytes()
    session.add(VerdictBlockRow(verdict_id=verdict, name=PASSING, block=0, data=bits))


def _without_marks(session: Session) -> int | None:
    kept = exists().where(
        CommonGroundBlockRow.analysis_id == CommonGroundRow.analysis_id, CommonGroundBlockRow.name == MARKS
    )
    return session.scalar(select(CommonGroundRow.analysis_id).where(~kept).limit(1))


def _draw(session: Session, analysis_id: int) -> None:
    save_cloud(session, session.get_one(CommonGroundRow, analysis_id))


def _without_summary(session: Session) -> int | None:
    kept = exists().where(StudySummaryRow.study_id == StudyRow.id, StudySummaryRow.version == SUMMARY_VERSION)
    return session.scalar(select(StudyRow.id).where(StudyRow.n_finished > 0, ~kept).limit(1))


def _sum_up(session: Session, study_id: int) -> None:
    sum_up(session, session.get_one(StudyRow, study_id))


_PARTS: Final[tuple[tuple[Callable[[Session], int | None], Callable[[Session, int], None]], ...]] = (
    (_without_shelves, _shelve),
    (partial(_without_column, EDGE_BITS), _mark_edges),
    (_without_codes, _code_margins),
    (_without_bits, _pack),
    (_without_marks, _draw),
    (_without_summary, _sum_up),
)
