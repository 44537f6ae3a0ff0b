"""Files of weights that other libraries write: what is read of each, what it leaves open, and what is refused."""

import io
import json
import os
import pickle
import random
import re
import zipfile
import zlib
from collections import OrderedDict

import joblib
import ml_dtypes
import msgpack
import numpy as np
import pytest
import torch
from sklearn.neural_network import MLPClassifier
from torch import nn

from pluriscope.analysis.errors import AnalysisError, InvalidNetwork
from pluriscope.analysis.network_files.declaration import Declaration
from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.analysis.network_files.formats.registry import format_of
from pluriscope.analysis.network_files.intake import as_chosen, read_any, take_in
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.mlp import forward
from tests.checkout import ROOT

BROUGHT = ROOT / "tests/fixtures/brought"
AND_OR = [0, 0, 0, 0, 0, 1, 1, 1]
TANH = Declaration(activation="tanh")
W1, B1 = np.array([[1.0, 1.0], [1.0, 1.0], [0.5, -0.25]]), np.array([0.0, -1.0, 0.125])
W2, B2 = np.array([[1.0, -2.0, 0.5]]), np.array([0.0625])
STATE = {"0.weight": W1, "0.bias": B1, "2.weight": W2, "2.bias": B2}
"""All of these numbers are float16 and bfloat16 exactly."""
RELU = Declaration(activation="relu", output_activation="linear", output_is="value")


def tensors(dtype=torch.float32, **more):
    return OrderedDict((name, torch.tensor(array, dtype=dtype)) for name, array in STATE.items()) | more


def saved(value, **options):
    content = io.BytesIO()
    torch.save(value, content, **options)
    return content.getvalue()


def npz(**arrays):
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def leaves(*arrays):
    content = io.BytesIO()
    for one in arrays:
        np.save(content, one)
    return content.getvalue()


def packed(array):
    inner = msgpack.packb((array.shape, array.dtype.name, array.tobytes()))
    return msgpack.ExtType(1, inner)


def strided():
    """Weights that are views of one storage: transposed, from its middle, and tied."""
    store = torch.zeros(20)
    store[3:9] = torch.tensor(W1.T.ravel())
    state = tensors()
    state["0.weight"] = store[3:9].view(2, 3).T
    state["2.weight"], state["2.bias"] = torch.tensor([[1.0, -2.0, 0.5, 0.0625]])[:, :3], torch.tensor([0.0625])
    return state


def wrapped(prefix):
    return {f"{prefix}{name}": tensor for name, tensor in tensors().items()}


