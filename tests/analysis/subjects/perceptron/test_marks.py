"""Formats known by what they are: those of one row of the table of marks refused with what makes a readable file, and
small ones read as their packages answer.
"""

import io
import json
import re
import warnings
import zipfile

import joblib
import numpy as np
import pytest
import torch
import torch.distributed.checkpoint
import torch.package
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pluriscope.analysis.errors import AnalysisError, InvalidNetwork
from pluriscope.analysis.network_files.declaration import Declaration
from pluriscope.analysis.network_files.formats.marks import MARKS, SCIKIT_LEARN
from pluriscope.analysis.network_files.formats.registry import format_of
from pluriscope.analysis.network_files.intake import read_any, take_in
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.library.models import read_model
from tests.checkout import ROOT

MARKED = ROOT / "tests/fixtures/marked"
X, Y = input_table(2), [0, 1, 1, 0]


def fitted():
    return MLPClassifier((3,), solver="lbfgs", tol=1.0, random_state=1).fit(X, Y)


def traced(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
        torch.jit.trace(module, torch.zeros(1, 2)).save(path)
    return module


def packaged(path):
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
    with warnings.catch_warnings(), torch.package.PackageExporter(str(path)) as exporter:
        warnings.simplefilter("ignore")
        exporter.extern("**")
        exporter.save_pickle("model", "model.pkl", module)
    return module


MADE = {
    "torchscript": traced,
    "torch-package": packaged,
    "joblib": lambda path: joblib.dump(fitted(), path, compress=3),
}
"""Files of packages that are here; of the others ``MARKED`` has some that they wrote."""


def brought(key, folder):
    """Where a file or folder of a mark is."""
    if key in MADE:
        MADE[key](folder / "FILE")
        return folder / "FILE"
    (kept,) = (one for one in MARKED.iterdir() if one.stem == key)
    if kept.suffix != ".zip" or key == "stable-baselines3":
        return kept
    zipfile.ZipFile(kept).extractall(folder / key)
    return folder / key


@pytest.mark.parametrize("mark", MARKS, ids=lambda one: one.key)
def test_a_file_or_folder_is_named_by_its_mark(mark, tmp_path):
    path = brought(mark.key, tmp_path)
    with pytest.raises(InvalidNetwork, match=re.escape(f"is {mark.name}, which is not read here")) as refusal:
        read_model(path, "XOR")
    assert refusal.value.cure == mark.cure
    assert "FILE" in mark.cure or "pluriscope.export" in mark.cure
    raw = (MARKED / f"{mark.key}.zip" if path.is_dir() else path).read_bytes()
    for cut in range(0, len(raw), max(1, len(raw) // 40)):  # refused whatever is lost of it
        with pytest.raises(AnalysisError):
            take_in(read_any(raw[:cut]), Declaration()).file()


READ = {
    "mlx.safetensors": (("tanh", "sigmoid"), [0.474, 0.495, 0.391, 0.414], 1e-3),
    "exported.pt2": (
        ("tanh", "linear"),
        [[0.14445969, -0.6288659], [-0.26269442, -0.03629136], [-0.15427083, -0.3033671], [-0.4980575, 0.2225419]],
        1e-6,
    ),
    "brainjs1.json": (("", ""), [0.05516201, -0.73995441, 0.8054896, -0.01137961], 1e-7),
    "brainjs2.json": (("", ""), [0.32399684, 1.09421587, 0.3151038, 0.32282802], 1e-7),
    "scaled.nnet": (("", ""), [1.64375, -1.68625, -1.2925, -4.70125], 1e-12),
}
"""What is declared beside a file, and what the package answers on the rows 00, 01, 10, 11; for .nnet it is Marabou 2.0
with normalize=True.
"""


@pytest.mark.parametrize("name", READ)
def test_small_formats_are_read_as_their_packages_answer(name):
    (hidden, last), answers, close = READ[name]
    declared = Declaration(activation=hidden, output_activation=last, output_is="value" if hidden else "")
    raw = (MARKED / name).read_bytes()
    file = read_any(raw, declared=declared)
    found = forward(file.network, X)
    np.testing.assert_allclose(found, np.reshape(answers, found.shape), atol=close)
    for cut in range(0, len(raw) - 12, max(1, len(raw) // 60)):
        with pytest.raises(AnalysisError):
            take_in(read_any(raw[:cut], declared=declared), declared).file()
    assert name.endswith(".json") or f".{name.rpartition('.')[2]}" in format_of(raw).suffixes


def cured(cure, folder, monkeypatch, **names):
    """Run the lines of a cure where the file is."""
    monkeypatch.chdir(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec("\n".join(re.findall("`(.+?)`", cure)), names)  # noqa: S102


def distributed(path):
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.distributed.checkpoint.save(module.state_dict(), checkpoint_id=path)
    return module


@pytest.mark.parametrize(
    ("key", "make"), {"torchscript": traced, "torch-package": packaged, "torch-distributed": distributed}.items()
)
def test_the_lines_for_a_module_of_torch_write_its_weights(key, make, tmp_path, monkeypatch):
    module = make(tmp_path / "FILE")
    (mark,) = (one for one in MARKS if one.key == key)
    cured(mark.cure, tmp_path, monkeypatch)
    network = read_any((tmp_path / "weights.pt").read_bytes(), declared=Declaration(activation="relu")).network
    np.testing.assert_array_equal(network.weights[0], module.state_dict()["0.weight"].double())


@pytest.mark.slow
@pytest.mark.parametrize("compress", [0, 3])
@pytest.mark.parametrize(
    "model",
    [
        fitted,
        lambda: make_pipeline(StandardScaler(), fitted()).fit(X, Y),
        lambda: GridSearchCV(fitted(), {"alpha": [0.1, 1.0]}, cv=2).fit([*X, *X, *X], Y * 3),
    ],
    ids=["model", "pipeline", "search"],
)
def test_the_lines_for_scikit_learn_write_what_it_computes(model, compress, tmp_path, monkeypatch):
    made = model()
    joblib.dump(made, tmp_path / "FILE", compress=compress)
    with pytest.raises(InvalidNetwork, match=r"scikit-learn|joblib") as refusal:
        read_any((tmp_path / "FILE").read_bytes())
    assert refusal.value.cure == SCIKIT_LEARN
    cured(SCIKIT_LEARN, tmp_path, monkeypatch)
    network = read_any((tmp_path / "network.json").read_bytes()).network
    np.testing.assert_allclose(forward(network, X)[:, 0], made.predict_proba(X)[:, 1], atol=1e-9)


BRAIN = json.loads((MARKED / "brainjs2.json").read_text())
OLD = json.loads((MARKED / "brainjs1.json").read_text())


def brain(document=BRAIN, **changes):
    return json.dumps(document | changes).encode()


def nnet(old, new):
    return (MARKED / "scaled.nnet").read_bytes().replace(old, new, 1)


def exported(old, new):
    content = io.BytesIO()
    with zipfile.ZipFile(MARKED / "exported.pt2") as kept, zipfile.ZipFile(content, "w") as made:
        for name in kept.namelist():
            made.writestr(
                name, kept.read(name).replace(old, new) if name.endswith("weights_config.json") else kept.read(name)
            )
    return content.getvalue()


WRONG = {
    "old leaky ReLU": (brain(OLD, activation="leaky-relu", trainOpts={}), "versions before 2 compute something else"),
    "recurrent": (brain(type="LSTM"), "is of the kind 'LSTM'"),
    "another activation": (brain(trainOpts={"activation": "swish"}), "has the activation 'swish'"),
    "no layers": (brain(layers=[]), "lacks weights, or has others"),
    "a layer of text": (brain(layers=["a", "b"]), "lacks weights, or has others"),
    "a key that no node has": (brain(OLD, layers=[{"z": {}}, *OLD["layers"][1:]]), "lacks weights, or has others"),
    "layers that do not fit": (brain(layers=[*BRAIN["layers"], BRAIN["layers"][1]]), "weights[2]"),
    "deep": (b'{"trainOpts":{},"layers":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "nested too deeply"),
    "other sizes": (nnet(b"2, 3, 1", b"2, 4, 1"), "other numbers than it says"),
    "many layers": (nnet(b"2, 2, 1, 3", b"4000000, 2, 1, 3"), "other numbers than it says"),
    "no number": (nnet(b"0.25", b"x"), "other numbers than it says"),
    "a range of 0": (nnet(b"2.0,0.5,3.0", b"0,0.5,3.0"), "other numbers than it says"),
    "NaN": (nnet(b"-0.2,", b"nan,"), "NaN"),
    "storage elsewhere": (exported(b'"weight_0"', b'"../../model"'), "what is not known here"),
    "other strides": (
        exported(b'"as_int": 2}, {"as_int": 1', b'"as_int": 9}, {"as_int": 1'),
        "not what its tensors want",
    ),
    "a type of whole numbers": (exported(b'"dtype": 7', b'"dtype": 5'), "has the type 5"),
    "pickled": (exported(b'"use_pickle": false', b'"use_pickle": true'), "has the type 7"),
    "empty lists": (b"\x81\xa1a" + b"\xdc\x27\x10" + b"\x90" * 10_000, "is damaged"),
    "lists in lists": (b"\x81\xa1a" + b"\x91" * 1_000_000, "is damaged"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_in_such_files_is_said(case):
    raw, cause = WRONG[case]
    with pytest.raises(AnalysisError, match=re.escape(cause)):
        read_any(raw, declared=Declaration(activation="tanh", output_activation="linear", output_is="value"))


def test_rows_on_which_a_file_clips_its_inputs_are_refused():
    raw, sign = nnet(b"-0.5,-1.0,", b"0.5,-1.0,"), Declaration(output_is="logit", task="decisions")
    with pytest.raises(InvalidNetwork, match=r"as its layers were read.*does not clip them \(encoding\)"):
        take_in(read_any(raw, declared=sign), sign)
    assert take_in(read_any(nnet(b"", b""), declared=sign), sign).file().tasks[0].truth_table == (1, 0, 0, 0)


@pytest.mark.parametrize("what", ["empty", "deep", "many", "of code"])
def test_a_folder_that_is_no_model_is_refused(what, tmp_path):
    (tmp_path / "code").mkdir()
    if what == "deep":
        tmp_path.joinpath(*"a" * 500).mkdir(parents=True)
    for n in range({"many": 2_000, "of code": 3}.get(what, 0)):
        (tmp_path / "code" / f"{n}.py").touch()
    with pytest.raises(InvalidNetwork, match="is a folder, and of no package that is known here"):
        read_model(tmp_path, "XOR")
