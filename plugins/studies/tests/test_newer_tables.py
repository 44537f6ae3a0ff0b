"""A store whose tables of studies come from a newer version."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from pluriscope.analysis.plugins import VARIABLE
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
    for plugins, code in (("", 1), ("none", 0)):  # it is not opened with the plugin, and without it as ever
        environment = {**os.environ, "PLURISCOPE_DATA": str(tmp_path), VARIABLE: plugins}
        command = [sys.executable, "-m", "pluriscope.app.cli", "work", "--until-idle"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == code, done.stderr
        said = "what pluriscope-studies keeps in the database: is of a version that this program does not know"
        assert (said in done.stderr, "Update pluriscope-studies, or leave it out" in done.stderr) == (code, code)
        assert "Traceback" not in done.stderr
