import json

import pytest
from sqlalchemy import func, select

from pluriscope.app.cli.store import opened_store
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.tables import NetworkRow
from tests.app.cli.test_analyse import refused, run

pytestmark = pytest.mark.usefixtures("data_folder")


def counts() -> tuple[int, int]:
    with opened_store() as store, store.read() as session:
        return (
            session.scalar(select(func.count()).select_from(NetworkRow)),
            session.scalar(select(func.count()).select_from(JobRow)),
        )


@pytest.mark.slow
def test_what_goes_in_comes_out(xor, capsys):
    assert run("import", xor, "-p", "complete", "-p", "paper") == 0
    assert capsys.readouterr().out == "/networks/xor-3-3-c\n"
    assert counts() == (1, 2)
    assert run("import", xor, "--no-analysis") == 0
    assert counts() == (1, 2)
    capsys.readouterr()
    assert run("export", "xor-3-3-c") == 0
    assert json.loads(capsys.readouterr().out) == json.loads(xor.read_text())


@pytest.mark.slow
def test_all_are_imported_or_none(xor, tmp_path, capsys):
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    assert "bad.json: " in refused(capsys, "import", xor, bad)
    assert counts() == (0, 0)


@pytest.mark.slow
def test_unknown_networks_and_missing_results(xor, capsys):
    assert "nothing" in refused(capsys, "export", "nothing")
    run("import", xor)
    capsys.readouterr()
    assert "has no result" in refused(capsys, "export", "xor-3-3-c", "--result")
    assert "protocol" in refused(capsys, "export", "xor-3-3-c", "--result", "-p", "quick")


@pytest.mark.slow
def test_a_stored_result_is_the_one_of_the_engine_alone(xor, tmp_path, capsys):
    run("import", xor, "-p", "paper")
    assert run("work", "--until-idle") == 0
    stored, direct = tmp_path / "stored.json", tmp_path / "direct.json"
    assert run("export", "xor-3-3-c", "--result", "-p", "paper", "-o", stored) == 0
    assert run("analyse", xor, "-p", "paper", "-o", direct, "-q") == 0
    one, other = (json.loads(path.read_text()) for path in (stored, direct))
    assert one.pop("seconds").keys() == other.pop("seconds").keys()
    assert one == other


def test_bad_settings_are_one_line(monkeypatch, capsys):
    assert "port" in refused(capsys, "serve", "--port", "99999")
    assert "workers" in refused(capsys, "work", "--workers", "0")
    monkeypatch.setenv("PLURISCOPE_PORT", "many")
    assert "port" in refused(capsys, "export", "xor-pretrained")


@pytest.mark.slow
def test_a_port_that_is_taken_is_trouble_with_this_machine(monkeypatch):
    import uvicorn

    def cannot_listen(*_: object, **__: object) -> None:
        raise SystemExit(3)  # as uvicorn ends then

    monkeypatch.setattr(uvicorn, "run", cannot_listen)
    assert run("serve", "--no-bundled") == 1
