"""A trace says whether what was read is as it was, and owns up where it cannot tell."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text, update
from starlette.concurrency import run_in_threadpool

from app.db import traces
from app.db.job_tables import WorkerRow
from app.db.tables import DataRow, ProtocolRow
from app.db.traces import LASTING, is_unchanged, recording, time_was_told
from tests.app.cache.conftest import add_data, add_protocol

DAY = datetime(2026, 1, 2, tzinfo=UTC)


def read(store, *queries):
    with store.read() as session:
        return [session.execute(query).all() for query in queries]


def test_what_was_read_is_known_again(store, elsewhere):
    with recording() as trace:
        read(store, select(ProtocolRow.name), select(func.count()).select_from(DataRow))
    assert trace.whole
    assert len(trace.asked) == 2
    assert is_unchanged(store.reader, trace)
    add_protocol(elsewhere, "p")
    assert not is_unchanged(store.reader, trace)


@pytest.mark.parametrize("taken", ["all", "first", "one", "some", "none", "left open"])
def test_rows_are_seen_on_their_way_however_many_are_taken(store, elsewhere, monkeypatch, taken):
    """A change of the last row shows, and nothing is asked a second time but a statement whose cursor is left open."""
    for number in range(30):
        add_protocol(store, f"{number:02}")
    again = []
    seen_again = traces._seen_again
    monkeypatch.setattr(traces, "_seen_again", lambda *asked: again.append(asked) or seen_again(*asked))
    with recording() as trace, store.read() as session:
        query = select(ProtocolRow.name, ProtocolRow.digest).order_by(ProtocolRow.digest)
        result = session.connection().execute(query)  # the session's own way takes all rows at once
        {
            "all": result.all,
            "first": result.first,
            "one": result.scalar,
            "some": lambda: (result.fetchmany(7), result.fetchone(), result.close()),
            "none": result.close,
            "left open": lambda: result.fetchmany(7),
        }[taken]()
    assert trace.whole
    assert len(again) == (taken == "left open")
    result.close()
    assert is_unchanged(store.reader, trace)
    with elsewhere.write() as session:
        session.execute(update(ProtocolRow).where(ProtocolRow.digest == "29").values(name="other"))
    assert not is_unchanged(store.reader, trace)


def test_other_changes_do_not_matter(store, elsewhere):
    add_protocol(store, "p")
    with recording() as trace:
        read(store, select(ProtocolRow.name).where(ProtocolRow.digest == "p"))
    add_data(elsewhere, "d")
    add_protocol(elsewhere, "q")
    assert is_unchanged(store.reader, trace)


@pytest.mark.parametrize("one", [(-1, -2), (1, 10)])
def test_small_differences_show(store, one):
    """Numbers whose hashes are equal in Python, as those of -1 and -2 are, included."""
    before, after = one

    def put(number):
        with store.write() as session:
            session.execute(text("DELETE FROM data_records"))
            session.add(DataRow(digest="d", description=str(number), record=b"{}"))

    put(before)
    number = text("SELECT CAST(description AS INTEGER), record FROM data_records")
    with recording() as trace:
        read(store, number)
    assert is_unchanged(store.reader, trace)
    put(after)
    assert not is_unchanged(store.reader, trace)


def test_times_are_known_again(store):
    """Drivers have types of their own for them."""
    with store.write() as session:
        session.add(WorkerRow(name="w", host="h", pid=1, slots=1, cluster="", version="0", started_at=DAY, seen_at=DAY))
    with recording() as trace:
        read(store, select(WorkerRow))
    assert is_unchanged(store.reader, trace)
    with store.write() as session:
        session.execute(update(WorkerRow).values(seen_at=DAY + timedelta(microseconds=1)))
    assert not is_unchanged(store.reader, trace)


def test_what_is_read_after_a_change_within_one_answer_spoils_it(store, elsewhere):
    with recording() as trace:
        read(store, select(ProtocolRow.name))
        add_protocol(elsewhere, "p")
        read(store, select(ProtocolRow.name))
    assert not trace.whole


def test_what_was_changed_on_the_way_spoils_it(store):
    with recording() as trace:
        add_protocol(store, "p")
    assert not trace.whole


def test_a_session_that_failed_spoils_it(store):
    def fail():
        with store.read() as session:
            session.execute(select(ProtocolRow.name)).all()
            raise ZeroDivisionError

    with recording() as trace, pytest.raises(ZeroDivisionError):
        fail()
    assert not trace.whole


def test_what_is_read_past_a_session_spoils_it(store):
    with recording() as trace, store.reader.connect() as connection:
        connection.execute(select(ProtocolRow.name)).all()
    assert not trace.whole


def test_so_much_that_it_cannot_be_asked_for_again_spoils_it(store, monkeypatch):
    monkeypatch.setattr(traces, "MAX_BYTES", 1_000)
    with store.write() as session:
        session.add(DataRow(digest="d", record=b"x" * 1_500))
    with recording() as trace:
        read(store, select(DataRow.record))
    assert not trace.whole


def test_what_lasts_as_long_as_another_row_is_not_asked_again(store, monkeypatch):
    monkeypatch.setattr(traces, "MAX_BYTES", 1_000)
    with store.write() as session:
        session.add(DataRow(digest="d", record=b"x" * 1_500))
    with recording() as trace:
        read(store, select(DataRow.digest), select(DataRow.record).execution_options(**LASTING))
    assert (len(trace.asked), trace.whole) == (1, True)
    with store.write() as session:
        session.execute(text("DELETE FROM data_records"))
    assert not is_unchanged(store.reader, trace)


def test_threads_of_the_request_are_noted_and_what_is_made_later_is_not(store):
    async def run():
        with recording() as trace:
            await run_in_threadpool(read, store, select(ProtocolRow.name))
            time_was_told()
        return trace

    trace = asyncio.run(run())
    read(store, select(DataRow.digest))
    assert (len(trace.asked), trace.told_time, trace.whole) == (1, True, True)


def test_nothing_is_noted_where_nobody_asked(store):
    read(store, select(ProtocolRow.name))
    time_was_told()
    with recording() as trace:
        pass
    assert (len(trace.asked), trace.told_time, trace.whole) == (0, False, True)
