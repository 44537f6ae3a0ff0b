"""Networks from safetensors."""

import json
import struct
from itertools import count

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.declaration import Declaration
from pluriscope.analysis.network_files.intake import read_any
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.mlp import forward
from tests.checkout import ROOT

W1, B1 = np.array([[1.0, 1.0], [1.0, 1.0], [0.5, -0.25]]), np.array([0.0, -1.0, 0.125])
W2, B2 = np.array([[1.0, -2.0, 0.5]]), np.array([0.0625])
RELU = {"activation": "relu", "output_activation": "linear"}


def tensors(names=("0.weight", "0.bias", "2.weight", "2.bias"), dtype=np.float32, **metadata):
    arrays = dict(zip(names, (W1, B1, W2, B2), strict=True))
    return save({name: array.astype(dtype) for name, array in arrays.items()}, metadata=RELU | metadata)


def expected_outputs():
    hidden = np.maximum(input_table(2) @ W1.T + B1, 0)
    return hidden @ W2.T + B2


@pytest.mark.parametrize(
    "raw",
    [
        tensors(),
        tensors(dtype=np.float64),
        tensors(dtype=np.float16),  # all of these numbers are float16 exactly, and bfloat16, too
        tensors(dtype=ml_dtypes.bfloat16),
        tensors(("weights.0", "biases.0", "weights.1", "biases.1")),
        tensors(("fc9.weight", "fc9.bias", "fc10.weight", "fc10.bias")),
        tensors(("z.weight", "z.bias", "a.weight", "a.bias"), layers='["z", "a"]'),
    ],
    ids=count(),  # safetensors writes metadata in any order, which would be another name of the test in each process
)
def test_the_same_network_comes_out_of_every_form(raw):
    draft = read_any(raw)
    assert (draft.network.activation, draft.network.output_activation) == ("relu", "linear")
    np.testing.assert_array_equal(forward(draft.network, input_table(2)), expected_outputs())
    assert draft.tasks == ()


def test_kernels_are_read_as_flax_and_keras_save_them():
    square = {"0": (np.array([[1.0, 0.0], [-1.0, 1.0]]), B1[:2]), "1": (np.array([[1.0], [0.25]]), B2)}
    hidden = np.maximum(input_table(2) @ square["0"][0] + B1[:2], 0)
    expected = hidden @ square["1"][0] + B2
    for name in ("params.Dense_{}.{}", "params/Dense_{}/{}", "dense_{}/{}:0"):
        arrays = {
            name.format(n, role): one
            for n, pair in square.items()
            for role, one in zip(("kernel", "bias"), pair, strict=True)
        }
        raw = save({key: np.ascontiguousarray(one) for key, one in arrays.items()}, metadata=RELU)
        np.testing.assert_array_equal(forward(read_any(raw).network, input_table(2)), expected)


def test_metadata_may_say_all_that_a_network_file_says():
    tasks = [{"name": "XOR", "truth_table": [0, 1, 1, 0]}]
    more = {"name": "mine", "attribution": "CC0", "sizes": "[2, 3, 1]", "tasks": json.dumps(tasks), "format": "pt"}
    draft = read_any(tensors(**more))
    assert (draft.name, draft.attribution, draft.tasks[0].name) == ("mine", "CC0", "XOR")


def named(shapes, bias=0, **metadata):
    """A file of layers of these shapes, with as many biases as the given axis of the weights has, or with none."""
    arrays = {f"{name}.weight": np.ones(shape, np.float32) for name, shape in shapes.items()}
    if bias is not None:
        arrays |= {f"{name}.bias": np.zeros(shape[bias], np.float32) for name, shape in shapes.items()}
    return save(arrays, metadata=RELU | metadata)


@pytest.mark.parametrize(
    ("shapes", "metadata", "order"),
    [
        ({"hidden": (4, 3), "input": (3, 2), "output": (1, 4)}, {}, "input hidden output"),
        ({"head": (1, 3), "fc2": (3, 4), "fc1": (4, 2)}, {}, "fc1 fc2 head"),
        ({"up": (3, 1), "down": (1, 3)}, {"sizes": "[3, 1, 3]"}, "down up"),
        ({"up": (3, 1), "down": (1, 3)}, {"tasks": '[{"truth_table": [0, 1]}]'}, "up down"),
        ({"Dense_0": (1, 3), "Dense_1": (3, 2)}, {}, "Dense_1 Dense_0"),
        ({"0.2": (3, 4), "0.0": (4, 2), "2": (1, 3)}, {}, "0.0 0.2 2"),
        ({"fc1": (3, 2), "fc2": (2, 3)}, {"bias": None}, "fc1 fc2"),
        ({"b": (3, 2), "a": (1, 3)}, {"bias": None, "layers": '["b", "a"]'}, "b a"),
    ],
)
def test_the_order_of_layers(shapes, metadata, order):
    draft = read_any(named(shapes, **metadata))
    assert draft.layers == tuple(order.split())
    assert draft.network.sizes[1:] == tuple(shapes[name][0] for name in draft.layers)
    unsaid = "layers" in metadata or (order[0] in "f0" and "head" not in order)
    assert any(", ".join(draft.layers) in remark for remark in draft.remarks) is not unsaid


