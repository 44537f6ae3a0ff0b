"""Backups hold one moment of a store, and come back as it on either database."""

import sqlite3
import threading
from contextlib import closing

import pytest
from sqlalchemy import event, text

from pluriscope.app.db.backup import back_up, copy_rows, restore, verify
from pluriscope.app.db.engine import newest_revision, store_at
from pluriscope.app.db.errors import Conflict, Damaged, StoreUnavailable
from pluriscope.app.db.reads.analyses import find_network
from pluriscope.app.db.reads.results import load_analysis
from pluriscope.app.db.too_old import OLDEST
from pluriscope.app.db.writes import save_network
from tests.app.upkeep.conftest import everything
from tests.factories import XOR_SLUG, hand_made_analysis, small_network, stored_analysis
from tests.schemas import SLUG, unpack


def everything_at(url):
    opened = store_at(url)
    try:
        return everything(opened)
    finally:
        opened.close()


@pytest.fixture
def file(filled, tmp_path):
    back_up(filled, tmp_path / "kept.backup")
    return tmp_path / "kept.backup"


@pytest.mark.slow
def test_a_backup_is_the_store(filled, tmp_path):
    held = back_up(filled, tmp_path / "kept.backup")
    assert held == verify(tmp_path / "kept.backup")
    assert held.revision == newest_revision()
    assert everything_at(f"sqlite:///{tmp_path / 'kept.backup'}") == everything(filled)
    assert held.rows == {name: len(rows) for name, rows in everything(filled).items()}
    assert all(held.rows.values())
    assert [path.name for path in tmp_path.iterdir() if "kept" in path.name] == ["kept.backup"]


@pytest.mark.slow
def test_what_cannot_be_backed_up_is_reported_and_nothing_is_overwritten(filled, file, tmp_path):
    before = file.read_bytes()
    with pytest.raises(Conflict, match="exists already"):
        back_up(filled, file)
    assert file.read_bytes() == before
    with pytest.raises(StoreUnavailable, match="its folder is not there"):
        back_up(filled, tmp_path / "nowhere" / "x.backup")
    with pytest.raises(StoreUnavailable, match="no tables yet"):
        back_up(store_at(f"sqlite:///{tmp_path / 'none.sqlite'}"), tmp_path / "x.backup")


@pytest.mark.slow
def test_it_comes_back_in_another_place(filled, file, tmp_path):
    before = everything(filled)
    url = f"sqlite:///{tmp_path / 'new' / 'pluriscope.sqlite'}"
    (tmp_path / "new").mkdir()
    restored = restore(file, url)
    assert restored.aside is None
    assert everything_at(url) == before
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["pluriscope.sqlite"]
    store = store_at(url)
    with store.write() as session:
        row = find_network(session, XOR_SLUG)
        assert row.training["a"] == [1e-300, 0.1, 0.0, None, True]
        (analysis,) = row.analyses
        assert load_analysis(session, analysis).circuits.masks.tolist() == hand_made_analysis().circuits.masks.tolist()
        assert save_network(session, small_network(77)).id > row.id
    store.close()


@pytest.mark.slow
def test_what_is_there_gives_way_only_with_an_option_and_is_kept(filled, file):
    before = everything(filled)
    with filled.write() as session:
        save_network(session, small_network(3))
    later = everything(filled)
    with pytest.raises(Conflict, match="holds something already"):
        restore(file, filled.url)
    assert everything(filled) == later
    filled.close()
    restored = restore(file, filled.url, replacing=True)
    assert everything_at(filled.url) == before
    assert everything_at(f"sqlite:///{restored.aside}") == later
    if filled.reader.dialect.name != "sqlite":
        with filled.write() as session:
            assert save_network(session, small_network(4)).id > find_network(session, XOR_SLUG).id


@pytest.mark.slow
def test_a_store_that_somebody_has_open_is_left_alone(tmp_path):
    store = store_at(f"sqlite:///{tmp_path / 'used.sqlite'}")
    store.migrate()
    stored_analysis(store)
    back_up(store, tmp_path / "x.backup")
    before = everything(store)
    with pytest.raises(Conflict, match="is in use"):
        restore(tmp_path / "x.backup", store.url, replacing=True)
    assert everything(store) == before
    store.close()


