"""Studies deleted, brought back and duplicated."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from plugins.studies.tests.stored_studies import store_study
from plugins.studies.tests.study_factories import design, rows
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.jobs.deletion import purge_deleted
from pluriscope_studies.jobs import queue as study_queue
from pluriscope_studies.reads import find_study
from pluriscope_studies.tables import StudyPartRow, StudyRow
from pluriscope_studies.writes import open_network

API = "/api/v2/studies"
LATER = datetime.now(UTC) + timedelta(days=8)


@pytest.fixture
def study(store):
    with store.write() as session:
        store_study(session)
    return "/studies/xor-width"


def count(store, table) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(table))


@pytest.mark.slow
def test_deleting_a_study_is_confirmed_answered_at_every_address_and_undone(client, study):
    assert client.post(f"{study}/networks/{rows()[0]['network']}").status_code == 303
    page = client.get(f"{study}?part=delete").text
    assert "permanently deleted, and with it 1 stored network that no other study has" in page
    assert client.post(f"{study}/delete").headers["location"] == study
    parts = ("", "/outcomes", "/data.csv", "/design")
    for part in parts:
        gone = client.get(f"{API}/xor-width{part}")
        assert (gone.status_code, gone.json()["parent"]) == (410, "/findings"), part
    assert f'action="{study}/restore"' in client.get(study).text
    assert client.post(f"{study}/pause").status_code == 410
    assert "xor-width" not in client.get("/findings").text
    assert client.post(f"{study}/restore").headers["location"] == study
    assert client.get(study).status_code == 200


def test_work_on_a_deleted_study_is_cancelled_and_goes_on_when_it_is_brought_back(client, store):
    with store.write() as session:
        study_queue.start(session, design())

    def states() -> set[str]:
        with store.read() as session:
            return set(session.scalars(select(JobRow.state).where(JobRow.kind == "study")))

    client.post("/studies/xor-width/delete")
    assert states() == {"cancelled"}
    with store.write() as session:
        study_queue.go_on(session, find_study(session, "xor-width", deleted=True))
    assert states() == {"cancelled"}
    client.post("/studies/xor-width/restore")
    assert states() == {"queued"}


@pytest.mark.slow
def test_a_purged_study_takes_along_the_networks_that_are_its_alone(client, study, store):
    with store.write() as session:
        other = design(slug="xor-again", hidden=[[2, 2], [4]], comparisons=[], references=[])
        store_study(session, other)
        study_row = find_study(session, "xor-width")
        shared = {row["network"] for row in rows(other)} & {row["network"] for row in rows()}
        for digest in {row["network"] for row in rows()}:
            open_network(session, study_row, digest)
    before = count(store, NetworkRow)
    client.post("/studies/xor-width/delete")
    purge_deleted(store, 7.0)
    assert (count(store, StudyRow), count(store, NetworkRow)) == (2, before)
    assert purge_deleted(store, 7.0, now=LATER) == before - len(shared) > 0
    assert client.get(f"{API}/xor-width").status_code == 404
    with store.read() as session:
        assert set(session.scalars(select(NetworkRow.digest))) == shared
        assert set(session.scalars(select(StudyPartRow.study_id))) == {find_study(session, "xor-again").id}


@pytest.mark.slow
def test_what_came_with_pluriscope_is_not_purged_and_does_not_come_back_by_itself(client, store):
    with store.write() as session:
        store_study(session, origin="bundled")
    client.post("/studies/xor-width/delete")
    with store.write() as session:
        store_study(session, origin="bundled")
    assert purge_deleted(store, 0.0, now=LATER) == 0
    assert client.get(f"{API}/xor-width").status_code == 410
    assert "which is possible at any time" in client.get("/studies/xor-width").text
    client.post("/studies/xor-width/restore")
