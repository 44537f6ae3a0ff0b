"""The version of the store: another one after every commit, the same without."""

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from typing import Final

import pytest
from sqlalchemy import select

from app.db.engine import store_at
from app.db.store_version import StoreVersion
from app.db.tables import ProtocolRow
from tests.app.cache.conftest import add_data
from tests.checkout import ROOT
from tests.conftest import SQLITES_OWN


@pytest.fixture
def version(store):
    made = StoreVersion(store)
    yield made
    made.close()


def test_it_stays_while_nothing_is_committed(store, version):
    before = version.now()
    assert before is not None
    with store.read() as session:
        session.execute(select(ProtocolRow)).all()
    assert version.now() == before


def test_it_changes_with_every_commit_of_this_process(store, version):
    seen = {version.now()}
    for number in range(10):
        add_data(store, f"d{number}")
        seen.add(version.now())
    assert len(seen) == 11


ADD: Final = """
import sys
from sqlalchemy import text
from app.db.engine import store_at

store = store_at(sys.argv[1])
with store.write() as session:
    session.execute(text("INSERT INTO protocols VALUES ('p', 'n', '{}')"))
store.close()
"""


@pytest.mark.slow
def test_it_changes_with_a_commit_of_another_process(store, version):
    before = version.now()
    subprocess.run([sys.executable, "-c", ADD, store.url], check=True, cwd=ROOT)
    assert version.now() != before


def test_what_is_not_committed_cannot_be_seen_and_what_is_can(store, version, elsewhere):
    """Equal versions before and after a reading mean that nothing came between."""
    with elsewhere.write() as session:
        session.add(ProtocolRow(digest="p", name="p", settings={}))
        session.flush()
        open_ = version.now()
        with store.read() as reading:
            assert reading.scalars(select(ProtocolRow.name)).all() == []
        between = version.now()
        if store.reader.dialect.name == "sqlite":  # on PostgreSQL others of the same server change it too
            assert between == open_
    assert version.now() not in (open_, between)


def test_connections_do_not_mistake_each_others_versions(store):
    one, other = StoreVersion(store), StoreVersion(store)
    assert one.now() != other.now()
    before = one.now()
    one.close()
    assert one.now() != before
    one.close()
    other.close()


@SQLITES_OWN
def test_a_database_that_one_connection_has_for_itself_tells_none(store):
    memory = store_at("sqlite://")
    assert StoreVersion(memory).now() is None
    memory.close()


@SQLITES_OWN
def test_a_database_that_is_locked_whole_tells_none_at_once(store, tmp_path):
    """As while it is being recovered: then answers are made, and say what the trouble is."""
    file = tmp_path / "locked.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as holder:
        holder.execute("CREATE TABLE t (a)")
        locked = store_at(f"sqlite:///{file}")
        holder.execute("BEGIN EXCLUSIVE")
        version = StoreVersion(locked)
        began = time.perf_counter()
        assert version.now() is None
        assert time.perf_counter() - began < 2
        holder.execute("ROLLBACK")
        assert version.now() is not None
        version.close()
        locked.close()