NO_BIAS = {"bias": None}
SQUARES = {f"{letter}": (2, 2) for letter in "abcdefghijklmnopqrstuvwxyz"}
ASKED = {
    "several": (
        {"hidden": (2, 2), "input": (2, 2), "output": (1, 2)},
        {},
        "hidden, input, output; input, hidden, output",
    ),
    "a circle": ({"up": (3, 1), "down": (1, 3)}, {}, "down, up; up, down"),
    "transposed": ({"a": (2, 3), "b": (3, 1)}, NO_BIAS, "b, a; a.T, b.T"),
    "commas": ({"a,b": (2, 2), "c": (2, 2)}, {}, '["a,b", "c"]; ["c", "a,b"]; ["a,b.T", "c.T"]; ["c.T", "a,b.T"]'),
    "no convention": ({"W1": (2, 2), "W2": (2, 2)}, {}, "1, 2; 1.T, 2.T"),
}


@pytest.mark.parametrize(("shapes", "metadata", "orders"), ASKED.values(), ids=ASKED)
def test_an_order_that_nothing_determines_is_asked(shapes, metadata, orders):
    if "W1" in shapes:
        raw = save({name: np.ones(shape) for name, shape in shapes.items()}, metadata=RELU)
    else:
        raw = named(shapes, **metadata)
    draft = read_any(raw)
    (question,) = (one for one in draft.questions if one.field == "layers")
    assert set(question.choices) == set(orders.split("; "))
    for order in question.choices:
        assert not any(one.field == "layers" for one in read_any(raw, declared=Declaration(layers=order)).questions)


ORDERS = {
    "none": (
        {"a": (3, 2), "b": (1, 4)},
        {},
        r"none fits their shapes \(a \[3, 2\], b \[1, 4\]\)",
        "let each layer read",
    ),
    "too many to try": (SQUARES | {"0": (9, 9), "1": (7, 7)}, {}, "more orders than can be tried", "--layers"),
    "bias in the weight": ({"t1": (4, 3), "t2": (1, 5)}, NO_BIAS, "one number more", "as LAYER.bias"),
    "named": ({"a": (3, 2), "b": (1, 3)}, {"layers": '["b", "a"]'}, "as they were named does not fit", "--layers"),
    "no JSON": ({"a": (3, 2), "b": (1, 3)}, {"layers": "a, b"}, "is not JSON", "a JSON list of names"),
    "named twice": ({"a": (3, 2), "b": (1, 3)}, {"layers": '["a", "a"]'}, "does not name each layer once", "a, b"),
}


@pytest.mark.parametrize(("shapes", "metadata", "cause", "cure"), ORDERS.values(), ids=ORDERS)
def test_an_order_that_does_not_fit_is_refused(shapes, metadata, cause, cure):
    with pytest.raises(InvalidNetwork, match=cause) as refusal:
        read_any(named(shapes, **metadata))
    assert refusal.value.item in ("layers", "metadata layers", "order of the layers", "weight of 0")
    assert cure in refusal.value.cure


@pytest.mark.parametrize("bias", [None, 1])
def test_weights_that_are_stored_the_other_way_round_are_turned_where_shapes_prove_it(bias):
    draft = read_any(named({"0": (2, 3), "2": (3, 1)}, bias=bias))
    assert draft.network.sizes == (2, 3, 1)
    assert any("the only way that fits their shapes" in remark for remark in draft.remarks)


def test_an_order_may_be_named_beside_the_file():
    raw = (ROOT / "tests/fixtures/brought/g2_input_hidden_output.safetensors").read_bytes()
    (question,) = (one for one in read_any(raw).questions if one.field == "layers")
    assert set(question.choices) == {"input, hidden, output", "hidden, input, output"}
    network = read_any(raw, declared=Declaration(layers="input, hidden, output")).network
    np.testing.assert_array_equal(forward(network, input_table(2))[:, 0], [0, 1, 1, 0])


@pytest.mark.parametrize("name", ["/home/me/net", "x" * 201, "a\tb", " "])
def test_a_name_in_the_metadata_that_is_none_is_not_used(name):
    assert read_any(tensors(name=name)).name == ""


def test_layers_without_bias_are_named():
    draft = read_any(save({"0.weight": W1, "1.weight": W2}, metadata=RELU))
    assert "the bias of 2 of 2 layers" in draft.remarks[0]
    assert not draft.network.biases[0].any()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"\x80\x04K\x01.", "is a pickle"),
        (b"PK\x03\x04", "zip archive"),
        (struct.pack("<Q", 10**6) + b"{}", "is cut off"),
        (tensors(negative_slop="0.1"), "unknown keys: 'negative_slop'"),
        (tensors(sizes="[2, 2, 1]"), "the weights are those of a 2-3-1 network"),
        (tensors(activation="mish"), "is none that networks here have"),
        (save({"0.weight": np.ones((2, 2), np.int64)}, metadata=RELU), "has the type I64"),
        (tensors(dtype=ml_dtypes.float8_e4m3fn), "has the type F8_E4M3"),
        (save({"embedding": W1}, metadata=RELU), "no name in it says"),
        (save({"embedding": W1, "0.weight": W1}, metadata=RELU), "is neither a weight nor a bias"),
        (save({"0.weight": W1, "1.running_mean": B1}, metadata=RELU), "batch norm.* [Ff]old it into the layer before"),
        (save({"0.weight": W1, "0.bias": np.array([np.nan, 0, 0])}, metadata=RELU), "NaN"),
    ],
    ids=count(),
)
def test_refusals(raw, words):
    with pytest.raises(InvalidNetwork, match=words):
        read_any(raw)


def test_a_safetensors_file_may_begin_like_a_pickle():
    """Its first byte is the lowest of a length, so a header of 128 bytes begins as pickles do."""
    found = next(p for n in range(600) if (p := tensors(attribution="x" * (n + 1)))[0] == 0x80)
    assert read_any(found).attribution
