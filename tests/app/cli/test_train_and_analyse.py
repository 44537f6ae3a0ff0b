import json

import pytest

from analysis.network_files.files import parse_network_file
from tests.app.cli.test_analyse import refused, run


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.slow
def test_every_seed_is_a_line_and_the_figures_are_those_of_analyse(tmp_path, capsys):
    rules = tmp_path / "rules.json"
    rules.write_text('{"name": "shallow", "max_depth": 2}')
    assert run("train", "--seed", 4, "--count", 3, "--analyse", rules, "-o", tmp_path / "out") == 0
    captured = capsys.readouterr()
    assert "2 of 3 networks converged" in captured.err
    assert "2 of 3 networks analysed" in captured.err
    header, *networks, last = lines_of(tmp_path / "out" / "population.jsonl")
    assert (header["format"], header["networks"]) == ("pluriscope-population/1", 3)
    assert header["protocol"]["name"] == "shallow"
    assert [(line["seed"], line["state"], line["analysed"]) for line in networks] == [
        (4, "converged", True),
        (5, "stopped_early", False),
        (6, "converged", True),
    ]
    assert networks[1]["file"] is None
    assert "try another seed" in networks[1]["message"]
    assert last["summary"]["states"] == {"converged": 2, "stopped_early": 1}
    assert (last["summary"]["networks"], last["summary"]["analysed"]) == (3, 2)
    for line in (networks[0], networks[2]):
        file = tmp_path / "out" / f"xor-2-3-3-1-seed-{line['seed']}.json"
        assert line["file"] == str(file)
        assert parse_network_file(file.read_bytes()).network.digest == line["network"]
        assert run("analyse", file, "-p", rules, "-o", tmp_path / "alone.json", "--no-masks", "-q") == 0
        alone = json.loads((tmp_path / "alone.json").read_text())["outputs"][0]
        told = line["outputs"][0]
        for key in ("circuits", "interpretations", "candidates", "criteria", "task"):
            assert told[key] == alone[key]
        aligned = [entry for entry in alone["algorithms"] if entry["valid"]]
        assert told["algorithms"] == [{key: entry[key] for key in ("id", "valid", "minimal")} for entry in aligned]


def test_none_converged_is_told_all_the_same(tmp_path, capsys):
    place = tmp_path / "told.jsonl"
    options = ("--epochs", 1, "--count", 2, "--analyse", "paper", "--population", place)
    assert run("train", *options, "-o", tmp_path / "out", "-q") == 3
    assert capsys.readouterr().err == ""
    _, *networks, last = lines_of(place)
    assert [line["state"] for line in networks] == ["loss_above_target"] * 2
    assert last["summary"] == {
        "networks": 2,
        "states": {"loss_above_target": 2},
        "analysed": 0,
        "stopped_at_a_limit": 0,
        "problems": {},
        "outputs": [],
    }


@pytest.mark.slow
def test_a_search_that_stops_at_a_limit_ends_with_3(tmp_path, capsys):
    rules = tmp_path / "rules.json"
    rules.write_text('{"max_alignments": 1, "max_depth": 2}')
    assert run("train", "--seed", 3, "--analyse", rules, "-o", tmp_path / "out") == 3
    assert "1 of 1 networks analysed, 1 of them stopped at a limit" in capsys.readouterr().err
    _, line, last = lines_of(tmp_path / "out" / "population.jsonl")
    assert "alignments of" in line["missing"][0]
    assert last["summary"]["stopped_at_a_limit"] == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--analyse", "perfect"), "protocol 'perfect'"),
        (("--analyse", "complete", "--import"), "Give one of the two"),
        (("--population", "told.jsonl"), "nothing to tell without --analyse"),
        (("--analyse", "paper", "--population", "no/such/folder.jsonl"), "folder does not exist"),
        (("--analyse", "paper", "--population", "a.json", "--report", "a.json"), "is the --report file as well"),
        (("--analyse", "paper", "--device", "abacus"), "not available"),
    ],
)
def test_bad_options_end_with_2_and_one_line(options, said, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said in refused(capsys, "train", *options, "-q")
    assert list(tmp_path.iterdir()) == []
