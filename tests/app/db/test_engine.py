"""The store's two engines, its migrations, and what it says when it cannot work."""

import os

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from conftest import SQLITES_OWN
from pluriscope.app.db import sqlite
from pluriscope.app.db.backup import back_up, restore, verify
from pluriscope.app.db.engine import SCHEMA, newest_revision, open_store, store_at
from pluriscope.app.db.errors import StoreUnavailable
from pluriscope.app.db.writes import save_network
from pluriscope.app.settings import Settings, sqlite_url
from tests.app.db.at_once import count_up, migrate, run_together
from tests.factories import empty_database, small_network


@SQLITES_OWN
def test_the_writer_uses_a_write_ahead_log_and_foreign_keys(store):
    with store.write() as session:
        values = [session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")]
    assert values == ["wal", 1, 1]


def test_the_reader_cannot_write(store):
    with store.read() as session, pytest.raises(OperationalError, match=r"readonly|read-only"):
        session.execute(text("DELETE FROM jobs"))


def test_a_reader_keeps_its_snapshot(store):
    count = text("SELECT count(*) FROM protocols")
    with store.read() as session:
        assert session.scalar(count) == 0
        with store.write() as writer:
            writer.execute(text("INSERT INTO protocols (digest, name, settings) VALUES ('d', 'n', '{}')"))
        assert session.scalar(count) == 0
    with store.read() as session:
        assert session.scalar(count) == 1


@pytest.mark.slow
def test_head_equals_the_tables(store):
    with store.writer.connect() as connection:
        opts = {"compare_type": True, "include_name": lambda name, *_: not str(name).startswith("alembic_version")}
        context = MigrationContext.configure(connection, opts=opts)
        differences = compare_metadata(context, SCHEMA)
    if store.writer.dialect.name == "postgresql":  # it cuts names at 63 characters; nothing else may differ
        added, removed = (
            {d[1].name[:63] for d in differences if d[0] == f"{what}_constraint"} for what in ("add", "remove")
        )
        assert added == removed
        differences = [d for d in differences if not d[0].endswith("_constraint")]
    assert differences == []


@pytest.mark.slow
def test_columns_on_postgresql_are_as_wide_as_sqlites_and_sort_alike(postgresql):
    """The server of the tests sorts linguistically and keeps another time zone, as a user's may."""
    store = store_at(postgresql.database(empty=True))
    store.migrate()
    narrow = (
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND table_name <> 'alembic_version' AND (data_type IN ('integer', 'smallint') "
        "OR data_type IN ('character varying', 'text') AND collation_name IS DISTINCT FROM 'C')"
    )
    with store.read() as session:
        assert session.execute(text(narrow)).all() == []
        assert session.scalar(text("SELECT 'B' < 'a'")) is False  # so the collation of columns is what counts
        assert session.scalar(text("SHOW timezone")) == "UTC"
    store.close()


def test_a_database_of_a_newer_version_is_refused(store):
    with store.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreUnavailable, match="Update the program"):
        store.migrate()


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "pluriscope.sqlite").write_text("certainly not a database, however long one looks at it" * 10)
    store = open_store(Settings(data=tmp_path))
    with pytest.raises(StoreUnavailable, match="not a database"):
        store.migrate()
    store.close()


def test_the_data_folder_is_made_or_refused(tmp_path):
    open_store(Settings(data=tmp_path / "new" / "folder")).close()
    assert (tmp_path / "new" / "folder").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="PLURISCOPE_DATA"):
        open_store(Settings(data=tmp_path / "file" / "data"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_data_folder_that_is_not_writable_is_refused(tmp_path):
    (tmp_path / "pluriscope.sqlite").touch(0o400)
    for mode in (0o700, 0o500):
        tmp_path.chmod(mode)
        with pytest.raises(StoreUnavailable, match="not writable"):
            open_store(Settings(data=tmp_path))


@pytest.mark.parametrize("url", ["nonsense", "nosuchdatabase://x/y"])
def test_a_url_that_is_none_is_refused(url):
    with pytest.raises(StoreUnavailable, match="PLURISCOPE_DATABASE_URL"):
        store_at(url)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_several_processes_may_migrate_at_once(request, tmp_path, kind):
    if kind == "sqlite":
        url = f"sqlite:///{tmp_path / 'x.sqlite'}"
    else:
        url = request.getfixturevalue("postgresql").database(empty=True)
    assert run_together(migrate, url) == [0, 0]
    store = store_at(url)
    with store.read() as session:
        assert session.scalars(text("SELECT version_num FROM alembic_version")).all() == [newest_revision()]
    store.close()


@pytest.mark.slow
def test_no_update_is_lost_between_processes(store):
    with store.write() as session:
        session.execute(text("INSERT INTO protocols (digest, name, settings) VALUES ('counter', '0', '{}')"))
    assert run_together(count_up, store.url, 60) == [0, 0]
    with store.read() as session:
        assert session.scalar(text("SELECT name FROM protocols")) == "120"


@SQLITES_OWN
def test_the_log_is_taken_in_and_begun_anew_where_nobody_reads_from_it(store):
    log = sqlite.file_of(store.writer.url).with_suffix(".sqlite-wal")
    with store.read() as reading:
        reading.execute(text("SELECT count(*) FROM networks")).all()
        with store.write() as session:
            session.execute(text("CREATE TABLE extra (x)"))
        sqlite.shorten_log(store.writer, beyond=0)
        assert log.stat().st_size > 0  # a reader still needs it
    sqlite.shorten_log(store.writer, beyond=1 << 40)
    assert log.stat().st_size > 0  # it is small
    sqlite.shorten_log(store.writer, beyond=0)
    assert log.stat().st_size == 0


IN_URLS = ("runs?a", "my%20runs", "a#b", "two words", "ünï&x=1", "a[x]b")
"""Names of folders that mean something else in a URL, or in a pattern."""


@pytest.mark.parametrize("name", IN_URLS)
def test_a_store_lies_in_its_folder_whatever_that_is_called(tmp_path, name):
    """And its backup where it was asked for; folders whose names differ have stores of their own."""
    for folder in (tmp_path / name, tmp_path / f"{name}2"):
        (folder / "pluriscope.sqlite").parent.mkdir()
        (folder / "pluriscope.sqlite").write_bytes(empty_database())
        opened = open_store(Settings(data=folder, database_url=""))
        with opened.write() as session:
            save_network(session, small_network(len(folder.name)))
        held = back_up(opened, folder / "kept")
        opened.close()
        assert held == verify(folder / "kept")
        assert held.rows["networks"] == 1
        restore(folder / "kept", sqlite_url(folder / "again.sqlite"))
        assert {one.name for one in folder.iterdir()} == {"pluriscope.sqlite", "kept", "again.sqlite"}
    assert {one.name for one in tmp_path.iterdir()} == {name, f"{name}2"}
