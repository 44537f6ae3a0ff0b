"""`pluriscope analyse --seconds`: everything in order until the time is up, and always a whole result file."""

import json
from itertools import count

import pytest

from analysis.work import Work
from app.cli import analyse as command
from tests.app.cli.test_analyse import refused, run, xor  # noqa: F401 - a fixture

STAGES = ("circuits", "interpretations", "algorithms", "alignments")


@pytest.fixture
def ending_after(monkeypatch):
    """Let the time be up when it has been asked for so many times."""

    def set_up(n: int) -> None:
        ticks = count()
        work = Work(clock=lambda: float(next(ticks))).until(float(n))
        monkeypatch.setattr(command, "read_work", lambda _seconds: work)

    return set_up


def test_it_ends_with_3_and_says_what_is_missing(xor, tmp_path, ending_after, capsys):  # noqa: F811
    ending_after(5)
    out = tmp_path / "out.json"
    chain = ("--criteria", "necessity", "--criteria", "irredundant-gates", "--directions", "orthogonal")
    assert run("analyse", xor, "-q", "-o", out, *chain) == 3
    document = json.loads(out.read_text())
    [output] = document["outputs"]
    assert not document["exhaustive"]
    late = [one["stage"] for one in output["out_of_time"]]
    assert late == list(STAGES[STAGES.index(late[0]) :])
    said = capsys.readouterr().err
    for sentence in document["missing"]:
        assert f"stopped at a limit: {sentence}" in said
    assert any("criteria truncated at" in sentence for sentence in document["missing"])
    assert any("directions, class orthogonal was not searched" in sentence for sentence in document["missing"])
    assert output["directions"]["orthogonal"]["refused"] == "the time was up"


@pytest.mark.parametrize("seconds", ["0", "nan"])
def test_no_time_to_work_in_is_refused_before_any_work(seconds, xor, tmp_path, capsys):  # noqa: F811
    out = tmp_path / "out.json"
    assert run("analyse", xor, "-q", "-o", out, "--seconds", seconds) == 2
    assert "--seconds" in capsys.readouterr().err
    assert not out.exists()
