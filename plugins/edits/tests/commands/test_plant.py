"""`pluriscope plant`, and `audit` of what it writes."""

from __future__ import annotations

import json

import pytest

from pluriscope.analysis.network_files.files import parse_network_file
from tests.app.cli.test_analyse import run

ALICE = "!(!(!A&B)&!(!B&A))"


def test_a_network_is_written_with_its_record(tmp_path, capsys) -> None:
    path = tmp_path / "planted.json"
    assert run("plant", ALICE, "--hidden", "3,2", "--output", path) == 0
    file = parse_network_file(path.read_bytes())
    assert file.network.sizes == (2, 3, 2, 1)
    assert {site.neurons for path, site in file.planted.alignment.places if path == "0"} == {(0,)}
    assert file.network.weights[-1].tolist() == [[-1, 0]]
    assert f"circuit {file.planted.circuit.hex} with " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((ALICE, "--hidden", "3"), "needs 2 hidden layers, and the network has 1"),
        ((ALICE, "--hidden", "3,x"), "is no list of numbers"),
        ((ALICE, "--disguise", "paint"), "is unknown"),
        ((ALICE, "--form", "prose"), "is unknown"),
        ((ALICE, "--inputs", "9"), "is out of range"),
        (("(A&!B)",), "is not in canonical order: (!B&A)"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message, tmp_path, capsys) -> None:
    assert run("plant", *arguments, "--output", tmp_path / "planted.json") == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "planted.json").exists()


def test_a_disguise_that_changes_the_answers_is_said(tmp_path, capsys) -> None:
    path, options = tmp_path / "planted.json", ("--hidden", "3,3", "--activation", "leaky_relu")
    ends = [
        run("plant", ALICE, *options, "--disguise", "noise=0.3", "--seed", seed, "--output", path) for seed in range(9)
    ]
    assert set(ends) == {0, 3}
    assert capsys.readouterr().err.count("of 4 inputs are decided wrong now") == ends.count(3)


def test_an_audit_says_what_each_answer_is_beside_the_planted_circuit(tmp_path) -> None:
    path, audit = tmp_path / "planted.json", tmp_path / "audit.json"
    run("plant", ALICE, "--hidden", "2,1", "--quiet", "--output", path)
    methods = [part for text in ("acdc", "random") for part in ("--methods", text)]
    assert run("audit", path, *methods, "--quiet", "--output", audit) == 0
    document = json.loads(audit.read_text())
    assert document["planted"] == {"mask": "7f", "edges": 7}
    assert [claim["planted"] for claim in document["claims"]] == ["recovered", "recovered"]


def test_a_network_is_trained_to_carry_the_algorithm(tmp_path, capsys) -> None:
    path = tmp_path / "trained.json"
    options = ("--train", "strict", "--steps", "3", "--seed", "5", "--disguise", "noise=0.01")
    assert run("plant", ALICE, *options, "--output", path) == 3
    steps = parse_network_file(path.read_bytes()).planted.made
    assert [made.step for made in steps] == ["train", "noise"]
    answer = dict(steps[0].settings)
    assert (answer["mode"], answer["seed"], answer["steps"]) == ("strict", 5, 3)
    assert answer["interchanges"].endswith(" of 24")
    assert "ended above its loss target" in capsys.readouterr().err
    assert run("plant", ALICE, "--train", "kindly", "--output", path) == 2
