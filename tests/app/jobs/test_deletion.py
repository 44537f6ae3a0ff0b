"""Deleting for good: in small transactions, and nobody ever sees part of an analysis."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, func, select

from app.db import staging
from app.db.codecs import protocol_of
from app.db.job_tables import JobRow
from app.db.reads.analyses import analysis_by_key
from app.db.schema import SCHEMA
from app.db.tables import AnalysisRow, NetworkRow
from app.jobs import queue
from app.jobs.definitions import analyse_arguments
from app.jobs.deletion import delete_softly, purge_deleted
from tests.factories import stored_analysis

LATER = datetime.now(UTC) + timedelta(days=8)


def rows(session) -> int:
    """Rows of everything that belongs to networks."""
    tables = [t for t in SCHEMA.sorted_tables if t.name not in ("protocols", "data_records")]
    return sum(session.scalar(select(func.count()).select_from(table)) for table in tables)


@pytest.mark.slow
def test_a_network_is_purged_in_small_transactions_and_never_seen_in_part(store, monkeypatch):
    monkeypatch.setattr(staging, "ROWS_AT_ONCE", 5)
    monkeypatch.setattr(staging, "BYTES_AT_ONCE", 2_000)
    stored_analysis(store)
    with store.write() as session:
        analysis = session.scalars(select(AnalysisRow)).one()
        protocol, analysis.network.origin = analysis.protocol, "imported"
        queue.enqueue(session, "analyse", analyse_arguments(analysis.network.digest, 0, protocol_of(protocol)))
        key = (analysis.network_id, analysis.output, protocol.digest, analysis.data_digest)
        delete_softly(session, analysis.network)
        whole = rows(session)
    seen: list[tuple[bool, int]] = []

    @event.listens_for(store.writer, "commit")
    def look(connection) -> None:
        with store.read() as session:  # what was committed before this one
            seen.append((analysis_by_key(session, *key) is not None, rows(session)))

    assert purge_deleted(store, 7.0, now=LATER) == 1
    event.remove(store.writer, "commit", look)
    with store.read() as session:
        assert rows(session) == 0
        assert session.scalars(select(JobRow)).all() == session.scalars(select(NetworkRow)).all() == []
    assert len(seen) > 5, "that was not in pieces"
    assert seen[0] == (True, whole)
    assert not any(is_seen for is_seen, _ in seen[1:])
    counts = [n for _, n in seen]
    assert counts == sorted(counts, reverse=True)
