import json

import pytest

from pluriscope.analysis.network_files.files import parse_network_file
from tests.app.cli.test_analyse import refused, run


@pytest.mark.slow
def test_train_writes_the_networks_that_converged(tmp_path, capsys):
    folder, report = tmp_path / "made" / "here", tmp_path / "report.json"
    assert run("train", "--seed", 3, "--count", 3, "-o", folder, "--report", report) == 0
    captured = capsys.readouterr()
    lines = [line.split("\t") for line in captured.out.splitlines()]
    assert [state for _, state, _ in lines] == ["converged", "converged", "stopped_early"]
    assert "2 of 3 networks converged" in captured.err
    assert sorted(path.name for path in folder.iterdir()) == ["xor-2-3-3-1-seed-3.json", "xor-2-3-3-1-seed-4.json"]
    file = parse_network_file((folder / "xor-2-3-3-1-seed-3.json").read_bytes())
    assert (file.name, file.tasks[0].name) == ("XOR 2-3-3-1, seed 3", "XOR")
    answer = json.loads(report.read_text())
    assert [entry["state"] for entry in answer] == ["converged", "converged", "stopped_early"]
    assert answer[2]["options"]["seed"] == 5


@pytest.mark.slow
def test_several_tasks_and_options(tmp_path, capsys):
    options = ("--task", "AND", "--task", "0111", "--hidden", "4", "--input-weights", "1,1,1,2", "--name", "Two gates")
    assert run("train", *options, "--seed", 1, "-o", tmp_path, "-q") == 0
    (path,) = tmp_path.iterdir()
    file = parse_network_file(path.read_bytes())
    assert file.name == "Two gates"
    assert file.network.sizes == (2, 4, 2)
    assert [task.name for task in file.tasks] == ["AND", "OR"]
    assert capsys.readouterr().err == ""


def test_none_converged_ends_with_3(tmp_path, capsys):
    assert run("train", "--epochs", 1, "-o", tmp_path, "-q") == 3
    assert "ran out of epochs" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--hidden", "3,x"), "no list of numbers"),
        (("--hidden", "0"), "1 to 64 neurons"),
        (("--count", "0"), "out of range"),
        (("--seed", "1.5"), "--seed: '1.5' is no whole number"),
        (("--regularisation", "l3 1"), "regularisation: 'l3 1' begins with another word; give each of"),
        (("--report", "no/such/folder.json"), "folder does not exist"),
    ],
)
def test_bad_options_end_with_2_and_one_line(options, said, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said in refused(capsys, "train", *options, "-q")
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_a_folder_should_be(tmp_path, capsys):
    place = tmp_path / "file"
    place.write_text("")
    assert "is no folder" in refused(capsys, "train", "-o", place)
