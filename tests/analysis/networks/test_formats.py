"""Networks from safetensors."""

import json
import struct

import numpy as np
import pytest
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