nested = {f"Dense_{n}": {"kernel": w.T.tolist(), "bias": b.tolist()} for n, (w, b) in enumerate([(W1, B1), (W2, B2)])}
SAME = {
    "torch": saved(tensors()),
    "torch float64": saved(tensors(torch.float64)),
    "torch float16": saved(tensors(torch.float16)),
    "torch bfloat16": saved(tensors(torch.bfloat16)),
    "torch before 1.6": saved(tensors(), _use_new_zipfile_serialization=False),
    "torch views": saved(strided()),
    "torch views before 1.6": saved(strided(), _use_new_zipfile_serialization=False),
    "torch parameters": saved({name: nn.Parameter(tensor) for name, tensor in tensors().items()}),
    "torch checkpoint": saved({"epoch": 3, "model_state_dict": tensors(), "loss": 0.25, "tags": ["a", (1, None)]}),
    "torch parallel": saved(wrapped("module.")),
    "torch compiled": saved({"model": wrapped("_orig_mod.module.")}),
    "torch arrays of numpy": saved(STATE),
    "torch with a counter": saved(tensors(scale=torch.tensor(2))),
    "pickle": pickle.dumps(STATE),
    "npz": npz(**STATE),
    "npz without names": npz(arr_0=W1, arr_1=B1, arr_2=W2, arr_3=B2),
    "npz by columns": npz(**{name: np.asfortranarray(one) for name, one in STATE.items()}),
    "npz W1 b1": npz(W1=W1, b1=B1, W2=W2, b2=B2),
    "npz transposed": npz(W1=W1.T, b1=B1, W2=W2.T, b2=B2),
    "npz of scikit-learn": npz(coefs_0=W1.T, intercepts_0=B1, coefs_1=W2.T, intercepts_1=B2),
    "leaves": leaves(W1, B1, W2, B2),
    "leaves behind settings": json.dumps({"width": 3, "activation": "relu"}).encode() + b"\n" + leaves(W1, B1, W2, B2),
    "leaves of bfloat16": leaves(*(one.astype(ml_dtypes.bfloat16) for one in STATE.values())),
    "leaves and settings": leaves(W1.astype(np.float32), B1, np.float64(3.0), W2, B2),
    "msgpack": msgpack.packb({name: packed(one.astype(np.float32)) for name, one in STATE.items()}),
    "msgpack of Flax": msgpack.packb(
        {
            "params": {
                "Dense_0": {"bias": packed(B1), "kernel": packed(np.ascontiguousarray(W1.T))},
                "Dense_1": {"bias": packed(B2), "kernel": packed(np.ascontiguousarray(W2.T))},
            }
        }
    ),
    "JSON": json.dumps({name: one.tolist() for name, one in STATE.items()}).encode(),
    "JSON of Flax": json.dumps({"params": nested}).encode(),
    "JSON of a list of layers": json.dumps(
        [{"w": W1.tolist(), "b": B1.tolist()}, {"w": W2.tolist(), "b": B2.tolist()}]
    ).encode(),
    "JSON of a list": json.dumps([one.tolist() for one in STATE.values()]).encode(),
    "JSON without format": json.dumps(
        {"weights": [W1.tolist(), W2.tolist()], "biases": [B1.tolist(), B2.tolist()]}
    ).encode(),
    "JSON of layers": json.dumps(
        {"layers": [{"W": W1.tolist(), "b": B1.tolist()}, {"W": W2.tolist(), "b": B2.tolist()}]}
    ).encode(),
}


@pytest.mark.parametrize("raw", SAME.values(), ids=SAME)
def test_the_same_network_comes_out_of_every_file(raw):
    draft = read_any(raw, declared=RELU)
    expected = np.maximum(input_table(2) @ W1.T + B1, 0) @ W2.T + B2
    np.testing.assert_array_equal(forward(draft.network, input_table(2)), expected)
    assert draft.questions == ()


MADE = {
    "k3_sequential.keras": {},
    "k3_functional_leaky.keras": {},
    "k3_norm_softmax.keras": {},
    "k3_whole.h5": {},
    "k3.weights.h5": {"activation": "tanh"},
    "flax.msgpack": {"activation": "tanh"},
    "flax_bf16.msgpack": {"activation": "tanh"},
    "equinox_mlp.eqx": {"activation": "tanh"},
    "haiku.npz": {"activation": "tanh"},
    "haiku.pkl": {"activation": "tanh"},
    "torch213.pt": {"activation": "tanh"},
}


@pytest.mark.parametrize(("name", "said"), MADE.items())
def test_files_that_libraries_wrote(name, said):
    declared = Declaration(**said)
    draft = read_any((BROUGHT / name).read_bytes(), declared=declared)
    intake = take_in(draft, declared)
    file = intake.file()
    assert list(file.tasks[0].truth_table) == AND_OR
    assert np.abs(forward(file.network, input_table(3))[:, 0] - AND_OR).max() < 0.05
    assert format_of((BROUGHT / name).read_bytes()).suffixes[0] == "." + name.rpartition(".")[2]


