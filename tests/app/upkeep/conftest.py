"""Stores with something of everything in them, on either database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import LargeBinary, insert, select

from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.app.db.backup import tables_in
from pluriscope.app.db.engine import SCHEMA
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.definitions import analyse_arguments
from tests.factories import stored_analysis


@pytest.fixture
def filled(store):
    """An analysis, jobs in several states, names and texts that are hard to keep."""
    row = stored_analysis(store)
    with store.write() as session:
        network = session.get(NetworkRow, row.network_id)
        network.name, network.attribution = "Ünïcode, “quotes”, a\ttab, 🔬 and a 'quote'", "line\nbreaks\r\n"
        network.training = {"z": 1, "a": [1e-300, 0.1, -0.0, None, True], "ключ": "значение"}
        network.negative_slope = 5e-324
        job = queue.enqueue(session, "analyse", analyse_arguments(network.digest, 0, COMPLETE), "a job")
        job.result = {}
        queue.add_log(session, job.id, "one line", now=datetime(2026, 3, 1, 23, 59, 59, 999_999, tzinfo=UTC))
    fill_the_rest(store)
    return store


def fill_the_rest(store) -> None:
    """Add a row to every table that has none yet, whatever tables there are: copying must not know them by name."""
    with store.write() as session:
        for table in SCHEMA.sorted_tables:
            if session.execute(table.select().limit(1)).first() is None:
                session.execute(insert(table), {column.name: _value(session, column) for column in table.columns})


def _value(session, column):
    for key in column.foreign_keys:
        return session.scalar(key.column.table.select().with_only_columns(key.column).limit(1))
    kind = column.type
    if isinstance(kind, LargeBinary):
        return bytes(range(256))
    return {
        "SortableInteger": 10**300 + 7,
        "UtcDateTime": datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
        "JSON": {"b": [1, 2.5, None], "a": "é"},
        "Boolean": True,
        "Integer": 2**53 + 1,
        "BigInteger": 2**62,
        "Float": 1 / 3,
        "Double": 1 / 3,
    }.get(type(kind).__name__, "text")


def everything(store) -> dict[str, list[str]]:
    """Every row of every table, whatever database they are in."""
    with store.reader.connect() as connection:
        return {
            table.name: sorted(repr([_plain(value) for value in row]) for row in connection.execute(select(table)))
            for table in tables_in(connection)
        }


def _plain(value):
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return bytes(value) if isinstance(value, memoryview) else value
