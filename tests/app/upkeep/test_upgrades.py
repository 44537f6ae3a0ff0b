"""Every store that was ever released opens today, with all that it held."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.db.content import contents
from app.db.copying import copy_rows
from app.db.engine import newest_revision, store_at
from app.db.prepared import result_digest
from app.db.reads.analyses import find_network
from app.db.reads.results import load_analysis
from app.main import create_app
from app.settings import Settings
from tests.conftest import ON_EVERY_DATABASE
from tests.schemas import SLUG, kept, revisions, unpack

PAGES = ("", "/circuits", "/algorithms", "/explanations", "/funnel", "/common-ground", "/criteria")


def test_every_revision_has_a_store_that_is_kept():
    """If this fails, a migration was added: keep a store of it with ``python -m tests.schemas`` and commit the file."""
    assert kept() == revisions()


@pytest.fixture
def upgraded(request, revision, tmp_path):
    """Settings of a store of that revision, brought to the present one, and what it held before."""
    file = tmp_path / "pluriscope.sqlite"
    unpack(revision, file)
    old = store_at(f"sqlite:///{file}")
    assert old.revision() == revision
    with old.reader.connect() as connection:
        before = contents(connection)
    settings = Settings(data=tmp_path, database_url="")
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql").database(empty=True)
        there = store_at(url)
        there.migrate(up_to=revision)
        with old.reader.connect() as reading:
            copy_rows(reading, there)
        there.close()
        settings = Settings(data=tmp_path, database_url=url)
    old.close()
    return settings, before


def everywhere() -> list[tuple[str, str]]:
    """Every revision on SQLite; on PostgreSQL the first, which goes through every migration, the middle, the last."""
    every = kept()
    return [*((one, "sqlite") for one in every), *((every[at], "postgresql") for at in (0, len(every) // 2, -1))]


@pytest.mark.slow
@pytest.mark.parametrize(("revision", "upgraded"), everywhere(), indirect=["upgraded"])
def test_an_old_store_keeps_everything(upgraded, revision):
    settings, before = upgraded
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:  # migrates when it starts
        store = client.app.state.store
        assert store.revision() == newest_revision()
        with store.reader.connect() as connection:
            after = contents(connection)
        for table in ("networks", "protocols", "analyses", "algorithms", "alignments", "job_log"):
            assert after[table].rows == before[table].rows > 0, table
        if "verdicts" in before:
            assert after["verdicts"].rows == before["verdicts"].rows
        with store.read() as session:
            network = find_network(session, SLUG)
            assert sorted(row.protocol.name for row in network.analyses) == ["complete", "paper"]
            for row in network.analyses:
                found = load_analysis(session, row)
                assert len(found.circuits.masks) == row.circuits_valid
                compared = row.distributions.get("float32")
                again = result_digest(found, row.engine_version, compared=compared)
                assert again == row.result_digest, "what is read is not what was found then"
            states = session.execute(text("SELECT state, count(*) FROM jobs GROUP BY state")).all()
            assert [tuple(one) for one in states] == [("done", before["jobs"].rows)]
        for page in PAGES:
            for prefix in ("", "/api/v1"):
                answer = client.get(f"{prefix}/networks/{SLUG}{page}")
                if page == "/criteria" and not prefix:
                    continue  # has no page of its own
                assert answer.status_code == 200, (page, answer.text[:300])
        (mask, *_) = [item["mask"] for item in client.get(f"/api/v1/networks/{SLUG}/circuits").json()["items"]]
        for address in (f"/networks/{SLUG}", f"/networks/{SLUG}/circuits/{mask}"):
            verdict = client.get(f"/api/v1/verified?url={address}").json()
            assert verdict["verdict"] == "equal", json.dumps(verdict)[:800]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("revision", "upgraded"), [(kept()[0], one) for one in ON_EVERY_DATABASE], indirect=["upgraded"]
)
def test_an_upgrade_and_its_way_back_and_up_again_end_alike(upgraded, revision):
    settings, _ = upgraded
    store = store_at(settings.url)
    store.migrate()
    with store.reader.connect() as connection:
        once = contents(connection)
    store.migrate(back_to=revision)
    store.migrate()
    with store.reader.connect() as connection:
        again = contents(connection)
    assert {name: content.rows for name, content in once.items()} == {n: c.rows for n, c in again.items()}
    assert once["circuit_blocks"] == again["circuit_blocks"]
    store.close()
