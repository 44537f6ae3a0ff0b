"""Deleting for good: a network in one transaction, with all that belongs to it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, inspect, select

from pluriscope.app.db.codecs import protocol_of
from pluriscope.app.db.engine import SCHEMA
from pluriscope.app.db.tables import AnalysisRow
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.definitions import analyse_arguments
from pluriscope.app.jobs.deletion import delete, purge_deleted
from tests.factories import stored_analysis

LATER = datetime.now(UTC) + timedelta(days=8)


def rows(session) -> int:
    """Rows of everything that belongs to networks."""
    there = {*inspect(session.connection()).get_table_names()} - {"protocols", "data_records"}
    tables = [table for table in SCHEMA.sorted_tables if table.name in there]  # another test may import a plugin's
    return sum(session.scalar(select(func.count()).select_from(table)) for table in tables)


def test_a_network_is_purged_with_all_that_belongs_to_it(store):
    stored_analysis(store)
    with store.write() as session:
        analysis = session.scalars(select(AnalysisRow)).one()
        analysis.network.origin = "imported"
        arguments = analyse_arguments(analysis.network.digest, 0, protocol_of(analysis.protocol))
        queue.enqueue(session, "analyse", arguments)
        delete(session, analysis.network)
        assert rows(session) > 200
    assert purge_deleted(store, 7.0, now=LATER) == 1
    with store.read() as session:
        assert rows(session) == 0