LISTS = {"weights": [W1.tolist(), W2.tolist()], "biases": [B1.tolist(), B2.tolist()]}
NAMED = [
    ({"nonlinearity": "relu"}, "relu", ""),
    ({"act": "ReLU"}, "relu", ""),
    ({"activation": "nn.ReLU()", "lr": 0.1}, "relu", ""),
    ({"activation_function": "torch.nn.ReLU"}, "relu", ""),
    ({"hidden_activation": "relu", "output_activation": "linear"}, "relu", "linear"),
    ({"activations": ["tanh", "sigmoid"]}, "tanh", "sigmoid"),
    ({"activations": ["tanh"]}, "tanh", ""),
    ({"activation": "logistic", "out_activation_": "identity"}, "sigmoid", "linear"),
    ({"activation": None}, "", ""),
]


@pytest.mark.parametrize(("named", "hidden", "last"), NAMED)
def test_activations_that_a_file_names_are_read_and_others_asked(named, hidden, last):
    nested = saved({"config": named, "state_dict": tensors()})
    strings = npz(**STATE, **{key: np.array(one) for key, one in named.items() if one})
    for raw in (json.dumps(LISTS | named).encode(), saved(tensors() | named), nested, strings):
        draft = read_any(raw)
        open_ = {one.field for one in draft.questions}
        assert ("activation" in open_, "output_activation" in open_) == (not hidden, not last)
        assert draft.network.activation == (hidden or draft.network.activation)
        assert draft.network.output_activation == (last or draft.network.output_activation)


def test_what_was_left_out_is_said_with_what_is_wrong():
    unread = npz(**{"0.weight": W1, "1.weight": 3 * W2, "steps": np.array([1.0, 2.0, 3.0, 4.0])})
    with pytest.raises(AnalysisError, match=r"rounds to neither.*'steps'\. Not in the file: the bias of 2 of 2 layers"):
        take_in(read_any(unread, declared=RELU), RELU).file()


def test_a_softmax_is_read_over_two_classes_and_refused_over_more():
    lists = {"W1": W1, "b1": B1, "W2": np.vstack((-W2, W2)), "b2": np.array([0.0, 2.0])}
    said = {"activation": "relu", "out_activation_": "softmax"}
    network = read_any(json.dumps({key: one.tolist() for key, one in lists.items()} | said).encode()).network
    assert (network.n_outputs, network.output_activation) == (1, "sigmoid")
    np.testing.assert_array_equal(network.weights[-1], 2 * W2)
    np.testing.assert_array_equal(network.biases[-1], [2.0])
    lists |= {"W2": np.vstack((W2, W2, W2)), "b2": np.zeros(3)}
    with pytest.raises(InvalidNetwork, match="the largest of 3 outputs"):
        read_any(json.dumps({key: one.tolist() for key, one in lists.items()} | said).encode())


@pytest.mark.parametrize("last", ["linear", "tanh"])
def test_outputs_near_minus_one_and_one_are_read_as_signs(last):
    """XOR on the inputs -1 and 1, by relu(s) - 2 relu(s - 1) with s the number of ones."""
    scale = 2.0 if last == "linear" else 4.0
    lists = {"W1": [[0.5, 0.5], [0.5, 0.5]], "b1": [1.0, 0.0], "W2": [[scale, -2 * scale]], "b2": [-scale / 2]}
    draft = read_any(json.dumps(lists | {"activation": "relu", "output_activation": last}).encode())
    assert {one.field: one.fitting for one in draft.questions} == {"output_is": ("sign",), "encoding": ("-1, 1",)}
    taken = take_in(draft, Declaration())
    assert taken.file().tasks[0].truth_table == (0, 1, 1, 0)
    own, decided = (forward(one, taken.data.clean_rows) for one in (draft.network, taken.network))
    np.testing.assert_allclose(decided, (1 + own) / 2 if last == "tanh" else 1 / (1 + np.exp(-2 * own)), atol=1e-15)


def test_each_layer_may_name_its_own_activation():
    first, last = ({"W": w.tolist(), "b": b.tolist()} for w, b in ((W1, B1), (W2, B2)))
    for second in ({"act": None}, {"act": "linear"}):
        draft = read_any(json.dumps({"layers": [first | {"act": "relu"}, last | second]}).encode())
        assert (draft.network.activation, draft.network.output_activation) == ("relu", "linear")
    three = {"layers": [first | {"act": "relu"}, first | {"act": "tanh"}, last]}
    with pytest.raises(InvalidNetwork, match="named as 'relu', 'tanh', and all hidden layers need the same"):
        read_any(json.dumps(three).encode())


