"""Networks as researchers have them are read; what cannot be read is refused with item, cause and cure."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import torch

import pluriscope
from pluriscope.analysis.errors import (
    AnalysisError,
    InvalidData,
    InvalidNetwork,
    InvalidProtocol,
    InvalidTask,
    NotOffered,
)
from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.analysis.questions.data import data_file_json
from pluriscope.app.bundled import bundled_models
from pluriscope.library.models import read_model
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


TABLE = np.array([0, 1, 1, 0])
TASKS = {
    "texts": ["XOR", "xor", "XOR2", "xor-2", "parity 2", "0110", "[0, 1, 1, 0]", "A xor B", " XOR; "],
    "labels": [[0, 1, 1, 0], (0, 1, 1, 0), [False, True, True, False], TABLE, TABLE == 1, TABLE * 1.0, list(TABLE)],
    "two dimensions": [[[0, 1, 1, 0]], TABLE[:, None], TABLE[None], [[0], [1], [1], [0]]],
    "functions": [lambda a, b: a != b, lambda a, b: (a ^ b,), lambda *bits: sum(bits) % 2, np.logical_xor],
    "one in a list": [["XOR"], ["0110"], [lambda a, b: a != b], exact_xor().tasks],
    "the task of a file": [exact_xor().tasks[0], None],
}
HALF_ADDER = {
    "weights": [[[1, 1], [1, 1]], [[1, -2], [0, 1]]], "biases": [[0, -1], [0, 0]],
    "activation": "relu", "output_activation": "linear",
}  # fmt: skip


@pytest.mark.parametrize("kind", TASKS)
def test_a_task_is_whatever_says_plainly_what_the_output_should_be(kind):
    for task in TASKS[kind]:
        assert [one.truth_table for one in read_model(BARE, task).file.tasks] == [(0, 1, 1, 0)], task


@pytest.mark.parametrize(
    "task",
    ["XOR;AND", "A xor B; 0001", ["XOR", "A and B"], [[0, 1, 1, 0], [0, 0, 0, 1]], [[0, 0], [1, 0], [1, 0], [0, 1]],
     lambda a, b: (a ^ b, a & b), ["XOR", [0, 0, 0, 1]], [lambda a, b: a ^ b, "AND"]],
)  # fmt: skip
def test_several_tasks_are_one_for_each_output(task):
    assert [one.name for one in read_model(HALF_ADDER, task).file.tasks] == ["XOR", "AND"]


def test_names_come_from_the_caller_else_the_file_else_the_sizes(tmp_path):
    path = tmp_path / "my net.json"
    path.write_text(json.dumps({**BARE, "format": CONTENT["format"]}))
    assert read_model(path).file.name == "my net"
    assert read_model(CONTENT).file.name == "Exact XOR"
    assert read_model(CONTENT, name="mine").file.name == "mine"
    assert read_model(BARE).file.name == "network 2-2-1"


def test_inputs_may_be_encoded_and_rows_may_be_given(tmp_path):
    signs = {**BARE, "weights": [[[0.5, 0.5], [0.5, 0.5]], [[1, -2]]], "biases": [[1, 0], [0]]}
    subject = read_model(signs, "XOR", encoding="-1, 1")
    assert subject.data.representatives.tolist() == [[-1, -1], [-1, 1], [1, -1], [1, 1]]
    assert read_model(signs, "XOR", data=data_file_json(subject.data)).data.digest == subject.data.digest
    with pytest.warns(UserWarning, match="add --encoding='-1, 1'"):
        pluriscope.export(signs, tmp_path / "signs.json", encoding=(-1, 1))


TRANSFORMER = bundled_models()["tracr-induction"]
REFUSED = {
    "a number": (lambda: read_model(3), InvalidNetwork, "type int", "Module"),
    "no file": (lambda: read_model("nowhere.json"), InvalidNetwork, "no such file", "check the path"),
    "a folder": (lambda: read_model("."), InvalidNetwork, "is a folder", "the path of a file"),
    "a pickle": (lambda: read_model(b"\x80\x04pickle"), InvalidNetwork, "damaged pickle", "save or copy it again"),
    "a transformer with rows beside it": (
        lambda: read_model(TRANSFORMER, data="rows.json"),
        NotOffered,
        "data: is not offered: the rows of transformers",
        "docs/scope.md",
    ),
    "no JSON can hold it": (lambda: read_model({"weights": {1}}), InvalidNetwork, "no JSON", "tolist"),
    "a short table": (lambda: read_model(BARE, "011"), InvalidTask, "4 values", "list the outputs"),
    "an unknown formula": (lambda: read_model(BARE, "A xor Q"), InvalidTask, "Q", "A"),
    "a share as a label": (lambda: read_model(BARE, [0.02, 0.98, 0.97, 0.01]), InvalidTask, "0.02", "int(value > 0.5)"),
    "two numbers as labels": (lambda: read_model(BARE, [1, -1, -1, 1]), InvalidTask, "-1", "int(value == 1)"),
    "no number as a label": (lambda: read_model(BARE, [0, 1, 1, float("nan")]), InvalidTask, "nan", "0 or 1"),
    "two columns": (lambda: read_model(BARE, np.eye(4)[:, :2]), InvalidTask, "4 lists of 2", "4 labels for each"),
    "rows or outputs": (
        lambda: read_model({**HALF_ADDER, "weights": [[[1], [1]], [[1, -2], [0, 1]]]}, [[0, 1], [0, 1]]),
        InvalidTask,
        "inputs or outputs",
        "as text",
    ),
    "a function of three": (lambda: read_model(BARE, lambda a, b, c: a), InvalidTask, "TypeError", "lambda a, b: …"),
    "another number": (lambda: read_model(BARE, "parity-3"), InvalidTask, "over 3 inputs", "without a number"),
    "a numbered name of another": (
        lambda: read_model({**BARE, "tasks": [{"name": "XOR2", "truth_table": [0, 1, 1, 1]}]}),
        *(InvalidTask, "belongs to another", "use 0, 1, 1, 0"),
    ),
    "an unknown name": (lambda: read_model(BARE, "half adder"), InvalidTask, "half", "MAJORITY"),
    "an empty text": (lambda: read_model(BARE, " "), InvalidTask, "' '", "a formula"),
    "a dict as a task": (lambda: read_model(BARE, {0: 1}), InvalidTask, "dict", "a function of the inputs"),
    "two tasks": (lambda: read_model(BARE, ["XOR", "AND"]), InvalidTask, "2 for 1", "give a name"),
    "rows twice": (lambda: read_model(BARE, encoding="-1, 1", data={}), InvalidData, "beside data", "leave one"),
    "rows in another order": (
        lambda: read_model(BARE, data={"representatives": [[0, 0], [1, 0], [0, 1], [1, 1]]}),
        *(InvalidData, "another order", "00…0 first"),
    ),
    "labels with names": (
        lambda: read_model(BARE, pd.Series([1, 0, 0, 0], index=["10", "00", "01", "11"])),
        *(AnalysisError, "labels of its own", "to_numpy"),
    ),
    "a tensor without values": (
        lambda: read_model(BARE, torch.ones(4, device="meta")),
        AnalysisError,
        "values",
        "a list",
    ),
    "no rows": (lambda: read_model(BARE, data=3), InvalidData, "int", "data file"),
    "no output": (lambda: pluriscope.explain(CONTENT, output=4), InvalidNetwork, "output 4", "use 0 to 0"),
    "no protocol": (lambda: pluriscope.explain(CONTENT, protocol="complet"), InvalidProtocol, "complet", "paper"),
    "no setting": (
        lambda: pluriscope.explain(CONTENT, protocol={"depth": 2}),
        *(InvalidProtocol, "depth", "use name, circuit_space"),
    ),
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
