import json
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from analysis.studies.result_file import read_results, result_bytes
from app.cli import study
from tests.app.cli.test_analyse import run as run_command
from tests.checkout import ROOT
from tests.study_factories import MEASURES, results, settings


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Runs a command on a database of its own."""
    monkeypatch.setenv("PLURISCOPE_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("PLURISCOPE_DATABASE_URL", raising=False)

    def ended(*arguments):
        code = run_command(*arguments)
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return ended


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "study.json"
    path.write_text(json.dumps(settings(seeds={"first": 0, "count": 3})))
    return path


def test_bad_input_ends_in_one_line(run, file, tmp_path):
    file.write_text(json.dumps(settings(measures=["nothing"])))
    ended = run("study", "run", str(file))
    assert ended.code == 2
    assert "'nothing' is unknown" in ended.err
    file.write_text(json.dumps(settings(measures=[*MEASURES, "rung-sets"])))
    ended = run("study", "run", str(file))
    assert (ended.code, "'rung-sets' is unknown" in ended.err) == (2, True)
    assert run("study", "run", str(tmp_path / "absent.json")).code == 2


@pytest.mark.release  # loads torch
def test_what_stops_every_network_is_said(run, file):
    design = json.loads((ROOT / "app/bundled/studies/digits-tail.json").read_text()) | {
        "source_options": {"images": "mnist"}
    }
    file.write_text(json.dumps(design | {"slug": "mnist-tail", "seeds": {"first": 0, "count": 1}}))
    ended = run("study", "run", str(file), "-o", str(file.with_suffix(".gz")), "--workers", "1")
    assert ended.code == 3
    assert "0 of 2 networks" in ended.err
    assert ended.err.count("failed: data folder: has no train-images-idx3-ubyte") == 1


@pytest.mark.slow
def test_a_run_is_continued_from_its_file(run, file, tmp_path):
    output = tmp_path / "out.jsonl.gz"
    first = results()
    output.write_bytes(result_bytes(first))
    ended = run("study", "run", str(file), "-o", str(output), "--workers", "1", "--seeds", "5")
    assert ended.code == 0
    assert "holds 8 of 10 networks already" in ended.err
    again = read_results(output.read_bytes())
    known = {(o.cell, o.seed): o.network for o in again.outcomes}
    assert len(known) == 10
    assert all(known[o.cell, o.seed] == o.network for o in first.outcomes)


def test_another_design_is_never_overwritten(run, file, tmp_path):
    output = tmp_path / "out.jsonl.gz"
    output.write_bytes(result_bytes(results()))
    file.write_text(json.dumps(settings(loss_target=[0.5])))
    before = output.read_bytes()
    ended = run("study", "run", str(file), "-o", str(output))
    assert ended.code == 2
    assert "another design" in ended.err
    assert output.read_bytes() == before


@pytest.mark.slow
def test_results_go_into_the_store_and_come_out_again(run, tmp_path):
    path, copy = tmp_path / "in.jsonl.gz", tmp_path / "out.jsonl.gz"
    path.write_bytes(result_bytes(results()))
    assert run("study", "import", str(path)).out == "/studies/xor-width\n"
    assert run("study", "export", "xor-width", "-o", str(copy)).code == 0
    assert read_results(copy.read_bytes()).content == results().content
    assert json.loads(run("study", "export", "xor-width", "--design").out)["slug"] == "xor-width"
    assert run("study", "export", "nowhere").code == 2


@pytest.mark.slow
def test_a_run_that_is_stopped_leaves_what_was_found_in_its_file(run, file, tmp_path, monkeypatch):
    output = tmp_path / "out.jsonl.gz"
    told = []

    @contextmanager
    def stopping(quiet):
        def report(progress):
            told.append(progress.done)
            if progress.done:
                raise KeyboardInterrupt

        yield report

    monkeypatch.setattr(study, "progress_bar", stopping)
    assert run("study", "run", str(file), "-o", str(output), "--workers", "1").code == 130
    held = read_results(output.read_bytes())
    assert len(held.outcomes) == told[-1] > 0
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
