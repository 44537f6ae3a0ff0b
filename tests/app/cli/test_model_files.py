"""`pluriscope train-model` and `import` of transformers: files that `analyse` takes."""

from __future__ import annotations

import json

import pytest

from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.analysis.subjects.transformer.files import attention_document
from tests.analysis.subjects.transformer.attention_models import random_attention
from tests.app.cli.test_analyse import refused, run
from tests.golden_files import golden_network


@pytest.mark.slow
def test_a_trained_model_is_written_and_can_be_analysed(tmp_path, capsys):
    small = ("--layers", 1, "--heads", 1, "--seed", 3)
    assert run("train-model", "--task", "first token", *small, "--output", tmp_path, "--quiet") == 0
    said = capsys.readouterr().out
    path = tmp_path / "first-token-1x1-3.json"
    assert said.startswith("seed 3: loss ")
    assert str(path) in said
    _, model = read_subject(path.read_bytes())
    assert (model.task, len(model.rows)) == ("first token", 64)
    assert run("analyse", path, "--output", tmp_path / "found.json", "--quiet") == 0
    [output] = json.loads((tmp_path / "found.json").read_text())["outputs"]
    assert output["circuits"]["valid"] >= 1


@pytest.mark.slow
def test_mlp_blocks_and_layer_norm_are_trained(tmp_path):
    table = tmp_path / "table.json"
    table.write_text(json.dumps({"rows": [[0, 1], [1, 0]], "answers": [1, 0]}))
    small = ("--layers", 1, "--heads", 1, "--mlp", 4, "--layer-norm", "--output", tmp_path, "--quiet")
    assert run("train-model", "--rows", table, *small) == 0
    _, model = read_subject((tmp_path / "own-table-1x1-mlp4-ln-0.json").read_bytes())
    assert (model.blocks.d_mlp, model.blocks.activation, model.blocks.epsilon) == (4, "relu", 1e-5)


def test_what_did_not_converge_is_reported_and_not_written(tmp_path, capsys):
    assert run("train-model", "--task", "parity", "--steps", 1, "--count", 2, "--output", tmp_path) == 3
    said = capsys.readouterr()
    assert said.out.count("not converged") == 2
    assert said.err.endswith("0 of 2 models converged\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_model_file_is_stored_beside_a_network(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PLURISCOPE_DATA", str(tmp_path / "data"))
    model, network = tmp_path / "model.json", tmp_path / "network.json"
    model.write_text(json.dumps(attention_document(random_attention(0, (2, 2, 6, 3, 4, 3)))))
    network.write_text(json.dumps(network_file_json(golden_network("xor_pretrained"))))
    assert run("import", model, network) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert "without options of perceptrons" in refused(capsys, "import", model, "--no-analysis")


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (("train-model", "--task", "chess"), "task 'chess': is unknown."),
        (("train-model", "--count", 0), "--count: 0 is out of range; give 1 to 1,000."),
        (("train-model", "--rows", "absent.json"), "table of rows 'absent.json': cannot be read"),
    ],
)
def test_bad_input_is_one_line_before_any_work(arguments, answer, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert answer in refused(capsys, *arguments, "--output", tmp_path)
    assert list(tmp_path.iterdir()) == []
