"""A check finds each illness that it knows, says what to do, and changes nothing."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from conftest import SQLITES_OWN
from pluriscope import installing
from pluriscope.app import check
from pluriscope.app.db.tables import AnalysisReportRow, VerdictRow
from pluriscope.app.settings import Settings
from tests.app.cli.test_analyse import run
from tests.app.upkeep.test_no_room import fill, stored_in, volume
from tests.contracts.test_run import RUN
from tests.factories import stored_analysis


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PLURISCOPE_WORKER", "PLURISCOPE_WORKERS"),
        ("PLURISCOPE_DATABASEURL", "PLURISCOPE_DATABASE_URL"),
        ("PLURISCOPE_XYZZY_FROBNICATE", ""),
    ],
)
def test_a_variable_that_nothing_reads_is_named_with_what_was_meant(name, meant):
    given = {name: "1", "PLURISCOPE_DATA": "x", "pluriscope_port": "1", "PATH": ""}
    ((level, found, cure),) = check.unknown(given)
    assert level == "warning"
    assert name in found
    assert meant in cure


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({"host": "0.0.0.0"}, "warning: .*needs a login"),  # noqa: S104
        ({"host": "::1"}, ""),
        ({"token": "short"}, "warning: .*5 characters"),
        ({"prefix": "/pluriscope"}, "warning: .*needs a login"),
        ({"trust_local": False}, "warning: .*needs a login"),
        ({"trust_local": False, "token": "chosen-by-hand-and-long-enough"}, ""),
        ({"prefix": "/pluriscope", "read_only": True}, ""),
    ],
)
def test_settings_that_contradict_each_other(given, answer, tmp_path):
    found = list(check.disagreeing(Settings(data=tmp_path, **given)))
    assert re.fullmatch(f"{answer}.*" if answer else "", "".join(f"{level}: {what}" for level, what, _ in found))
    assert all(cure for _, _, cure in found)


@pytest.mark.parametrize(
    ("name", "value"), [("prefix", "pluriscope"), ("prefix", "/pluriscope/"), ("public_url", "explain.example.org")]
)
def test_addresses_that_cannot_be_are_refused(name, value, tmp_path, monkeypatch):
    monkeypatch.setenv(f"PLURISCOPE_{name.upper()}", value)
    ((found, level),) = [(one.found, one.level) for one in check.examine({})]
    assert (level, f"PLURISCOPE_{name.upper()} is '{value}'" in found) == ("problem", True)


def test_a_look_that_fails_is_a_finding():
    def fail():
        yield "note", "seen", ""
        raise RuntimeError("no idea")

    seen, failed = check.look("some.thing", fail, "well")
    assert seen.found == "seen"
    assert (failed.check, failed.level) == ("some.thing", "problem")
    assert "no idea" in failed.found


@pytest.mark.parametrize("packages", [[], ["numba", "torch"]])
def test_packages_that_are_not_there_yet_are_named(packages, tmp_path, monkeypatch):
    monkeypatch.setattr(installing, "FILE", tmp_path / ".installing")
    RUN["note_coming"](packages, installing.FILE)
    found = [(level, text.split()[0]) for level, text, _ in check.still_to_come()]
    assert found == [("note", name) for name in packages]


@pytest.fixture
def healthy(store):
    stored_analysis(store)
    return store


@pytest.mark.slow
def test_nothing_is_wrong_with_a_store_that_is_well(healthy):
    assert list(check.unsound(healthy)) == []


def checked(folder, monkeypatch) -> dict[str, str]:
    """All that is found at a data folder, by level."""
    monkeypatch.setenv("PLURISCOPE_DATA", str(folder))
    monkeypatch.delenv("PLURISCOPE_DATABASE_URL", raising=False)
    found = list(check.examine({}))
    return {level: " ".join(f.found for f in found if f.level == level) for level in ("problem", "warning", "ok")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("revision", "cure"),
    [("0034", "git worktree add "), ("0035", "take a backup, then start the server"), ("9999", "update the program")],
)
def test_a_schema_that_is_older_or_newer(revision, cure, tmp_path, monkeypatch):
    stored_in(tmp_path)
    with closing(sqlite3.connect(tmp_path / "pluriscope.sqlite")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.commit()
    assert f"revision {revision}" in checked(tmp_path, monkeypatch)["problem"]
    assert [cure in one.cure for one in check.examine({}) if one.level == "problem"] == [True]


@pytest.mark.slow
def test_what_nothing_reads_any_more_is_named_in_one_line(store):
    row = stored_analysis(store)
    assert list(check.unread(store)) == []
    report = AnalysisReportRow(analysis_id=row.id, kind="gone", thorough=True, engine_version="0.3.0", found={})
    verdicts = VerdictRow(analysis_id=row.id, kind="circuit", position=0, criterion="gone-too", settings={}, n=0)
    verdicts.settings_digest, verdicts.passed, verdicts.failed, verdicts.undecided = "", 0, 0, 0
    verdicts.not_applicable, report.created_at = 0, datetime.now(UTC)
    for one in (report, verdicts):
        one.seconds, one.content = 0.0, ""
    with store.write() as session:
        session.add_all((report, verdicts))
        session.execute(text("CREATE TABLE once (id INTEGER)"))
    ((level, found, _),) = check.unread(store)
    assert level == "note"
    assert found == "nothing that is in use reads table once, 1 reports gone, 1 verdicts gone-too"


@pytest.mark.slow
@SQLITES_OWN
def test_rows_without_what_they_belong_to(healthy):
    with healthy.writer.connect() as connection:
        raw = connection.connection.driver_connection
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("DELETE FROM protocols")
        raw.execute("PRAGMA foreign_keys = ON")
    assert ("problem", "analyses has 1 rows without protocols") in [one[:2] for one in check.unsound(healthy)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["job_log", "sqlite_autoindex_jobs_1"])
def test_a_torn_page_is_found_and_nothing_is_raised(tmp_path, monkeypatch, name):
    stored_in(tmp_path)
    file = tmp_path / "pluriscope.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        (number,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).fetchone()
    raw = bytearray(file.read_bytes())
    raw[(number - 1) * 4_096 : (number - 1) * 4_096 + 512] = bytes(512)
    file.write_bytes(raw)
    assert "SQLite's integrity_check finds" in checked(tmp_path, monkeypatch)["problem"]
    assert file.read_bytes() == raw


@pytest.mark.slow
@pytest.mark.parametrize(
    ("harm", "way"), [(slice(0, 512), "backup"), (slice(-4_096, None), "backup"), (slice(-4_096, None), "dump")]
)
def test_a_damaged_database_is_reported_with_a_way_out_that_works(tmp_path, monkeypatch, harm, way):
    """Whatever is damaged: the backup that is named, or what the command saves, is a healthy store again."""
    folder = tmp_path / "my data"
    folder.mkdir()
    stored_in(folder)
    file = folder / "pluriscope.sqlite"
    monkeypatch.setenv("PLURISCOPE_DATA", str(folder))
    if way == "backup":
        assert run("backup", folder / "nightly.backup", "--quiet") == 0
    elif shutil.which("sqlite3") is None:
        pytest.skip("SQLite's own program is not here")
    raw = bytearray(file.read_bytes())
    raw[harm] = bytes(len(raw[harm]))
    file.write_bytes(raw)
    (cure,) = [one.cure for one in check.examine({}) if one.level == "problem"]
    assert ("beside it lie nightly.backup)" if way == "backup" else "none lies beside it") in cure
    name = "nightly.backup" if way == "backup" else "recovered.sqlite"
    if way == "dump":
        subprocess.run(re.search("sqlite3 .*(?= && )", cure)[0], shell=True, check=True)  # noqa: S602  as people are told to
    assert run("restore", folder / name, "--replace") == 0
    assert checked(folder, monkeypatch)["problem"] == ""


@pytest.mark.slow
def test_a_full_volume_is_found(tmp_path, monkeypatch):
    with volume(tmp_path / "small", "6m") as folder:
        stored_in(folder)
        fill(folder)
        found = checked(folder, monkeypatch)
        assert "cannot be written" in found["problem"]
        assert "MB are left" in found["problem"]


@pytest.mark.slow
def test_the_command_and_its_exit_codes(tmp_path, monkeypatch, capsys):
    stored_in(tmp_path)
    monkeypatch.setenv("PLURISCOPE_DATA", str(tmp_path))
    monkeypatch.delenv("PLURISCOPE_DATABASE_URL", raising=False)
    assert run("check", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["healthy"]
    assert {"check", "level", "found", "cure"} == set(answer["findings"][0])
    monkeypatch.setenv("PLURISCOPE_WORKER", "3")
    assert run("check") == 0
    assert "PLURISCOPE_WORKERS" in capsys.readouterr().out
    monkeypatch.setenv("PLURISCOPE_PREFIX", "no-slash")
    assert run("check") == 1
    assert "NOT healthy" in capsys.readouterr().out


def test_a_database_that_is_empty_or_not_there_is_said_and_none_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("PLURISCOPE_DATA", str(tmp_path))

    def level():
        return next(one.level for one in check.examine({}) if one.check == "store")

    assert level() == "note"
    assert not list(tmp_path.iterdir()), "a check changes nothing"
    (tmp_path / "pluriscope.sqlite").touch()
    assert level() == "problem"
