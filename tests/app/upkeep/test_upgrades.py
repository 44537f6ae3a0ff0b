"""Stores of releases open today, with all that they held; older ones are refused with the way to upgrade them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import inspect, select

from conftest import ON_EVERY_DATABASE
from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import Scope
from pluriscope.analyses.registry import BY_KEY
from pluriscope.analysis import ENGINE_VERSION
from pluriscope.app.db.backup import back_up, copy_rows, restore
from pluriscope.app.db.engine import newest_revision, store_at
from pluriscope.app.db.errors import StoreUnavailable
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.prepared import result_digest
from pluriscope.app.db.reads.analyses import scope_of
from pluriscope.app.db.reads.results import load_analysis
from pluriscope.app.db.tables import PERCEPTRON, AnalysisReportRow, AnalysisRow
from pluriscope.app.db.too_old import LAST_0_2, OLDEST, cure_of_backup, cure_of_store
from pluriscope.app.jobs.definitions import DEFINITIONS
from pluriscope.app.main import create_app
from pluriscope.app.settings import Settings
from tests.app.upkeep.conftest import everything
from tests.schemas import kept, unpack

GONE = {"short_links": "INSERT INTO short_links VALUES ('abc', '/networks/kept-and', '2026-11-20')"}
"""Tables that no version since has, each with what puts a row into it."""
OF_PROBES = {"probes", "searches"}
"""Tables that went with the list of linear probes, as did its verdicts and jobs."""
KEPT_BY = "0.2.0"
"""The oldest engine that finds what those that made the stores did."""


@pytest.fixture(params=ON_EVERY_DATABASE)
def old(request, revision, tmp_path):
    """Settings of a store of that revision, and what it holds."""
    file = tmp_path / "pluriscope.sqlite"
    unpack(revision, file)
    with closing(sqlite3.connect(file)) as connection:
        for statement in GONE.values():
            connection.execute(statement)
        connection.commit()
    with closing(store_at(f"sqlite:///{file}")) as store:
        assert store.revision() == revision
        before, url = everything(store), ""
        if request.param == "postgresql":
            url = request.getfixturevalue("postgresql").database(empty=True)
            with closing(store_at(url)) as there, store.reader.connect() as reading:
                there.migrate_as(store)
                copy_rows(reading, there)
    return Settings(data=tmp_path, database_url=url), before


def without_probes(tables):
    """What a store holds beside linear probes."""
    searches = {row.split("'")[1] for row in tables["jobs"] if "'explanations'" in row}  # ids stand first
    gone = {
        "jobs": lambda row: row.split("'")[1] in searches,
        "job_log": lambda row: any(f"'{one}'" in row for one in searches),
        "verdicts": lambda row: "'probe'" in row,
    }
    kept = {name: rows for name, rows in tables.items() if name not in OF_PROBES}
    return kept | {name: [row for row in kept[name] if not is_gone(row)] for name, is_gone in gone.items()}


@pytest.mark.slow
@pytest.mark.parametrize("revision", kept())
def test_an_old_store_keeps_everything(old):
    settings, before = old
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:  # migrates when it starts
        store = client.app.state.store
        assert store.revision() == newest_revision()
        after = everything(store)
        assert not (GONE.keys() | OF_PROBES) & after.keys()
        before = without_probes(before)
        same = before.keys() - GONE.keys() - {"plugins", "former_study_slugs"}  # a server names plugins when it starts
        assert {name: len(before[name]) for name in same} == {name: len(after[name]) for name in same}
        for name in ("protocols", "analyses", "circuits", "algorithms", "alignments", "jobs", "job_log"):
            assert after[name] == before[name] != [], name
        for new, old_row in zip(after["networks"], before["networks"], strict=True):
            assert new.startswith(old_row[:-1])  # a digest of what it decides as was added
        with store.read() as session:
            asked = select(JobRow).where(JobRow.kind == "analyse")
            same = {DEFINITIONS[one.kind].job_id(one.arguments) == one.id for one in session.scalars(asked)}
            assert same == {ENGINE_VERSION == KEPT_BY}  # asking again is a new job only where answers have changed
            analyses = session.scalars(select(AnalysisRow)).all()
            assert {row.network.kind for row in analyses} == {PERCEPTRON, "attention"}
            for row in analyses:
                slug, scope = row.network.slug, scope_of(row)
                if row.network.kind == PERCEPTRON:
                    found = load_analysis(session, row)
                    compared = row.distributions.get("float32")
                    assert result_digest(found, row.engine_version, compared=compared) == row.result_digest
                reports = session.scalars(select(AnalysisReportRow.kind).where(AnalysisReportRow.analysis_id == row.id))
                analysed = [Addresses().analysis(slug, kind, scope) for kind in reports if kind in BY_KEY]
                every = Addresses().explanations(slug, scope, kind="circuit")
                pages = (every, *analysed)
                for address in (Addresses().network(slug, scope), *pages, *map(Addresses().twin, pages)):
                    answer = client.get(address)
                    assert answer.status_code == 200, (address, answer.text[:300])
                assert {client.get(Addresses().twin(one)).json()["state"] for one in analysed} == {"done"}
                listed = client.get(Addresses().twin(every)).json()["items"]
                verified = client.get("/api/v2/verified", params={"url": listed[0]["url"]}).json()
                assert verified["verdict"] == "equal", verified


def test_classifiers_are_shown_under_what_their_circuits_were_made_of(tmp_path):
    """With the numbers, digests and masks that they were stored with; nothing is made again unasked."""
    unpack("classifiers/0039", tmp_path / "pluriscope.sqlite")
    stored = {
        ("two", "complete"): ("557c169a", 1),
        ("two", "mean"): ("f0fd928b", 1),
        ("two", "logit-edges"): ("e867c0fa", 40),
        ("two", "logit-edges-mean"): ("f4b4e12d", 16),
        ("three", "complete"): ("557c169a", 4),
        ("three", "mean"): ("f0fd928b", 4),
        ("three", "logit-edges"): ("e867c0fa", 311),
        ("three", "logit-edges-mean"): ("f4b4e12d", 483),
    }
    with TestClient(create_app(Settings(data=tmp_path, database_url="")), base_url="http://127.0.0.1") as client:
        with client.app.state.store.read() as session:
            rows = session.scalars(select(AnalysisRow)).all()
            names = {(row.network.slug, scope_of(row).protocol): row for row in rows}
            assert {key: (row.protocol_digest[:8], row.circuits_valid) for key, row in names.items()} == stored
            assert {row.network.kind for row in rows} == {PERCEPTRON}
            assert {row.network.slug for row in rows if row.network.decides_as} == {"two"}
            theirs = JobRow.network_digest.in_({row.network.digest for row in rows})
            waiting = {one.kind for one in session.scalars(select(JobRow).where(JobRow.state == "queued", theirs))}
            assert "analyse" not in waiting, waiting
        for slug, rules in stored:
            scope = Scope(protocol=rules)
            page = client.get(Addresses().network(slug, scope))
            every = Addresses().explanations(slug, scope, kind="circuit")
            listed = client.get(Addresses().twin(every)).json()["items"]
            assert (page.status_code, len(listed)) == (200, min(stored[slug, rules][1], len(listed)))
            assert client.get(listed[0]["url"]).status_code == 200
            verified = client.get("/api/v2/verified", params={"url": listed[0]["url"]}).json()
            assert verified["verdict"] == "equal", verified
            assert ("not well defined" in page.text) == ("logit-edges" in rules)
        former = client.get(Addresses().network("three", Scope(protocol="edges")))
        assert (former.status_code, "logit-edges" in former.text) == (200, True)
        assert client.get(Addresses().network("two", Scope(protocol="edges"))).status_code == 200


def test_the_first_migration_makes_the_tables_of_the_oldest_store(tmp_path):
    """Their columns, keys and indexes are those that all migrations before made, one after the other."""
    unpack(OLDEST, tmp_path / "kept.sqlite")
    old, new = (store_at(f"sqlite:///{tmp_path / name}.sqlite") for name in ("kept", "new"))
    with closing(old), closing(new):
        new.migrate_as(old)
        made, there = _tables(new), _tables(old)
    assert made == {name: there[name] for name in made}


def _tables(store):
    look = inspect(store.reader)
    asked = (look.get_columns, look.get_foreign_keys, look.get_unique_constraints, look.get_indexes)
    return {
        name: [sorted(map(str, one(name))) for one in asked]
        + [look.get_pk_constraint(name), look.get_table_options(name)]
        for name in look.get_table_names()
    }


ATTEMPTS = {
    "opened": lambda file: store_at(f"sqlite:///{file}").migrate(),
    "backed up": lambda file: back_up(store_at(f"sqlite:///{file}"), file.with_name("new.backup")),
    "restored": lambda file: restore(file, f"sqlite:///{file.with_name('new.sqlite')}"),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_what_is_too_old_is_refused_with_the_commands_that_upgrade_it(tmp_path, attempt):
    file = tmp_path / "old.sqlite"
    unpack(OLDEST, file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0034'")
        connection.commit()
    with closing(store_at(f"sqlite:///{file}")) as store:
        before = everything(store)
        with pytest.raises(StoreUnavailable, match=f"is of a revision before {OLDEST}.*{LAST_0_2}.*pluriscope restore"):
            ATTEMPTS[attempt](file)
        assert (store.revision(), everything(store)) == ("0034", before)
    assert {path.name.partition("-")[0] for path in tmp_path.iterdir()} == {file.name}


@pytest.mark.parametrize(
    "cure",
    [
        cure_of_store("sqlite:////srv/data/pluriscope.sqlite"),
        cure_of_store("postgresql://somebody@host/pluriscope"),
        cure_of_backup(Path("/backups/old.backup")),
    ],
)
def test_the_commands_are_those_of_the_document(cure):
    document = Path("docs/self-hosting.md").read_text().splitlines()
    commands = cure.split("repository: ")[1].split(";")[0].split(" && ")
    assert [one for one in commands if one not in document] == []
