"""Explanations over training: `train --checkpoints`, `pluriscope checkpoints`, and the library's record of the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import pluriscope
from analysis.network_files.files import network_file_json, parse_network_file
from analysis.pipeline import analyse_output
from analysis.question import ask
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
    assert [one["epoch"] for one in found["checkpoints"]] == [file.training.epoch for file in files]
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
    each = found["checkpoints"]
    assert (found["task"], found["protocol"]) == ("XOR", "complete")
    assert found["first_valid"] == next(one["epoch"] for one in each if one["circuits"]["low"])
    assert found["first_right"] == next(one["epoch"] for one in each if one["rows_right"] == 4)


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
