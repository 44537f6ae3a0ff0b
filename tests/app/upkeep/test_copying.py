"""A store in another database is the same store, to the last bit."""

import pytest
from sqlalchemy import event, text

from app.db import copying
from app.db.content import canonical, contents
from app.db.copying import copy_rows
from app.db.engine import store_at
from app.db.errors import Damaged, StoreUnavailable
from app.db.reads.analyses import find_network
from app.db.reads.results import load_analysis
from app.db.writes import save_network
from tests.app.upkeep.conftest import spoil
from tests.factories import XOR_SLUG, hand_made_analysis, small_network


@pytest.fixture
def elsewhere(store, request, tmp_path):
    """An empty database of the same kind."""
    same_kind = store.reader.dialect.name
    url = (
        f"sqlite:///{tmp_path / 'elsewhere.sqlite'}"
        if same_kind == "sqlite"
        else request.getfixturevalue("postgresql").database(empty=True)
    )
    opened = store_at(url)
    yield opened
    opened.close()


def digests(store):
    with store.reader.connect() as connection:
        return contents(connection)


def copy(source, target):
    target.migrate()
    with source.reader.connect() as reading, reading.begin():
        return copy_rows(reading, target)


@pytest.mark.slow
def test_everything_is_copied_and_rows_are_numbered_on_behind_it(filled, elsewhere):
    before = digests(filled)
    assert all(content.rows for content in before.values())
    assert copy(filled, elsewhere) == before == digests(elsewhere) == digests(filled)
    with elsewhere.write() as session:
        row = find_network(session, XOR_SLUG)
        assert row.training["a"] == [1e-300, 0.1, 0.0, None, True]
        (analysis,) = row.analyses
        assert load_analysis(session, analysis).circuits.masks.tolist() == hand_made_analysis().circuits.masks.tolist()
        assert save_network(session, small_network(77)).id > row.id


@pytest.mark.slow
def test_a_copy_that_differs_is_no_copy(filled, elsewhere, monkeypatch):
    """Whatever the fault: the proof fails, and the target is as empty as before."""

    def faulty(rows):
        for part in parcels(rows):
            yield [tuple("textt" if value == "text" else value for value in row) for row in part]

    parcels = copying._parcels
    monkeypatch.setattr(copying, "_parcels", faulty)
    with pytest.raises(Damaged, match="do not hold the same"):
        copy(filled, elsewhere)
    assert sum(content.rows for content in digests(elsewhere).values()) == 0


@pytest.mark.slow
def test_a_target_that_fails_midway_stays_empty(filled, elsewhere):
    elsewhere.migrate()

    @event.listens_for(elsewhere.writer, "before_cursor_execute")
    def fail(connection, _cursor, statement, *_):
        if statement.startswith("INSERT INTO algorithms"):
            connection.exec_driver_sql("SELECT no_such_thing")

    with pytest.raises(StoreUnavailable, match="Nothing was changed there"):
        copy(filled, elsewhere)
    assert sum(content.rows for content in digests(elsewhere).values()) == 0


@pytest.mark.slow
def test_every_difference_shows(filled):
    before = digests(filled)
    spoil(filled)
    after = digests(filled)
    assert [name for name in before if before[name] != after[name]] == ["algorithms"]
    with filled.write() as session:
        session.execute(text("DELETE FROM job_log"))
    assert digests(filled)["job_log"].rows == 0


def test_values_are_written_as_no_other_value_is():
    values = [None, True, False, 0, 1, 1.0, "1", b"1", "", b"", -1, 0.1, "N", 10**40]
    assert len({canonical(value) for value in values}) == len(values)
    assert canonical(-0.0) == canonical(0.0)
    with pytest.raises(TypeError):
        canonical({})
