"""What is kept beside rows: there from the start, and filled in for stores of versions that did not keep it."""

import numpy as np
import pytest
from sqlalchemy import delete, func, select

from analysis.explanations.registry import BY_KEY
from app.db import circuit_columns
from app.db.circuit_columns import EDGE_BITS, MARGIN_CODES, MARGIN_RANGES
from app.db.cloud_storage import MARKS, SHARES, cloud_as_drawn, made_cloud, share_name, stored_shares
from app.db.reads.verdicts import outcomes_in
from app.db.shelf_tables import ShelfColumnRow
from app.db.shelves import stored_shelves
from app.db.stories import STORIES
from app.db.tables import (
    AlignmentRow,
    AnalysisRow,
    CircuitBlockRow,
    CommonGroundBlockRow,
    CommonGroundRow,
    VerdictBlockRow,
    VerdictRow,
)
from app.db.verdict_columns import PASSING
from app.jobs import backfill
from app.jobs.backfill import fill_in
from tests.schemas import kept, unpack

pytestmark = pytest.mark.slow
DERIVED = (MARKS, *map(share_name, SHARES))
OF_CIRCUITS = (EDGE_BITS, MARGIN_CODES, MARGIN_RANGES)
OF_ROWS = ShelfColumnRow.kind.not_in((*BY_KEY, STORIES))  # these are in columns alone: nothing could fill them in


def beside(session):
    """Everything that is kept beside rows."""
    shelves = select(ShelfColumnRow.analysis_id, ShelfColumnRow.kind, ShelfColumnRow.name, ShelfColumnRow.data).where(
        OF_ROWS
    )
    bits = select(VerdictBlockRow.verdict_id, VerdictBlockRow.data).where(VerdictBlockRow.name == PASSING)
    columns = select(CircuitBlockRow.analysis_id, CircuitBlockRow.name, CircuitBlockRow.block, CircuitBlockRow.data)
    of_circuits = [columns.where(CircuitBlockRow.name == name) for name in OF_CIRCUITS]
    clouds = select(CommonGroundBlockRow.analysis_id, CommonGroundBlockRow.name, CommonGroundBlockRow.data)
    queries = (shelves, bits, *of_circuits, clouds.where(CommonGroundBlockRow.name.in_(DERIVED)))
    return [sorted(map(tuple, session.execute(query))) for query in queries]


def a_store(tmp_path, revision):
    from app.db.engine import open_store
    from app.settings import Settings

    unpack(revision, tmp_path / "pluriscope.sqlite")
    store = open_store(Settings(data=tmp_path))
    store.migrate()
    return store


def test_what_was_not_kept_is_filled_in_as_it_would_have_been_saved(tmp_path, monkeypatch):
    store = a_store(tmp_path, kept()[-1])
    monkeypatch.setattr(backfill, "N_CODES", 16)  # so that these few circuits have codes
    monkeypatch.setattr(circuit_columns, "N_CODES", 16)
    fill_in(store)  # edges' bits, if the kept store is from before them, and codes
    with store.read() as session:
        saved = beside(session)
        assert all(saved)
        assert session.scalar(select(func.count()).select_from(CommonGroundRow))
    with store.write() as session:
        session.execute(delete(ShelfColumnRow).where(OF_ROWS))
        session.execute(delete(VerdictBlockRow).where(VerdictBlockRow.name == PASSING))
        session.execute(delete(CircuitBlockRow).where(CircuitBlockRow.name.in_(OF_CIRCUITS)))
        session.execute(delete(CommonGroundBlockRow).where(CommonGroundBlockRow.name.in_(DERIVED)))
    n = sum(len({row[0] for row in rows}) for rows in saved if {row[1] for row in rows} != {MARGIN_CODES})
    assert fill_in(store) == n
    with store.read() as session:
        assert beside(session) == saved
    store.close()


def test_a_store_of_an_earlier_version_is_filled_in_and_says_what_its_rows_say(tmp_path):
    store = a_store(tmp_path, "0011")
    assert fill_in(store) > 0
    assert fill_in(store) == 0
    with store.read() as session:
        for verdict in session.scalars(select(VerdictRow).where(VerdictRow.kind != "interpretation")):
            query = select(VerdictBlockRow.data).where(
                VerdictBlockRow.verdict_id == verdict.id, VerdictBlockRow.name == PASSING
            )
            bits = np.unpackbits(np.frombuffer(session.scalar(query), np.uint8), count=verdict.n, bitorder="little")
            assert bits.tolist() == (outcomes_in(session, verdict.id) == 0).tolist()
            assert bits.sum() == verdict.passed
        for row in session.scalars(select(CommonGroundRow)):
            assert cloud_as_drawn(session, row) == made_cloud(session, row)
            n = len(stored_shelves(session, row.analysis_id)[2]["row"])
            assert n == stored_shares(session, row, n)["coverage"].size > 0
        for analysis in session.scalars(select(AnalysisRow)):
            algorithms, numbers, alignments = stored_shelves(session, analysis.id)
            assert len(algorithms["id"]) <= analysis.algorithms_candidates
            rows = select(AlignmentRow.valid).where(AlignmentRow.analysis_id == analysis.id).order_by(AlignmentRow.id)
            assert alignments["valid"].tolist() == session.scalars(rows).all()
            assert [numbers[rank] for rank in algorithms["placements"]].count(0) == np.sum(~algorithms["valid"])
    store.close()
