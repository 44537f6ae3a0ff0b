"""Every command reads every format of a network, with the same declarations, and says first what has to be known."""

import json
from zipfile import ZipFile

import numpy as np
import pytest

from tests.app.cli.test_analyse import refused, run
from tests.bad_files import good_document
from tests.checkout import ROOT

RELU = {"activation": "relu", "output_activation": "linear", "negative_slope": None}
ENCODED = {"weights": [[[0.5, 0.5], [0.5, 0.5]], [[1.0, -2.0]]], "biases": [[1.0, 0.0], [0.0]]}  # XOR on −1 and 1
LOGIT = {"weights": [[[1.0, 1.0], [1.0, 1.0]], [[8.0, -16.0]]], "biases": [[0.0, -1.0], [-4.0]]}
COMMANDS = {
    "analyse": ("analyse", "{}", "--plan", "--output", "-"),
    "audit": ("audit", "{}", "--methods", "weights", "--json"),
    "edit": ("edit", "{}", "--rule", "noise", "--set", "size=0.5", "--set", "seed=1", "--output", "-"),
    "changes": ("changes", "{}", "{}"),
    "import": ("import", "{}", "--no-analysis"),
    "ask": ("ask", "stories", "{}"),
}


def as_json(document):
    return json.dumps({key: value for key, value in document.items() if key not in ("name", "sizes", "tasks")}).encode()


def as_safetensors(document):
    from safetensors.numpy import save

    tensors = {f"{k}.weight": np.array(weight) for k, weight in enumerate(document["weights"])}
    tensors |= {f"{k}.bias": np.array(bias) for k, bias in enumerate(document["biases"])}
    return save(tensors, metadata={key: document[key] for key in ("activation", "output_activation")})


def as_onnx(document):
    from onnx import TensorProto, helper, numpy_helper

    stored, nodes, at = [], [], "x"
    for k, pair in enumerate(zip(document["weights"], document["biases"], strict=True)):
        stored += [numpy_helper.from_array(np.array(one), f"{role}{k}") for role, one in zip("wb", pair, strict=True)]
        nodes.append(helper.make_node("Gemm", [at, f"w{k}", f"b{k}"], [f"h{k}"], transB=1))
        nodes += [helper.make_node("Relu", ["h0"], ["a0"])] if k == 0 else []
        at = "a0" if k == 0 else f"h{k}"
    ends = [[helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None, n])] for name, n in (("x", 2), (at, 1))]
    return helper.make_model(helper.make_graph(nodes, "main_graph", *ends, stored), ir_version=8).SerializeToString()


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A network of this document as a file of a format."""
    monkeypatch.setenv("PLURISCOPE_DATA", str(tmp_path / "data"))

    def write(as_bytes, **changes):
        path = tmp_path / as_bytes.__name__
        path.write_bytes(as_bytes(good_document(**RELU | changes)))
        return str(path)

    return write


SLOW = ("ask", "import")  # open a store: in every run with one format


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "as_bytes"),
    [
        pytest.param(command, one, marks=[pytest.mark.release] if command in SLOW and one is not as_onnx else [])
        for command in COMMANDS
        for one in (as_json, as_safetensors, as_onnx)
    ],
)
def test_a_network_is_read_with_what_is_declared_beside_it(command, as_bytes, written, capsys):
    file = written(as_bytes, **ENCODED)
    given = [part.format(file) for part in COMMANDS[command]]
    assert run(*given, "--encoding", "-1,1") == 0
    first = capsys.readouterr().err
    assert as_bytes is as_onnx or "(2 to 2, relu), " in first  # an ONNX graph is run instead
    assert "'a', which is no number" in refused(capsys, *given, "--encoding", "-1,a")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["analyse", "audit", "changes", "ask"])
def test_where_it_did_not_learn_is_said_first(command, written, capsys):
    other = [{"name": "AND", "truth_table": [0, 0, 0, 1]}]
    path = written(as_json)
    with open(path, "w") as file:
        json.dump(good_document(**RELU, tasks=other), file)
    assert run(*[part.format(path) for part in COMMANDS[command]]) == 0
    first = capsys.readouterr().err.splitlines()[0]
    assert first.startswith("output 0: The whole network itself fails: it is wrong on 3 of 4 rows. 01 gives 1")
    assert "It computes XOR (0110" in first
    assert "What is counted are circuits that are right on more than 0.99 of all rows" in first


def test_a_result_file_says_it_too(written, tmp_path, capsys):
    out = tmp_path / "out.json"
    for task, fails in (("AND", True), ("XOR", False)):
        assert run("analyse", written(as_json), "--task", "name", "--tasks", task, "-o", out, "-q") == 0
        (found,) = json.loads(out.read_text())["outputs"]
        assert ("is wrong on 3 of 4 rows" in found.get("not_learned", "")) == fails
    capsys.readouterr()


def test_a_logit_is_offered_and_read(written, tmp_path, capsys):
    out, given = tmp_path / "out.json", ("--task", "name", "--tasks", "XOR", "-q")
    assert run("analyse", written(as_json, **LOGIT), "-o", out, *given) == 0
    assert "does not say what its output is; logit was taken" in capsys.readouterr().err
    assert json.loads(out.read_text())["outputs"][0]["circuits"]["valid"] == 1
    assert run("analyse", written(as_json, **LOGIT), "-o", out, *given, "--output-is", "logit") == 0
    assert capsys.readouterr().err == ""
    assert json.loads(out.read_text())["outputs"][0]["circuits"]["valid"] == 1


def test_what_contradicts_itself_is_refused(written, capsys):
    given = ("analyse", written(as_json, output_activation="tanh"), "-o", "-")
    assert "are given, and task says decisions" in refused(capsys, *given, "--tasks", "AND", "--task", "decisions")
    assert "already has the activation tanh" in refused(capsys, *given, "--output-is", "logit")


def test_a_folder_of_another_package_is_named_by_every_command(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PLURISCOPE_DATA", str(tmp_path / "data"))
    folder = tmp_path / "checkpoint"
    with ZipFile(ROOT / "tests/fixtures/marked/orbax.zip") as kept:
        kept.extractall(folder)
    for words in COMMANDS.values():
        said = refused(capsys, *(one.format(folder) for one in words))
        assert "is an Orbax checkpoint, which is not read here" in said