def test_offsets_are_biases_and_thresholds_are_asked_about():
    named = {"first": {"matrix": W1.tolist(), "offset": B1.tolist()}, "last": {"matrix": W2.tolist(), "offset": [0.0]}}
    draft = read_any(json.dumps(named).encode(), declared=RELU)
    np.testing.assert_array_equal(draft.network.biases[0], B1)
    other = npz(s0_matrix=W1, s0_threshold=B1, s1_matrix=W2, s1_threshold=B2)
    with pytest.raises(InvalidNetwork, match=r"'s0_threshold' is as long as the bias that a layer lacks"):
        read_any(other, declared=RELU)


def asked(draft):
    return {one.field: (one.chosen, one.fitting) for one in draft.questions}


def test_what_a_file_does_not_say_is_asked_with_what_fits_chosen():
    raw = (BROUGHT / "torch213.pt").read_bytes()
    draft = read_any(raw)
    found = asked(draft)
    assert found["activation"][0] == "tanh"
    assert found["output_activation"] == ("sigmoid", ("sigmoid",))
    intake = take_in(draft, Declaration())
    assert list(intake.tasks[0].truth_table) == AND_OR
    with pytest.raises(InvalidNetwork, match=r"several fit.*--activation.*tanh"):
        intake.file()
    declared = as_chosen(draft, Declaration())
    assert take_in(read_any(raw, declared=declared), declared).file().network == draft.network


def test_one_answer_that_fits_alone_is_taken_and_named():
    tasks = Declaration(task="name", tasks="XOR")
    layers = {"0.weight": [[9.0, 9.0], [9.0, 9.0]], "0.bias": [-4.5, -13.5], "2.weight": [[1, -1]], "2.bias": [0]}
    intake = take_in(read_any(json.dumps(layers).encode(), declared=tasks), tasks)
    assert asked(intake.draft)["activation"] == ("sigmoid", ("sigmoid",))
    assert intake.file().network.activation == "sigmoid"
    assert any(
        "The file does not say the activation of its hidden layers; sigmoid was taken" in one for one in intake.chosen
    )


def test_signs_are_tried_where_zeros_and_ones_do_not_fit():
    signs = Declaration(activation="relu", output_activation="linear")
    state = {"0.weight": [[0.5, 0.5], [0.5, 0.5]], "0.bias": [1.0, 0.0], "1.weight": [[1.0, -2.0]], "1.bias": [0.0]}
    intake = take_in(read_any(json.dumps(state).encode(), declared=signs), signs)
    assert asked(intake.draft)["encoding"] == ("-1, 1", ("-1, 1",))
    assert intake.file().tasks[0].truth_table == (0, 1, 1, 0)
    assert any("With inputs of 0 and 1 nothing fits" in words for words in intake.chosen)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"activation": "mish"}, "is not a known activation"),
        ({"activation": "tanh", "layers": "0"}, "does not name each layer once"),
        ({"activation": "leaky_relu", "negative_slope": "steep"}, "is no number"),
        ({"activation": "tanh", "output_is": "classes"}, "the network has 1"),
        ({"activation": "tanh", "output_activation": "sigmoid", "output_is": "logit"}, "already has the activation"),
    ],
)
def test_what_is_declared_wrongly_is_refused(said, words):
    declared = Declaration(**said)
    with pytest.raises(AnalysisError, match=words):
        take_in(read_any(SAME["torch"], declared=declared), declared).file()


