"""Networks as researchers have them are read; what cannot be read is refused with item, cause and cure."""

import json
import re

import numpy as np
import pytest

import pluriscope
from analysis.data import data_file_json
from analysis.errors import AnalysisError, InvalidData, InvalidNetwork, InvalidProtocol, InvalidTask
from analysis.network_files.files import network_file_json
from pluriscope.models import read_model
from tests.factories import exact_xor

CONTENT = network_file_json(exact_xor())
BARE = {key: value for key, value in CONTENT.items() if key not in ("name", "tasks", "format")}


@pytest.mark.parametrize("form", ["path", "text path", "bytes", "content", "network file", "network"])
def test_every_form_gives_the_same_network(form, tmp_path):
    path = tmp_path / "exact.json"
    path.write_text(json.dumps(CONTENT))
    model = {
        "path": path,
        "text path": str(path),
        "bytes": path.read_bytes(),
        "content": CONTENT,
        "network file": exact_xor(),
        "network": exact_xor().network,
    }[form]
    subject = read_model(model)
    assert subject.file.network.digest == exact_xor().network.digest
    assert subject.file.tasks == exact_xor().tasks
    assert subject.data.is_clean


@pytest.mark.parametrize(
    "task", ["XOR", "xor", "0110", [0, 1, 1, 0], (0, 1, 1, 0), np.array([0, 1, 1, 0]), "A xor B", ["XOR"], None]
)
def test_a_task_is_a_name_a_table_a_formula_or_what_the_network_does(task):
    assert [one.name for one in read_model(BARE, task).file.tasks] == ["XOR"]


def test_names_come_from_the_caller_else_the_file_else_the_sizes(tmp_path):
    path = tmp_path / "my net.json"
    path.write_text(json.dumps({**BARE, "format": CONTENT["format"]}))
    assert read_model(path).file.name == "my net"
    assert read_model(CONTENT).file.name == "Exact XOR"
    assert read_model(CONTENT, name="mine").file.name == "mine"
    assert read_model(BARE).file.name == "network 2-2-1"


def test_inputs_may_be_encoded_and_rows_may_be_given():
    signs = {**BARE, "weights": [[[0.5, 0.5], [0.5, 0.5]], [[1, -2]]], "biases": [[1, 0], [0]]}
    subject = read_model(signs, "XOR", encoding="-1, 1")
    assert subject.data.representatives.tolist() == [[-1, -1], [-1, 1], [1, -1], [1, 1]]
    assert read_model(signs, "XOR", data=data_file_json(subject.data)).data.digest == subject.data.digest


REFUSED = {
    "a number": (lambda: read_model(3), InvalidNetwork, "type int", "Sequential"),
    "no file": (lambda: read_model("nowhere.json"), InvalidNetwork, "no such file", "check the path"),
    "a folder": (lambda: read_model("."), InvalidNetwork, "cannot be read", "check the path"),
    "a pickle": (lambda: read_model(b"\x80\x04pickle"), InvalidNetwork, "is a pickle", "safetensors"),
    "no JSON can hold it": (lambda: read_model({"weights": {1}}), InvalidNetwork, "no JSON", "tolist"),
    "a short table": (lambda: read_model(BARE, "011"), InvalidTask, "4 values", "list the outputs"),
    "an unknown formula": (lambda: read_model(BARE, "A xor Q"), InvalidTask, "Q", "A"),
    "two tasks": (lambda: read_model(BARE, ["XOR", "AND"]), InvalidTask, "2 for 1", "give a name"),
    "rows twice": (lambda: read_model(BARE, encoding="-1, 1", data={}), InvalidData, "beside data", "leave one"),
    "no rows": (lambda: read_model(BARE, data=3), InvalidData, "int", "data file"),
    "no output": (lambda: pluriscope.explain(CONTENT, output=4), InvalidTask, "output 4", "from 0 to 0"),
    "no protocol": (lambda: pluriscope.explain(CONTENT, protocol="complet"), InvalidProtocol, "complet", "paper"),
    "no setting": (lambda: pluriscope.explain(CONTENT, protocol={"depth": 2}), InvalidProtocol, "depth", "schema"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_in_one_line(case):
    call, kind, named, cure = REFUSED[case]
    with pytest.raises(kind) as refusal:
        call()
    words = str(refusal.value)
    assert named.lower() in words.lower()
    assert cure.lower() in words.lower()
    assert re.fullmatch(r".+: .+\. .+\.", words), words
    assert isinstance(refusal.value, AnalysisError)
