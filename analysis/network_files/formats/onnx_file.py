"""ONNX files of dense layers and activations, read by the library made for the format (https://onnx.ai).

The graph must be one chain from its input to its output: Gemm, or MatMul and Add, then Relu, LeakyRelu, Tanh, Sigmoid,
Identity or nothing. Every other operator is refused by its name. Nothing is executed, and no other file is opened:
tensors whose data lie outside the file are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from analysis.errors import InvalidNetwork
from analysis.network_files.chain import Activated, Dense, Step, file_of_steps
from analysis.network_files.files import MAX_LAYERS, MAX_PARAMETERS, NetworkFile

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto

MAX_ONNX_BYTES: Final = 2_000_000
_ITEM: Final = "ONNX file"
_CURE: Final = "give a chain of dense layers (Gemm, or MatMul and Add) and activations"
_ACTIVATIONS: Final[Mapping[str, str]] = {
    "Relu": "relu",
    "LeakyRelu": "leaky_relu",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "Identity": "linear",
}
_OPERATORS: Final = ("Gemm", "MatMul", "Add", *_ACTIVATIONS)
_UNNAMED: Final = ("main_graph", "torch_jit", "torch-jit-export")
_FLOAT_TYPES: Final = {1: 4, 10: 2, 11: 8}  # TensorProto.FLOAT, FLOAT16, DOUBLE → bytes of a number


@dataclass
class _Layer:
    """A dense layer while its nodes are read."""

    weight: NDArray[np.float64]  # [n_out, n_in]
    bias: NDArray[np.float64] | None = None
    activation: str | None = None
    slope: float | None = None


def read_onnx(raw: bytes) -> NetworkFile:
    """Read a network from an ONNX file.

    Args:
        raw: the file's bytes, at most 2,000,000.

    Raises:
        InvalidNetwork: with the first thing that is no chain of dense layers, operators by name.
    """
    if len(raw) > MAX_ONNX_BYTES:
        raise InvalidNetwork(_ITEM, f"is larger than the limit of {MAX_ONNX_BYTES:,} bytes", "use a smaller network")
    # imported here: it takes a tenth of a second that nobody else should wait for
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # ships no types
    from onnx import ModelProto

    model = ModelProto()
    try:
        model.ParseFromString(raw)
    except (DecodeError, ValueError, RecursionError):
        raise InvalidNetwork(_ITEM, "is no ONNX model, or is cut off", _CURE) from None
    if not model.ir_version or not model.HasField("graph"):
        raise InvalidNetwork(_ITEM, "holds no graph", _CURE)
    if len(model.functions):
        raise InvalidNetwork(_ITEM, "defines functions of its own", _CURE)
    name = model.graph.name.strip()
    steps: list[Step] = []
    for layer in _layers(model.graph):
        steps += [Dense(layer.weight, layer.bias), Activated(layer.activation or "linear", layer.slope)]
    return file_of_steps(steps, _ITEM, name="" if name in _UNNAMED else name)


def _layers(graph: GraphProto) -> list[_Layer]:
    """The layers in order, following the chain from the input."""
    most = 4 * MAX_LAYERS
    if max(len(graph.node), len(graph.initializer)) > most or len(graph.sparse_initializer):
        raise InvalidNetwork(
            _ITEM, "holds sparse tensors, or too many nodes or tensors", f"give at most {most} of each"
        )
    others = sorted({_operator(node) for node in graph.node} - set(_OPERATORS))
    if others:
        shown = ", ".join(name[:40] for name in others[:8]) + (" …" if len(others) > 8 else "")
        cure = f"use only {', '.join(_OPERATORS)}"
        raise InvalidNetwork(_ITEM, f"uses the operator{'s' if len(others) > 1 else ''} {shown}", cure)
    stored = {tensor.name: tensor for tensor in graph.initializer}
    inputs = [value.name for value in graph.input if value.name not in stored]
    if len(inputs) != 1 or len(graph.output) != 1:
        cause = f"has {len(inputs)} inputs and {len(graph.output)} outputs"
        raise InvalidNetwork(_ITEM, cause, "give a graph with one input tensor and one output tensor")
    layers: list[_Layer] = []
    at, left = inputs[0], list(graph.node)
    while at != graph.output[0].name:
        following = [node for node in left if at in node.input]
        if len(following) != 1 or len(following[0].output) != 1:
            raise InvalidNetwork(f"tensor {at[:60]!r}", f"is read by {len(following)} nodes; a chain has one", _CURE)
        _take(following[0], at, stored, layers)
        at, left = following[0].output[0], [node for node in left if node is not following[0]]
    if left:
        raise InvalidNetwork(_ITEM, f"has {len(left)} nodes beside the chain from input to output", "remove them")
    return layers


def _operator(node: NodeProto) -> str:
    """Its name, with the domain where it is not ONNX's own."""
    name = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
    return "".join(c if c.isprintable() else "?" for c in name) or "(unnamed)"