def test_what_is_declared_may_not_contradict_the_file():
    document = network_file_json(take_in(read_any(SAME["torch"], declared=RELU), RELU).file())
    assert read_any(json.dumps(document).encode(), declared=Declaration(activation="relu"))
    with pytest.raises(InvalidNetwork, match="is given as tanh, and the file says relu"):
        read_any(json.dumps(document).encode(), declared=TANH)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (SAME["torch checkpoint"], r"Not read of the file, as no layer uses it: 'epoch', 'loss', 'tags'"),
        (SAME["torch with a counter"], r"no layer uses it: 'scale'"),
    ],
)
def test_keys_beyond_what_is_used_are_named(raw, words):
    remarks = " ".join(read_any(raw, declared=RELU).remarks)
    assert re.search(words, remarks), remarks


class Writes:
    """Code that a pickle would run: it makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


@pytest.mark.parametrize("old", [False, True])
def test_nothing_in_a_file_of_torch_runs(tmp_path, old):
    target = tmp_path / "written"
    options = {"_use_new_zipfile_serialization": not old}
    for held in (Writes(target), {"weights": Writes(target)}):
        with pytest.raises(
            InvalidNetwork, match=r"would call \(\w+\.mkdir\).*nothing of it was run.*[Dd]o not open it"
        ):
            read_any(saved(held, **options))
    draft = read_any(saved({"state_dict": tensors(), "extra": Writes(target)}, **options), declared=RELU)
    assert draft.network.sizes == (2, 3, 1)
    with pytest.raises(InvalidNetwork):
        read_any(saved({"0.weight": Writes(target), "2.weight": Writes(target)}, **options))
    assert not target.exists()
    torch.load(io.BytesIO(saved(Writes(target), **options)), weights_only=False)
    assert target.exists()  # so it would have


def test_what_a_file_would_call_beside_its_tensors_is_named(tmp_path):
    draft = read_any(saved(tensors() | {"extra": Writes(tmp_path / "written")}), declared=RELU)
    assert re.fullmatch(r"Opened elsewhere, the file would call \w+\.mkdir; nothing .*", draft.remarks[0])
    draft = read_any(saved(tensors() | {"extra": Writes(tmp_path / "written")}))
    with pytest.raises(InvalidNetwork, match=r"\(1\) opened elsewhere, the file would call \w+\.mkdir.*\(2\)"):
        take_in(draft, Declaration()).file()
    assert not (tmp_path / "written").exists()


def scripted():
    content = io.BytesIO()
    torch.jit.save(torch.jit.trace(nn.Linear(2, 1), torch.zeros(1, 2)), content)
    return content.getvalue()


def archive(**files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return content.getvalue()


def without(raw, name):
    """An archive without a member."""
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(content, "w") as new:
        for one in old.infolist():
            if not one.filename.endswith(name):
                new.writestr(one, old.read(one))
    return content.getvalue()


def joblibbed():
    content = io.BytesIO()
    joblib.dump({"coefs_": [W1]}, content)
    return content.getvalue()


def huge():
    """A tensor of 10^12 numbers that are one number."""
    return saved({"0.weight": torch.ones(1).expand(10**6, 10**6), "2.weight": torch.ones(1, 1)})


REFUSED = {
    "a whole module": (saved(nn.Sequential(nn.Linear(2, 1))), "is a whole module", "torch.save(model.state_dict()"),
    "a module in a checkpoint": (saved({"model": nn.Linear(2, 1)}), "is a whole module", "torch.load"),
    "scikit-learn": (lambda: pickle.dumps(MLPClassifier()), "would call (sklearn", "pluriscope.export"),
    "joblib": (joblibbed, "was written by joblib", "np.savez"),
    "compressed joblib": (lambda: zlib.compress(b"x"), "is compressed, as joblib does", "accepted formats"),
    "compiled": (scripted, "TorchScript", "state_dict()"),
    "whole numbers": (saved({n: t.to(torch.int64) for n, t in tensors().items()}), "has the type int64", "float32"),
    "quantised": (saved({"0.weight": torch.ones(2, 2, dtype=torch.float8_e4m3fn)}), "", ""),
    "batch norm": (saved(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)).state_dict()), "batch norm", "fold it"),
    "PReLU": (saved(nn.Sequential(nn.Linear(2, 2), nn.PReLU()).state_dict()), "of a norm or PReLU", "fold it"),
    "convolution": (saved(nn.Conv2d(1, 2, 3).state_dict()), "has the shape", "one of the shape"),
    "no tensors": (saved({"a": 1}), "holds no tensors", "state_dict"),
    "a huge expansion": (huge, "250,000 numbers", "smaller"),
    "a storage is missing": (without(SAME["torch"], "/data/0"), "lacks the numbers of storage", "again"),
    "cut off": (SAME["torch"][:-30], "ends early", "copy it again"),
    "cut off before 1.6": (SAME["torch before 1.6"][:-9], "is cut off", "again"),
    "a bomb": (archive(x__data_dot_pkl=b"N" * 50_000_000), "has more than 1,000,000 bytes", "smaller"),
    "many steps": (archive(x__data_dot_pkl=b"\x80\x02" + b"N0" * 450_000 + b"."), "200,000 steps", "weights alone"),
    "a bomb of arrays": (archive(a_dot_npy=bytes(50_000_000), b_dot_npy=b""), "has more than 4,000,000", "smaller"),
    "objects of numpy": (leaves(np.array([{}, None], object)), "objects, which only a pickle", "floats"),
    "an archive": (archive(readme=b"hello"), "no weights are known", "accepted formats"),
    "two layers that do not fit": (
        npz(W1=np.ones((3, 2)), W2=np.ones((5, 7))),
        "does not read what the one before gives",
        "let each",
    ),
    "code of Keras": ((BROUGHT / "k3_lambda.keras").read_bytes(), "Lambda, which is code of its own", "Dense layers"),
    "HDF5 of another version": (b"\x89HDF\r\n\x1a\n\x03" + bytes(100), "version that is not read", "Keras 3"),
    "HDF5 cut off": ((BROUGHT / "k3.weights.h5").read_bytes()[:2_000], "cut off", "again"),
    "msgpack cut off": ((BROUGHT / "flax.msgpack").read_bytes()[:-5], "is damaged", "to_bytes"),
}


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_with_the_cure(case):
    raw, cause, cure = REFUSED[case]
    with pytest.raises(AnalysisError) as refusal:
        read_any(raw() if callable(raw) else raw)
    assert cause in str(refusal.value)
    assert cure.lower() in str(refusal.value).lower()
    assert len(str(refusal.value)) < 800


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")  # of pickletools
def test_damaged_files_are_refused_or_read_and_nothing_else_happens():
    dice = random.Random(5)
    files = [*SAME.values(), *((BROUGHT / name).read_bytes() for name in MADE)]
    refused = []
    for _ in range(1_500):
        raw = bytearray(dice.choice(files))
        for _ in range(dice.choice([1, 1, 3, 20])):
            raw[dice.randrange(len(raw))] = dice.randrange(256)
        cut = dice.randrange(len(raw)) if dice.random() < 0.3 else len(raw)
        try:
            take_in(read_any(bytes(raw[:cut])), Declaration()).file()
        except AnalysisError as problem:
            refused.append(str(problem))
    assert len(refused) > 300
    assert all(words.isprintable() for words in refused)


@pytest.mark.slow
@pytest.mark.parametrize("deep", [False, True])
def test_a_pickle_that_refers_to_itself_ends(deep):
    """Lists of one list, twenty deep, and a tuple of tuples as a key: both would take for ever to walk through."""
    program = b"\x80\x02" + (b"]q\x00" + b"".join(b"](" + b"h%c" % n * 60 + b"eq%c" % (n + 1) for n in range(20)))
    if deep:
        program = b"\x80\x02})q\x00" + b"".join(b"h%ch%c\x86q%c" % (n, n, n + 1) for n in range(60)) + b"Ns"
    with pytest.raises(InvalidNetwork):
        read_any(archive(x__data_dot_pkl=program + b"."))