@pytest.mark.parametrize("harm", ["a page", "cut short", "no backup", "no store", "not there"])
@pytest.mark.slow
def test_a_damaged_backup_is_never_restored(file, tmp_path, harm):
    if harm == "a page":
        with closing(sqlite3.connect(file)) as connection:  # one in use: what it holds may not change unseen
            ((page,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'circuits'").fetchall()
        raw = bytearray(file.read_bytes())
        raw[(page - 1) * 4_096 : page * 4_096] = bytes(4_096)
        file.write_bytes(raw)
    elif harm == "cut short":
        file.write_bytes(file.read_bytes()[: -(1 << 14)])
    elif harm == "no backup":
        file.write_bytes(b"something else" * 1_000)
    elif harm == "no store":
        file.unlink()
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("CREATE TABLE others (name TEXT)")
    else:
        file.unlink()
    url = f"sqlite:///{tmp_path / 'new.sqlite'}"
    with pytest.raises(Damaged):
        restore(file, url)
    assert not (tmp_path / "new.sqlite").exists() or everything_at(url) == {}


@pytest.mark.slow
def test_a_backup_taken_while_others_write_is_one_moment(store, tmp_path):
    """A writer adds a network and renames another in one transaction, over and over: a backup has both or none."""
    with store.write() as session:
        save_network(session, small_network(0), slug="counter")
    stop, written = threading.Event(), []

    def write() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            with store.write() as session:
                save_network(session, small_network(n, (2, 3, 1)), slug=f"n{n}")
                find_network(session, "counter").name = f"{n} networks"
            written.append(n)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for k in range(3):
            seen = len(written)
            while len(written) < seen + 3:
                stop.wait(0.002)
            back_up(store, tmp_path / f"{k}.backup")
    finally:
        stop.set()
        writer.join()
    sizes = []
    for k in range(3):
        url = f"sqlite:///{tmp_path / f'{k}.sqlite'}"
        restore(tmp_path / f"{k}.backup", url)
        restored = store_at(url)
        with restored.read() as session:
            n = session.scalar(text("SELECT count(*) - 1 FROM networks"))
            assert find_network(session, "counter").name == f"{n} networks"
        sizes.append(n)
        restored.close()
    assert sizes == sorted(set(sizes)), "nothing was written between the backups: the test has proved nothing"


@pytest.mark.slow
def test_a_backup_of_either_database_comes_back_on_the_other(filled, file, postgresql, tmp_path):
    there = postgresql.database(empty=True)
    restore(file, there)
    here = f"sqlite:///{tmp_path / 'here.sqlite'}"
    restore(file, here)
    assert everything_at(there) == everything_at(here) == everything(filled)


@pytest.mark.slow
def test_a_backup_of_an_older_schema_is_upgraded_with_its_data(tmp_path):
    unpack(OLDEST, tmp_path / "old.sqlite")
    assert back_up(store_at(f"sqlite:///{tmp_path / 'old.sqlite'}"), tmp_path / "old.backup").revision == OLDEST
    url = f"sqlite:///{tmp_path / 'new.sqlite'}"
    restore(tmp_path / "old.backup", url)
    restored = store_at(url)
    assert restored.revision() == newest_revision()
    with restored.read() as session:
        assert find_network(session, SLUG).analyses
    restored.close()


@pytest.mark.slow
def test_a_database_that_fails_midway_stays_as_it_was(filled, file, postgresql):
    there = store_at(postgresql.database(empty=True))
    there.migrate()

    @event.listens_for(there.writer, "before_cursor_execute")
    def fail(connection, _cursor, statement, *_):
        if statement.startswith("INSERT INTO algorithms"):
            connection.exec_driver_sql("SELECT no_such_thing")

    reading = store_at(f"sqlite:///{file}").reader.connect()
    with reading, pytest.raises(StoreUnavailable, match="Nothing was changed there"):
        copy_rows(reading, there)
    assert not any(rows for name, rows in everything(there).items() if not name.startswith("alembic_version"))
    there.close()
