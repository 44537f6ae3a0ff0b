"""Networks from safetensors and ONNX files."""

import json
import struct

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save

from analysis.errors import InvalidNetwork
from analysis.network_files.intake import read_any
from analysis.networks.mlp import forward
from analysis.tasks import input_table

W1, B1 = np.array([[1.0, 1.0], [1.0, 1.0], [0.5, -0.25]]), np.array([0.0, -1.0, 0.125])
W2, B2 = np.array([[1.0, -2.0, 0.5]]), np.array([0.0625])
RELU = {"activation": "relu", "output_activation": "linear"}


def tensors(names=("0.weight", "0.bias", "2.weight", "2.bias"), dtype=np.float32, **metadata):
    arrays = dict(zip(names, (W1, B1, W2, B2), strict=True))
    return save({name: array.astype(dtype) for name, array in arrays.items()}, metadata=RELU | metadata)


def onnx_file(nodes, stored, inputs=("x",), output="y", name="graph", **changes):
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(i, TensorProto.FLOAT, ["rows", 2]) for i in inputs],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["rows", 1])],
        [numpy_helper.from_array(array.astype(np.float32), key) for key, array in stored.items()],
    )
    return helper.make_model(graph, **changes).SerializeToString()


def relu_chain(**changes):
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["h"], transB=1),
        helper.make_node("Relu", ["h"], ["a"]),
        helper.make_node("MatMul", ["a", "w2"], ["z"]),
        helper.make_node("Add", ["b2", "z"], ["y"]),
    ]
    return onnx_file(nodes, {"w1": W1, "b1": B1, "w2": W2.T, "b2": B2}, **changes)


def expected_outputs():
    hidden = np.maximum(input_table(2) @ W1.T + B1, 0)
    return hidden @ W2.T + B2


@pytest.mark.parametrize(
    "raw",
    [
        tensors(),
        tensors(dtype=np.float64),
        tensors(dtype=np.float16),  # all of these numbers are float16 exactly
        tensors(("weights.0", "biases.0", "weights.1", "biases.1")),
        tensors(("fc9.weight", "fc9.bias", "fc10.weight", "fc10.bias")),
        tensors(("z.weight", "z.bias", "a.weight", "a.bias"), layers='["z", "a"]'),
        relu_chain(),
    ],
)
def test_the_same_network_comes_out_of_every_form(raw):
    draft = read_any(raw)
    assert (draft.network.activation, draft.network.output_activation) == ("relu", "linear")
    np.testing.assert_array_equal(forward(draft.network, input_table(2)), expected_outputs())
    assert draft.tasks == ()


def test_metadata_may_say_all_that_a_network_file_says():
    tasks = [{"name": "XOR", "truth_table": [0, 1, 1, 0]}]
    more = {"name": "mine", "attribution": "CC0", "sizes": "[2, 3, 1]", "tasks": json.dumps(tasks), "format": "pt"}
    draft = read_any(tensors(**more))
    assert (draft.name, draft.attribution, draft.tasks[0].name) == ("mine", "CC0", "XOR")


def test_layers_without_bias_are_told():
    draft = read_any(save({"0.weight": W1, "1.weight": W2}, metadata=RELU))
    assert "2 of 2 layers have no bias" in draft.remarks[0]
    assert not draft.network.biases[0].any()


@pytest.mark.parametrize(
    ("operator", "activation"), [("Tanh", "tanh"), ("Sigmoid", "sigmoid"), ("LeakyRelu", "leaky_relu")]
)
def test_activations_of_onnx(operator, activation):
    options = {"alpha": 0.2} if operator == "LeakyRelu" else {}
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["h"], transB=1),
        helper.make_node(operator, ["h"], ["a"], **options),
        helper.make_node("Identity", ["a"], ["i"]),
        helper.make_node("Gemm", ["i", "w2"], ["z"], transB=1, alpha=2.0),
        helper.make_node(operator, ["z"], ["y"], **options),
    ]
    network = read_any(onnx_file(nodes, {"w1": W1, "b1": B1, "w2": W2})).network
    assert (network.activation, network.output_activation) == (activation, activation)
    assert network.negative_slope == (0.2 if options else None)
    np.testing.assert_array_equal(network.weights[1], 2 * W2)


def test_an_unknown_operator_is_refused_by_name():
    nodes = [helper.make_node("Gelu", ["x"], ["a"]), helper.make_node("Loop", ["a"], ["y"])]
    with pytest.raises(InvalidNetwork, match="operators Gelu, Loop"):
        read_any(onnx_file(nodes, {}))


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([helper.make_node("Relu", ["x"], ["y"])], "does not follow a dense layer"),
        ([helper.make_node("MatMul", ["w", "x"], ["y"])], "does not read the layer before as its first input"),
        ([helper.make_node("MatMul", ["x", "nowhere"], ["y"])], "is no stored tensor"),
        ([helper.make_node("Gemm", ["x", "w"], ["y"], transA=1)], "transA"),
        ([helper.make_node("Add", ["x", "w"], ["y"])], "adds something"),
        (
            [helper.make_node("MatMul", ["x", "w"], ["a"]), helper.make_node("MatMul", ["x", "w"], ["y"])],
            "a chain has one",
        ),
    ],
)
def test_what_is_no_chain_of_dense_layers_is_refused(nodes, words):
    with pytest.raises(InvalidNetwork, match=words):
        read_any(onnx_file(nodes, {"w": W1.T}))


def test_hidden_layers_must_share_their_activation():
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "v"], ["c"]),
        helper.make_node("Tanh", ["c"], ["d"]),
        helper.make_node("MatMul", ["d", "u"], ["y"]),
    ]
    with pytest.raises(InvalidNetwork, match=r"different kinds \(relu, tanh"):
        read_any(onnx_file(nodes, {"w": W1.T, "v": np.eye(3), "u": W2.T}))


def test_data_in_another_file_is_refused_without_opening_it(tmp_path):
    model = onnx.load_from_string(relu_chain())
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=str(tmp_path / "no-such-file"))
    with pytest.raises(InvalidNetwork, match="keeps its data in another file"):
        read_any(model.SerializeToString())


def test_a_file_without_its_activation_says_what_to_add():
    with pytest.raises(InvalidNetwork, match="metadata="):
        read_any(save({"0.weight": W1, "0.bias": B1, "2.weight": W2, "2.bias": B2}))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"\x80\x04K\x01.", "is a pickle"),
        (b"PK\x03\x04", "zip archive"),
        (struct.pack("<Q", 10**6) + b"{}", "is cut off"),
        (tensors(negative_slop="0.1"), "unknown keys: 'negative_slop'"),
        (tensors(sizes="[2, 2, 1]"), "the weights are those of a 2-3-1 network"),
        (tensors(activation="gelu"), "is not a known activation"),
        (save({"0.weight": np.ones((2, 2), np.int64)}, metadata=RELU), "has the type 'int64'"),
        (save({"embedding": W1}, metadata=RELU), "is neither a weight nor a bias"),
        (save({"0.weight": W1, "0.bias": np.array([np.nan, 0, 0])}, metadata=RELU), "NaN"),
    ],
)
def test_refusals(raw, words):
    with pytest.raises(InvalidNetwork, match=words):
        read_any(raw)


def test_a_safetensors_file_may_begin_like_a_pickle():
    """Its first byte is the lowest of a length, so a header of 128 bytes begins as pickles do."""
    found = next(p for n in range(600) if (p := tensors(attribution="x" * (n + 1)))[0] == 0x80)
    assert read_any(found).attribution