def _take(node: NodeProto, source: str, stored: Mapping[str, TensorProto], layers: list[_Layer]) -> None:
    """Read one node of the chain into the layers."""
    known = {"Gemm": ("alpha", "beta", "transA", "transB"), "LeakyRelu": ("alpha",)}.get(node.op_type, ())
    unknown = [attribute.name[:40] for attribute in node.attribute if attribute.name not in known]
    if unknown:
        raise _bad(node, f"has the attributes {', '.join(unknown[:5])}")
    given = {one.name: float(one.f) if one.type == 1 else float(one.i) for one in node.attribute}
    others = [name for name in node.input if name != source]
    match node.op_type:
        case "Gemm" | "MatMul":
            if not 2 <= len(node.input) <= (3 if node.op_type == "Gemm" else 2) or node.input[0] != source:
                raise _bad(node, "does not read the layer before as its first input")
            if given.get("transA", 0):
                raise _bad(node, "transposes its input (transA)")
            weight = _tensor(node, stored, node.input[1], 2) * given.get("alpha", 1.0)
            layers.append(_Layer(weight if given.get("transB", 0) else weight.T))
            if len(node.input) == 3 and node.input[2]:
                _add(node, layers[-1], _tensor(node, stored, node.input[2]) * given.get("beta", 1.0))
        case "Add":
            if not layers or layers[-1].bias is not None or layers[-1].activation is not None or len(others) != 1:
                raise _bad(node, "adds something that is not the bias of a dense layer")
            _add(node, layers[-1], _tensor(node, stored, others[0]))
        case "Identity":
            pass  # changes nothing, wherever it stands
        case operator:
            if not layers or layers[-1].activation is not None:
                raise _bad(node, "does not follow a dense layer")
            layers[-1].activation = _ACTIVATIONS[operator]
            if operator == "LeakyRelu":  # a float32 as the shortest decimal that rounds to it: 0.01, not 0.009999999776
                slope = np.float32(given.get("alpha", 0.01))
                layers[-1].slope = float(np.format_float_positional(slope, unique=True))


def _add(node: NodeProto, layer: _Layer, bias: NDArray[np.float64]) -> None:
    """Give a layer its bias of one number for each neuron; one number alone stands for all."""
    if bias.size not in (1, len(layer.weight)):
        raise _bad(node, f"has a bias of {bias.size} numbers for {len(layer.weight)} neurons")
    layer.bias = np.broadcast_to(bias.reshape(-1), (len(layer.weight),)).copy()


def _tensor(node: NodeProto, stored: Mapping[str, TensorProto], name: str, n_axes: int = 0) -> NDArray[np.float64]:
    """A stored tensor's numbers, of any shape if none is wanted; its size is checked before any are read."""
    tensor = stored.get(name)
    if tensor is None:
        raise _bad(node, f"reads {name[:60]!r}, which is no stored tensor")
    item = f"tensor {name[:60]!r}"
    if tensor.data_location or len(tensor.external_data):
        raise InvalidNetwork(item, "keeps its data in another file", "save the model with its data inside")
    if tensor.data_type not in _FLOAT_TYPES:
        raise InvalidNetwork(item, f"has the element type {tensor.data_type}", "use float16, float32 or float64")
    size = 1
    for n in tensor.dims:
        size *= n if 0 <= n <= MAX_PARAMETERS else MAX_PARAMETERS + 1
        if size > MAX_PARAMETERS:
            raise InvalidNetwork(item, f"announces more than {MAX_PARAMETERS:,} numbers", "use a smaller network")
    from onnx.numpy_helper import to_array

    try:
        array = to_array(tensor)
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidNetwork(item, f"does not hold together ({str(error)[:100]})", _CURE) from None
    if array.size != size:
        raise InvalidNetwork(item, f"holds {array.size:,} numbers and announces {size:,}", _CURE)
    if n_axes and (array.ndim != n_axes or not array.size):
        raise _bad(node, f"has a weight of shape {list(array.shape)}, not of two axes")
    return np.asarray(array, dtype=np.float64)


def _bad(node: NodeProto, cause: str) -> InvalidNetwork:
    return InvalidNetwork(f"{_operator(node)[:40]} node", cause, _CURE)
