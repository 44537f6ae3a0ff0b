"""The commands that keep a store, as an operator types them."""

from __future__ import annotations

import re

import pytest

from tests.app.cli.test_analyse import run
from tests.app.upkeep.test_no_room import stored_in

pytestmark = pytest.mark.slow


@pytest.fixture
def data(tmp_path, own_environment):
    """A data folder with a store, named by the environment."""
    stored_in(tmp_path)
    own_environment.setenv("PLURISCOPE_DATA", str(tmp_path))
    return tmp_path


def rows_in(answer: str) -> str:
    return re.search(r"[0-9,]+ rows of [0-9]+ tables", answer).group()


def test_backup_and_restore(data, capsys, monkeypatch):
    file = data / "kept.backup"
    assert run("backup", file) == 0
    rows = rows_in(capsys.readouterr().out)
    assert run("backup", file) == 2
    assert "exists already" in capsys.readouterr().err
    assert run("restore", "--check", file) == 0
    assert rows_in(capsys.readouterr().out) == rows
    assert run("restore", file) == 2
    assert "--replace" in capsys.readouterr().err
    assert run("restore", file, "--replace") == 0
    answer = capsys.readouterr()
    assert rows_in(answer.out) == rows
    assert "what was there before is in" in answer.err
    monkeypatch.setenv("PLURISCOPE_DATA", str(data / "new"))
    assert run("restore", file, "--quiet") == 0
    assert capsys.readouterr().out == ""
    file.write_bytes(file.read_bytes()[:-8_192])
    assert run("restore", "--check", file) == 1
    assert "damaged" in capsys.readouterr().err


def test_a_password_is_never_shown(data, capsys, own_environment):
    own_environment.setenv("PLURISCOPE_DATABASE_URL", "postgresql://someone:hunter2@127.0.0.1:1/nothing")
    for command in (["check"], ["backup", data / "x.backup"], ["serve"]):
        assert run(*command) == 1
        answer = capsys.readouterr()
        assert "hunter2" not in answer.out + answer.err
        assert "127.0.0.1" in answer.out + answer.err
