"""The doctor finds each illness that it knows, says what to do, and changes nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from analysis.protocol import COMPLETE
from app.access.credentials import FILE_NAME, Credentials
from app.db.job_tables import JobRow
from app.db.tables import AlgorithmRow, NetworkRow
from app.doctor import environment, stored
from app.doctor.finding import guarded
from app.doctor.full import examine
from app.jobs import queue
from app.jobs.definitions import analyse_arguments
from app.settings import Settings
from tests.app.cli.test_analyse import run
from tests.app.upkeep.test_no_room import fill, stored_in, volume
from tests.conftest import SQLITES_OWN
from tests.factories import stored_analysis


def levels(findings) -> dict[str, str]:
    return {finding.check: finding.level for finding in findings}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PLURISCOPE_WORKER", "PLURISCOPE_WORKERS"),
        ("PLURISCOPE_DATABASEURL", "PLURISCOPE_DATABASE_URL"),
        ("PLURISCOPE_XYZZY_FROBNICATE", ""),
    ],
)
def test_a_variable_that_nothing_reads_is_named_with_what_was_meant(name, meant):
    (finding,) = environment.of_environment({name: "1", "PLURISCOPE_DATA": "x", "pluriscope_port": "1", "PATH": ""})
    assert finding.level == "warning"
    assert name in finding.found
    assert meant in finding.cure


@pytest.mark.parametrize(
    ("given", "check", "level"),
    [
        ({"host": "0.0.0.0"}, "settings.open", "warning"),  # noqa: S104
        ({"host": "::1"}, "settings.agree", "ok"),
        ({"token": "short"}, "settings.token", "warning"),
        ({"prefix": "pluriscope"}, "settings.prefix", "problem"),
        ({"prefix": "/pluriscope/"}, "settings.prefix", "problem"),
        ({"prefix": "/pluriscope"}, "settings.open", "warning"),
        ({"trust_local": False}, "settings.open", "warning"),
        ({"prefix": "/pluriscope", "read_only": True}, "settings.agree", "ok"),
        ({"public_url": "explain.example.org"}, "settings.public_url", "problem"),
        ({"public_url": "https://example.org/x"}, "settings.public_url", "warning"),
        ({"workers": 256}, "settings.workers", "warning"),
    ],
)
def test_settings_that_contradict_each_other(given, check, level, tmp_path):
    found = {finding.check: finding for finding in environment.of_settings(Settings(data=tmp_path, **given))}
    assert found[check].level == level
    assert bool(found[check].cure) == (level != "ok")


def test_whoever_is_let_in_by_a_token_or_a_login_of_the_data_folder_counts(tmp_path):
    def checks(**given):
        settings = Settings(data=tmp_path, host="0.0.0.0", **given)  # noqa: S104
        return {finding.check for finding in environment.of_settings(settings)}

    kept = Credentials(tmp_path)
    kept.make_link()
    assert "settings.open" in checks()  # it may never be used
    assert "settings.open" not in checks(token="chosen-by-hand-and-long-enough")
    token, _ = kept.make_token("editor")
    assert checks() == {"settings.agree"}
    kept.revoke_token(token.id)
    assert "settings.open" in checks()
    kept.begin_session("admin", "link", 1)
    assert checks() == {"settings.agree"}
    (tmp_path / FILE_NAME).write_text("{")
    assert checks() == {"settings.access"}


def test_values_out_of_range_are_all_named(monkeypatch):
    monkeypatch.setenv("PLURISCOPE_PORT", "99999")
    monkeypatch.setenv("PLURISCOPE_WORKERS", "none")
    diagnosis = examine({})
    assert not diagnosis.healthy
    assert [f.found.split()[0] for f in diagnosis.findings if f.check == "settings.range"] == [
        "PLURISCOPE_PORT",
        "PLURISCOPE_WORKERS",
    ]


def test_a_look_that_fails_is_a_finding():
    def look():
        yield from ()
        raise RuntimeError("no idea")

    (finding,) = guarded("some.thing", look)
    assert (finding.check, finding.level) == ("some.thing", "problem")
    assert "no idea" in finding.found


@pytest.fixture
def healthy(store):
    stored_analysis(store)
    return store


def of_store(store) -> dict[str, str]:
    looks = (
        *(stored.of_schema(store), stored.of_soundness(store), stored.of_parents(store), stored.of_numbering(store)),
        *(stored.of_times(store), stored.of_jobs(store), stored.of_content(store)),
    )
    return levels(finding for look in looks for finding in look)


@pytest.mark.slow
def test_nothing_is_wrong_with_a_store_that_is_well(healthy):
    assert set(of_store(healthy).values()) == {"ok"}


@pytest.mark.slow
def test_what_is_not_what_its_digest_says(healthy):
    with healthy.write() as session:
        row = session.query(AlgorithmRow).first()
        row.n_valid = row.n_valid + 1
    assert of_store(healthy)["store.digests"] == "problem"
    with healthy.write() as session:
        row = session.query(NetworkRow).one()
        row.parameters = bytes(8) + row.parameters[8:]
    (finding,) = stored.of_content(healthy, sample=0)
    assert "network xor-pretrained" in finding.found


@pytest.mark.slow
def test_jobs_that_nobody_goes_on_with(healthy):
    long_ago = datetime.now(UTC) - timedelta(days=2)
    with healthy.write() as session:
        for n, state in enumerate(("running", "queued", "failed")):
            job = queue.enqueue(session, "analyse", analyse_arguments("ab" * 32, n, COMPLETE), state, now=long_ago)
            job.state = state
        session.query(JobRow).filter_by(state="running").one().lease_until = long_ago
    found = of_store(healthy)
    assert [found[f"jobs.{name}"] for name in ("leases", "waiting", "failed")] == ["warning", "warning", "note"]


@pytest.mark.slow
def test_a_clock_that_went_back(healthy):
    with healthy.write() as session:
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        queue.enqueue(session, "analyse", analyse_arguments("ab" * 32, 0, COMPLETE), "of tomorrow", now=tomorrow)
    assert of_store(healthy)["clock.forward"] == "warning"


@pytest.mark.slow
def test_a_schema_that_is_older_or_newer(healthy):
    for revision in ("0005", "9999"):
        with healthy.write() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
        (finding,) = stored.of_schema(healthy)
        assert finding.level == "problem"
        assert revision in finding.found


@pytest.mark.slow
@SQLITES_OWN
def test_rows_without_what_they_belong_to(healthy):
    with healthy.writer.connect() as connection:
        raw = connection.connection.driver_connection
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("DELETE FROM protocols")
        raw.execute("PRAGMA foreign_keys = ON")
    (finding,) = stored.of_parents(healthy)
    assert finding.level == "problem"
    assert "analyses (1 without protocols)" in finding.found


@pytest.mark.slow
@pytest.mark.parametrize("store", [pytest.param("postgresql")], indirect=True)
def test_row_numbers_that_are_taken(healthy):
    with healthy.writer.begin() as connection:
        connection.exec_driver_sql("SELECT setval('networks_id_seq', 1, false)")
    (finding,) = stored.of_numbering(healthy)
    assert finding.level == "problem"
    assert "networks" in finding.found


@pytest.mark.slow
def test_a_torn_page_is_found_and_nothing_is_raised(tmp_path, monkeypatch):
    stored_in(tmp_path)
    file = tmp_path / "pluriscope.sqlite"
    raw = bytearray(file.read_bytes())
    for page in range(6, len(raw) // 4_096, 3):
        raw[page * 4_096 : page * 4_096 + 512] = bytes(512)
    file.write_bytes(raw)
    monkeypatch.setenv("PLURISCOPE_DATA", str(tmp_path))
    monkeypatch.delenv("PLURISCOPE_DATABASE_URL", raising=False)
    found = levels(examine({}).findings)
    assert found["store.sound"] == "problem"
    assert file.read_bytes() == raw


@pytest.mark.slow
def test_a_full_volume_is_found(tmp_path, monkeypatch):
    with volume(tmp_path / "small", "6m") as folder:
        stored_in(folder)
        fill(folder)
        monkeypatch.setenv("PLURISCOPE_DATA", str(folder))
        monkeypatch.delenv("PLURISCOPE_DATABASE_URL", raising=False)
        found = levels(examine({}).findings)
        assert found["folder.room"] == found["folder.writable"] == "problem"
        assert found["store.writable"] == "warning"
        assert found["store.sound"] == "ok"


@pytest.mark.slow
def test_the_command_and_its_exit_codes(tmp_path, monkeypatch, capsys):
    stored_in(tmp_path)
    monkeypatch.setenv("PLURISCOPE_DATA", str(tmp_path))
    monkeypatch.delenv("PLURISCOPE_DATABASE_URL", raising=False)
    assert run("check", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["healthy"]
    assert {"check", "level", "found", "cure"} == set(told["findings"][0])
    monkeypatch.setenv("PLURISCOPE_WORKER", "3")
    assert run("check") == 0
    assert "PLURISCOPE_WORKERS" in capsys.readouterr().out
    assert run("check", "--strict") == 1
    monkeypatch.setenv("PLURISCOPE_PREFIX", "no-slash")
    assert run("check") == 1
    assert "NOT healthy" in capsys.readouterr().out
