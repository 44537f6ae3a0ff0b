"""Outcomes of studies that stood in rows are in Parquet parts after the upgrade: all of them, and all that they were.

``tests/fixtures/studies_0029`` has a store as the program of that revision left it, and the result files that it wrote
of its studies, which another part of the program reads.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from conftest import ON_EVERY_DATABASE, database_url
from pluriscope.analysis.studies.old_results import read_old_results
from pluriscope.app.db.backup import copy_rows
from pluriscope.app.db.engine import newest_revision, store_at
from pluriscope.app.db.reads.studies import find_study, studies_left, study_jobs, table_of
from pluriscope.app.db.study_tables import StudyPartRow, StudyRow
from pluriscope.app.db.tables import NetworkRow
from tests.factories import in_folder
from tests.schemas import unpack

KEPT = Path(__file__).parents[2] / "fixtures" / "studies_0029"
LINES = json.loads(gzip.decompress((KEPT / "lines.json.gz").read_bytes()))


@pytest.fixture(params=ON_EVERY_DATABASE)
def upgraded(request, tmp_path):
    file = tmp_path / "pluriscope.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(gzip.decompress((KEPT / "store.sql.gz").read_bytes()).decode())
    store = store_at(f"sqlite:///{file}")
    if request.param == "postgresql":
        there = store_at(database_url(request, empty=True))
        there.migrate(up_to="0029")
        with store.reader.connect() as reading:
            copy_rows(reading, there)
        store.close()
        store = there
    store.migrate()
    yield in_folder(store, tmp_path)
    store.close()


@pytest.mark.slow
def test_every_outcome_is_what_it_was(upgraded):
    assert upgraded.revision() == newest_revision()
    with upgraded.read() as session:
        assert session.scalar(select(func.count()).select_from(StudyRow)) == len(LINES)
        for slug, lines in LINES.items():
            study = find_study(session, slug, deleted=True)
            old = read_old_results(lines.encode())
            table = table_of(session, study)
            names = [name for name, kind in table.columns.items() if name in old.columns and kind == old.columns[name]]
            rows = table.ask(f"SELECT {', '.join(map(_quoted, names))} FROM {{rows}}") if names else []  # noqa: S608
            told = [{name: _plain(value) for name, value in zip(names, row, strict=True)} for row in rows]
            expected = [{name: _plain(row.get(name)) for name in names} for row in old.rows]
            lines_of = {(one["cell"], one["seed"]): one for one in map(json.loads, lines.splitlines()[1:])}
            for row in told:
                assert row["network"] == lines_of[row["cell"], row["seed"]]["network"]
                if row["weights"] is None:  # the network was deleted before, and the file does not say how it was
                    row["network"] = row["negative_slope"] = None
            assert told == expected, slug
            empty = {name for name in old.columns if all(row.get(name) is None for row in old.rows)}
            assert set(old.columns) - set(names) <= empty, slug
            assert study.n_finished == len({(row["cell"], row["seed"]) for row in old.rows})


@pytest.mark.slow
def test_what_is_left_to_do_is_known_and_networks_stay(upgraded):
    with upgraded.read() as session:
        by_slug = {row.slug: row for row in session.scalars(select(StudyRow))}
        assert [row.slug for row in studies_left(session)] == ["xor-width", "rows", "half", "planted"]
        assert all(study_jobs(session, row.digest) == [] for row in by_slug.values())
        stored = session.scalar(select(func.count()).select_from(NetworkRow).where(NetworkRow.origin == "study"))
        networks = {json.loads(line)["network"] for lines in LINES.values() for line in lines.splitlines()[1:]}
        assert stored == len(networks) - 1  # one was deleted before


@pytest.mark.slow
def test_a_store_without_studies_is_upgraded(tmp_path):
    file = tmp_path / "pluriscope.sqlite"
    unpack("0029", file)
    with closing(store_at(f"sqlite:///{file}")) as store:
        store.migrate()
        with store.read() as session:
            assert session.scalar(select(func.count()).select_from(StudyPartRow)) == 0


def _plain(value):
    if isinstance(value, str) and value.startswith("{"):
        return json.loads(value)
    return int(value) if isinstance(value, Decimal) else value


def _quoted(name: str) -> str:
    return f'"{name}"'
