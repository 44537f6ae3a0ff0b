"""Explanations over training: `train --checkpoints`, `pluriscope checkpoints`, and the library's record of the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import pluriscope
from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.network_files.files import network_file_json, parse_network_file
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope_edits.over_training.progress_measures import measures_of
from tests.app.cli.test_analyse import refused, run
from tests.factories import small_network

SMALLER = {key: network_file_json(small_network())[key] for key in ("sizes", "weights", "biases")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("networks")
    options = ("--hidden", 3, "--learning-rate", 0.03, "--epochs", 10, "--checkpoints", "0,1,3,6", "-o", place, "-q")
    assert run("train", *options, "--loss-target", 1e-9) == 3
    (folder,) = place.iterdir()
    return folder


@pytest.mark.slow
def test_each_checkpoint_is_counted_and_compared_with_the_one_before(folder, capsys):
    files = [parse_network_file(path.read_bytes()) for path in sorted(folder.iterdir())]
    assert [path.stem[-5:] for path in sorted(folder.iterdir())] == ["-0000", "-0001", "-0003", "-0006", "-0010"]
    assert run("checkpoints", folder, "-q", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found == pluriscope.checkpoints(folder).model_dump(mode="json")
    assert [one["at"] for one in found["checkpoints"]] == [file.training.epoch for file in files]
    before = None
    for file, one in zip(files, found["checkpoints"], strict=True):
        analysis = analyse_output(ask(file.network, task=file.tasks[0]))
        masks, search = set(analysis.circuits.masks.tolist()), analysis.algorithms
        assert (one["circuits"]["how"], one["circuits"]["low"]) == ("exact", len(masks))
        assert one["smallest"]["high"] == min(map(int.bit_count, masks), default=None)
        assert one["rows_right"] == 4 * file.training.accuracy
        assert (one["algorithms"], one["first_algorithm"]) == (search.n_aligned, search.algorithms[0].n_valid > 0)
        if masks:
            assert len(one["backbone"]) == int(np.bitwise_and.reduce(list(masks))).bit_count()
        if before is not None:
            kept, change = before & masks, one["change"]
            parts = (len(kept), len(before - kept), len(masks - kept))
            assert (change["kept"], change["lost"], change["gained"]) == parts
        before = masks
        placed = {result.algorithm.id for result in search.algorithms if result.n_valid}
        for kind, explaining in (("circuits", {f"{mask:03x}" for mask in masks}), ("placements", placed)):
            assert all((known["ref"] in explaining) == (one["at"] in known["at"]) for known in found[kind])
    assert found["circuits"]
    assert found["placements"]
    each = found["checkpoints"]
    assert (found["task"], found["protocol"], found["unit"]) == ("XOR", "complete", "epoch")
    assert found["first_valid"] == next(one["at"] for one in each if one["circuits"]["low"])
    assert found["first_placed"] == next((one["at"] for one in each if one["algorithms"]), None)
    assert found["first_right"] == next(one["at"] for one in each if one["rows_right"] == 4)


@pytest.mark.slow
def test_a_transformer_is_followed_by_steps(tmp_path, capsys):
    options = ("--task", "sum modulo", "--vocabulary", 5, "--layers", 1, "--d-model", 8, "--d-head", 4, "--steps", 260)
    assert run("train-model", *options, "--checkpoints", "0,130", "-o", tmp_path, "-q") == 0
    folder = next(one for one in tmp_path.iterdir() if one.is_dir())
    kept = sorted(folder.iterdir())
    models = [read_subject(path.read_bytes())[1] for path in kept]
    assert [(path.stem[-10:], one.training.step) for path, one in zip(kept, models, strict=True)] == [
        ("-step-0000", 0),
        ("-step-0130", 130),
        (f"-step-{models[-1].training.step:04}", models[-1].training.step),
    ]
    assert models[-1].digest == read_subject(folder.with_suffix(".json").read_bytes())[1].digest
    capsys.readouterr()
    assert run("checkpoints", folder, "-q", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["unit"], found["algorithm"], found["placed_from"]) == ("step", "", None)
    before = None
    for model, one in zip(models, found["checkpoints"], strict=True):
        question = GraphQuestion(TRANSFORMER, model, TRANSFORMER.default_rules)
        masks = set(find_masks(question).masks.tolist())
        assert one["rows_right"] == question.n_rows * model.training.accuracy
        assert (one["circuits"]["low"], one["circuits"]["high"], one["algorithms"]) == (len(masks), len(masks), None)
        assert one["measures"] == measures_of(model) != {}
        if before is not None:
            assert [one["change"][name] for name in ("kept", "lost", "gained")] == [
                len(before & masks),
                len(before - masks),
                len(masks - before),
            ]
        before = masks
        for circuit in found["circuits"]:
            assert (int(circuit["ref"], 16) in masks) == (one["at"] in circuit["at"])
    assert before
    other = json.loads(kept[0].read_text()) | {"training": {"options": {}, "step": 1, "loss": 0.5, "accuracy": 2}}
    (tmp_path / "other.json").write_text(json.dumps(other))
    assert "training accuracy: input should be less than" in refused(
        capsys, "checkpoints", tmp_path / "other.json", "-q"
    )


def over(base: dict, upper: dict) -> dict:
    return base | {key: over(base[key], value) if isinstance(value, dict) else value for key, value in upper.items()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"training": None}, "is no checkpoint: it does not say its epoch"),
        ({}, "is of epoch 0, as"),
        ({"training": {"epoch": 1, "options": {"seed": 4}}}, "with other options of training"),
        ({"tasks": [{"truth_table": [0, 0, 0, 1]}]}, "with another task"),
        (SMALLER | {"training": {"options": {"hidden": [2]}}}, "with layers of other sizes"),
        ({"training": {"options": {"hidden": [2]}}}, "training: is that of a network of another size"),
        ({"training": {"epoch": -1}}, "training epoch: input should be greater than or equal to 0"),
    ],
)
def test_what_is_no_course_of_one_network_is_refused(folder, tmp_path, capsys, changes, words):
    first, other = min(folder.iterdir()), tmp_path / "other.json"
    other.write_text(json.dumps(over(json.loads(first.read_text()), changes)))
    assert words in refused(capsys, "checkpoints", first, other, "-q")
    assert "fewer than two are given" in refused(capsys, "checkpoints", first, "-q")
