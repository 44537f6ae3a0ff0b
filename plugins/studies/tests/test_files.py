"""Networks that are files as the population of a study."""

import json
import os

import numpy as np
import pytest

from pluriscope.analysis.errors import InvalidStudy
from pluriscope_studies.analysis.cells import cells_of
from pluriscope_studies.analysis.reading import design_from_mapping, runnable
from pluriscope_studies.analysis.rows import network_of_row
from pluriscope_studies.analysis.running import run_chunk
from pluriscope_studies.files import read_population
from tests.app.cli.test_every_format import ENCODED, RELU, as_json, as_onnx, as_safetensors
from tests.bad_files import good_document

STUDY = {"slug": "mine", "name": "Mine", "question": "How many?", "source": "files", "measures": ["circuits-valid"]}


def study(*files, options=(), **changed):
    return STUDY | {"source_options": {"files": list(files), **dict(options)}} | changed


@pytest.fixture
def folder(tmp_path):
    """Networks of every format, and files that are none."""
    (tmp_path / "nets").mkdir()
    for place, as_bytes in enumerate((as_json, as_safetensors, as_onnx)):
        document = good_document(**RELU)
        document["biases"][0][0] += place / 100  # each its own network
        (tmp_path / "nets" / f"{place}-{as_bytes.__name__}").write_bytes(as_bytes(document))
    (tmp_path / "nets" / "4-cut-short").write_bytes(b'{"weights": [[')
    (tmp_path / "nets" / "5-too-large").write_bytes(b" " * 5_000_000)
    (tmp_path / "other.json").write_bytes(as_json(good_document(**RELU | ENCODED)))
    return tmp_path


@pytest.mark.slow  # runs ONNX apart
def test_each_file_is_a_network_of_its_own_and_bad_ones_say_why(folder):
    design, files = read_population(study("nets/*"), folder)
    assert (design.n_networks, cells_of(design)[0].name) == (5, "files, their own tasks")
    rows = run_chunk(design, 0, sorted(files), files)
    assert [row["state"] for row in rows] == ["converged"] * 3 + ["not_analysed"] * 2
    assert [row["message"].split(":")[0] for row in rows] == [
        "read from nets/0-as_json",
        "read from nets/1-as_safetensors",
        "read from nets/2-as_onnx",
        "nets/4-cut-short",
        "nets/5-too-large",
    ]
    for row in rows[:3]:
        network = network_of_row(design, row).network
        assert (network.activation, network.output_activation) == ("relu", "linear")
        assert row["circuits-valid"] > 0
    assert len({row["network"] for row in rows[:3]}) == 3
    assert run_chunk(design, 0, [1], {1: files[1]})[0].items() >= {**rows[1], "seconds": 0.0}.items()


def test_a_name_need_not_be_text(folder):
    (folder / "other.json").rename(folder / os.fsdecode(b"caf\xe9.json"))
    design, _ = read_population(study("caf*"), folder)
    assert json.loads(design.model_dump_json())["source_options"]["files"][0]["name"] == "caf?.json"


def test_tasks_and_encoding_are_those_that_the_design_names(folder):
    options = {"encoding": "-1, 1"}
    design, files = read_population(study("other.json", options=options, tasks=[["XNOR"]]), folder)
    (row,) = run_chunk(design, 0, [0], files)
    assert (row["tables"], row["state"]) == (["1001"], "converged")
    answer = network_of_row(design, row)
    assert [task.label for task in answer.tasks] == ["XNOR"]
    assert np.array_equal(np.unique(answer.data.representatives), [-1, 1])


def test_the_digest_is_of_what_the_files_hold(folder):
    before, _ = read_population(study("nets/*"), folder)
    again, _ = read_population(study("nets/0*", "nets/[1-9]*", name="Other words"), folder)
    assert again.digest == before.digest
    assert design_from_mapping(before.model_dump(mode="json")) == before
    (folder / "nets" / "4-cut-short").write_bytes(b"{")
    after, _ = read_population(study("nets/*"), folder)
    assert after.digest != before.digest


@pytest.mark.parametrize(
    ("settings", "reasons"),
    [
        (study(), ["is no list of paths and patterns"]),
        (STUDY, ["is no list of paths and patterns"]),
        (study("absent/*", seeds={"first": -1}), ["'absent/*' matches no file", "seeds.first"]),
        (study("*"), ["'broken' cannot be read: No such file"]),
        (study("absent/*", "nets", "other.json"), ["'absent/*' matches no file", "'nets' matches no file"]),
        (study("other.json", "*.json"), ["'other.json' is there twice"]),
        (study("other.json", "copy.json"), ["'other.json' and 'copy.json' hold the same network"]),
        (study("other.json", activation=["tanh"]), ["activation: networks that are files have their own"]),
        (study("other.json", training={"epochs": 3}), ["training: networks that are files are not trained"]),
        (study("other.json", seeds={"count": 2}), ["seeds: there are 1 files"]),
        (study("other.json", options={"output_is": "a dream"}), ["source_options.output_is"]),
        (study("other.json", "absent", measures=["circuits-valid"] * 2), ["'absent' matches", "is there twice"]),
    ],
)
def test_what_is_wrong_with_a_population_is_named_at_once(folder, settings, reasons):
    (folder / "broken").symlink_to("absent")
    (folder / "copy.json").write_bytes((folder / "other.json").read_bytes())
    with pytest.raises(InvalidStudy) as refusal:
        read_population(settings, folder)
    for reason in reasons:
        assert reason in refusal.value.cause


def test_files_are_run_where_somebody_reads_them(folder):
    with pytest.raises(InvalidStudy, match="reads files beside a study file"):
        design_from_mapping(json.loads(json.dumps(study("nets/*"))))
    design, files = read_population(study("nets/*"), folder)
    with pytest.raises(InvalidStudy, match="alone reads files"):
        runnable(design)
    assert runnable(design, files) == design
    with pytest.raises(InvalidStudy, match="a level names none"):
        design_from_mapping(STUDY | {"source": "boolean", "tasks": [[]]})
