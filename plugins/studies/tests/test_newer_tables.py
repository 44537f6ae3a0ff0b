"""A store whose tables of studies come from a newer version."""

import sqlite3
from contextlib import closing

import pytest

from pluriscope.app import check
from tests.app.upkeep.test_check import checked, stored_in


@pytest.mark.slow
def test_what_looks_at_the_store_says_which_plugin_to_update(tmp_path, monkeypatch):
    stored_in(tmp_path)
    with closing(sqlite3.connect(tmp_path / "pluriscope.sqlite")) as connection:
        connection.execute("UPDATE alembic_version_studies SET version_num = '9999'")
        connection.commit()
    assert "the tables of pluriscope-studies have revision 9999" in checked(tmp_path, monkeypatch)["problem"]
    (cure,) = (one.cure for one in check.examine({}) if one.level == "problem")
    assert cure.startswith("update pluriscope-studies, or leave it out")
