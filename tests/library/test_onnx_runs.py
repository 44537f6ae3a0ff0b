"""ONNX files run beside what was read of them, in a process that can do no harm."""

import json
from contextlib import nullcontext

import numpy as np
import pytest
from onnx import helper

import pluriscope
from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.declaration import Declaration
from pluriscope.analysis.network_files.formats.onnx_file import OnnxChain
from pluriscope.analysis.network_files.intake import take_in
from pluriscope.library import onnx_runs
from pluriscope.library.models import beside, read_model
from pluriscope.library.onnx_runs import read_file, run_apart
from tests.analysis.subjects.perceptron.test_onnx import LAST, RELU, onnx_file
from tests.checkout import ROOT

BROUGHT = ROOT / "tests/fixtures/brought"
GEMM = BROUGHT / "g5_gemm.onnx"
BITS = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])


def test_it_answers_what_the_file_answers():
    original = read_file(GEMM.read_bytes()).original
    assert original.run(BITS).tolist() == [[0], [1], [1], [0]]
    assert original.tolerance == 1e-4


def looping():
    """A graph without an end, which the checker takes."""
    value = helper.make_tensor_value_info("y", 1, [1])
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["d"]), helper.make_node("Add", ["a", "a"], ["b"])],
        "body",
        [helper.make_tensor_value_info(*one) for one in (("i", 7, []), ("c", 9, []), ("a", 1, [1]))],
        [helper.make_tensor_value_info(*one) for one in (("d", 9, []), ("b", 1, [1]))],
    )
    nodes = [
        helper.make_node("Constant", [], ["on"], value=helper.make_tensor("v", 9, [], [True])),
        helper.make_node("Loop", ["", "on", "x"], ["y"], body=body),
    ]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", 1, [1])], [value])
    return helper.make_model(graph, ir_version=8).SerializeToString()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "limits"),
    [
        (looping(), {}),  # nothing is run that was not read
        (b"no model", {}),
        (GEMM.read_bytes(), {"SECONDS": 0}),
        (GEMM.read_bytes(), {"MEMORY": 20 << 20}),
    ],
    ids=["loop", "none", "time", "memory"],
)
def test_what_cannot_be_run_within_its_limits_is_refused(model, limits, monkeypatch):
    for name, limit in limits.items():
        monkeypatch.setattr(onnx_runs, name, limit)
    with pytest.raises(InvalidNetwork, match="cannot be run by onnx's reference implementation") as refusal:
        run_apart(model, BITS)
    assert refusal.value.item == "ONNX file"
    assert "safetensors or JSON" in refusal.value.cure


@pytest.mark.parametrize(
    ("element_type", "encoding", "refusal"),
    [
        (6, "", ""),
        (7, "-1, 2", ""),
        (9, "", ""),
        (7, "0, 0.5", "input: is read as int64, which cannot be 0.5"),
        (9, "-1, 1", "input: is read as bool, which cannot be -1"),
    ],
)
@pytest.mark.parametrize("first", [1, 7])
def test_a_graph_that_takes_whole_numbers_is_run_on_these_alone(element_type, encoding, refusal, first, monkeypatch):
    casts = [helper.make_node("Cast", ["x"], ["i"], to=first), helper.make_node("Cast", ["i"], ["f"], to=1)]
    model = onnx_file([*casts, helper.make_node("Gemm", ["f", "w", "b"], ["h"], transB=1), RELU, LAST])
    model.graph.input[0].type.tensor_type.elem_type = element_type
    monkeypatch.setattr(onnx_runs, "run_apart", lambda model, rows: OnnxChain.of(model).run(rows))
    draft = read_file(model.SerializeToString())
    with pytest.raises(InvalidNetwork, match=refusal) if refusal else nullcontext():
        assert take_in(draft, Declaration(encoding=encoding)).network == draft.network


def test_a_file_that_answers_otherwise_than_was_read_is_refused(monkeypatch):
    monkeypatch.setattr(onnx_runs, "run_apart", lambda _model, rows: np.full((len(rows), 1), 0.25))
    with pytest.raises(InvalidNetwork, match=r"is 0\.25 on row 0"):
        pluriscope.explain(GEMM)


def test_data_beside_are_files_of_that_folder(tmp_path):
    kept = (tmp_path / "folder", tmp_path / "other.data")
    kept[0].mkdir()
    for path in (kept[0] / "net.data", kept[1]):
        path.write_bytes(b"numbers")
    (kept[0] / "link.data").symlink_to(kept[1])
    content = beside(kept[0] / "net.onnx")
    assert content("net.data") == b"numbers"
    for name in ("link.data", "missing.data", ".", "../other.data"):
        with pytest.raises(InvalidNetwork, match="is no file beside") as refusal:
            content(name)
        assert "external_data=False" in refusal.value.cure


def test_layers_are_named_where_nothing_states_their_order(tmp_path):
    path = BROUGHT / "g2_input_hidden_output.safetensors"
    with pytest.raises(InvalidNetwork, match=r"the order of its layers: .* several fit"):
        pluriscope.explain(path)
    for names in ("input, hidden, output", ["input", "hidden", "output"]):
        result = pluriscope.explain(path, layers=names)
        assert result.question.task.name == "XOR"
    saved = tmp_path / "result.json"
    saved.write_text(json.dumps(result.document))
    assert pluriscope.load(saved, path, layers=names) == result
    with pytest.raises(InvalidNetwork, match="in order"):
        pluriscope.explain(GEMM, layers="a, b")


def test_all_rows_are_run_in_one_process(monkeypatch):
    """Each alone: what a row answers cannot depend on others."""
    given = []

    def counted(model, rows):
        given.append(len(rows))
        return OnnxChain.of(model).run(rows)

    monkeypatch.setattr(onnx_runs, "run_apart", counted)
    assert read_model(GEMM).file.tasks[0].name == "XOR"
    assert given == [4 + 16]  # those of the task, and those between them
