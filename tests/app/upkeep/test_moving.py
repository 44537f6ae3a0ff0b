"""A store in another database is the same store, to the last bit."""

import pytest
from sqlalchemy import event, text

from app.db import moving
from app.db.content import canonical, contents, whole_digest
from app.db.engine import store_at
from app.db.errors import Conflict, Damaged, StoreUnavailable
from app.db.moving import move
from app.db.reads.analyses import find_network
from app.db.reads.results import load_analysis
from app.db.writes import save_network
from tests.app.upkeep.conftest import hold_a_job, spoil
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


@pytest.mark.slow
def test_everything_is_copied(filled, elsewhere):
    before = digests(filled)
    assert all(content.rows for content in before.values())
    moved = move(filled, elsewhere)
    assert moved.tables == before == digests(elsewhere) == digests(filled)
    assert moved.digest == whole_digest(before)
    with elsewhere.read() as session:
        row = find_network(session, XOR_SLUG)
        assert row.training["a"] == [1e-300, 0.1, 0.0, None, True]
        (analysis,) = row.analyses
        assert load_analysis(session, analysis).circuits.masks.tolist() == hand_made_analysis().circuits.masks.tolist()


@pytest.mark.slow
def test_rows_are_numbered_on_behind_what_was_copied(filled, elsewhere):
    move(filled, elsewhere)
    with elsewhere.write() as session:
        old = find_network(session, XOR_SLUG).id
        assert save_network(session, small_network(77)).id > old


@pytest.mark.slow
def test_to_postgresql_and_back(filled, postgresql, tmp_path):
    there = store_at(postgresql.database(empty=True))
    back = store_at(f"sqlite:///{tmp_path / 'back.sqlite'}")
    before = digests(filled)
    assert move(filled, there).tables == move(there, back).tables == before == digests(back)
    there.close()
    back.close()


@pytest.mark.slow
def test_a_target_that_holds_something_is_refused(filled, elsewhere):
    elsewhere.migrate()
    with elsewhere.write() as session:
        save_network(session, small_network(1))
    before = digests(elsewhere)
    with pytest.raises(Conflict, match="is not empty"):
        move(filled, elsewhere)
    assert digests(elsewhere) == before


def test_a_store_is_not_copied_onto_itself(filled):
    with pytest.raises(Conflict, match="both source and target"):
        move(filled, store_at(filled.url))


@pytest.mark.slow
def test_a_job_that_is_worked_on_stands_in_the_way(filled, elsewhere):
    hold_a_job(filled)
    with pytest.raises(Conflict, match="worked on in two places"):
        move(filled, elsewhere)
    assert move(filled, elsewhere, even_if_running=True).rows > 0


@pytest.mark.slow
def test_a_copy_that_differs_is_no_copy(filled, elsewhere, monkeypatch):
    """Whatever the fault: the proof fails, and the target is as empty as before."""

    def faulty(rows):
        for part in parcels(rows):
            yield [tuple("textt" if value == "text" else value for value in row) for row in part]

    parcels = moving._parcels
    monkeypatch.setattr(moving, "_parcels", faulty)
    with pytest.raises(Damaged, match="do not hold the same"):
        move(filled, elsewhere)
    assert sum(content.rows for content in digests(elsewhere).values()) == 0


@pytest.mark.slow
def test_a_target_that_fails_midway_stays_empty(filled, elsewhere):
    elsewhere.migrate()

    @event.listens_for(elsewhere.writer, "before_cursor_execute")
    def fail(connection, _cursor, statement, *_):
        if statement.startswith("INSERT INTO algorithms"):
            connection.exec_driver_sql("SELECT no_such_thing")

    with pytest.raises(StoreUnavailable, match="Nothing was changed there"):
        move(filled, elsewhere)
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
