"""The tables of studies: made where a store has none, and left alone where Pluriscope itself made them."""

from __future__ import annotations

from contextlib import closing

from sqlalchemy import inspect

from pluriscope.app.db.engine import store_at
from pluriscope.app.settings import sqlite_url
from pluriscope_studies.tables import StudyPartRow, StudyRow
from tests.schemas import unpack

TABLES = [row.__tablename__ for row in (StudyPartRow, StudyRow)]


def described(store) -> dict[str, object]:
    with store.reader.connect() as connection:
        look = inspect(connection)
        return {
            table: (
                sorted(
                    (one["name"], str(one["type"]), one["nullable"], one["default"]) for one in look.get_columns(table)
                ),
                look.get_pk_constraint(table),
                sorted(look.get_foreign_keys(table), key=str),
                sorted(look.get_indexes(table), key=str),
                sorted(look.get_unique_constraints(table), key=str),
            )
            for table in TABLES
        }


def test_tables_are_those_of_version_0_2_which_are_left_alone(tmp_path):
    unpack("0035", tmp_path / "former.sqlite")
    with closing(store_at(sqlite_url(tmp_path / "former.sqlite"))) as former:
        before = described(former)
        former.migrate()
        assert (described(former), former.revision("studies")) == (before, "0002")
    with closing(store_at(sqlite_url(tmp_path / "new.sqlite"))) as new:
        new.migrate()
        assert described(new) == before
