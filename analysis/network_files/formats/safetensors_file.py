"""Safetensors: tensors with a JSON header, read by the library made for it (https://github.com/huggingface/safetensors).

The header's ``__metadata__``, a map of texts, says what tensors cannot:

    activation         hidden activation; needed where there is a hidden layer
    output_activation  that of the last layer; the hidden one if left out
    negative_slope     of leaky_relu, 0.01 if left out
    name, attribution  texts
    sizes              JSON such as [2, 3, 1]; checked against the tensors
    tasks              JSON as in a network file
    layers             JSON list of layer names in order, where their names do not sort into it

Tensors are called ``LAYER.weight`` [n_out, n_in] and ``LAYER.bias`` [n_out], as a PyTorch ``state_dict`` does, or
``weights.0`` and ``biases.0``. Layers are taken in the order of the numbers in their names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from analysis.errors import AnalysisError, InvalidNetwork
from analysis.network_files.files import (
    DECLARED,
    MAX_LAYERS,
    MAX_NETWORK_BYTES,
    MAX_PARAMETERS,
    NETWORK_FORMAT,
    NetworkFile,
    network_from,
)
from analysis.strict_json import combined, read_object

MAX_HEADER: Final = 100_000
_LENGTH: Final = 8  # bytes that say how long the header is
_ITEM: Final = "safetensors file"
_CURE: Final = "save the network's tensors with save_file of the safetensors library"
_TYPES: Final = ("float64", "float32", "float16")
_JSON: Final = ("sizes", "tasks", "negative_slope", "layers")
_TENSOR: Final = re.compile(
    r"(?:(?P<layer>.{1,80})\.)?(?P<role>weight|bias)|(?P<roles>weights|biases)[._](?P<n>\d{1,3})"
)


def looks_like_safetensors(raw: bytes) -> bool:
    """Whether bytes begin with the length of a header, and a JSON object."""
    return len(raw) > _LENGTH and raw[_LENGTH : _LENGTH + 1] == b"{" and raw[5:_LENGTH] == b"\0\0\0"


def read_safetensors(raw: bytes) -> NetworkFile:
    """Read a network from a safetensors file.

    Args:
        raw: the file's bytes, at most 4,000,000.

    Raises:
        InvalidNetwork: naming every problem that can be seen at once.
        InvalidTask: a truth table is the only problem.
    """
    document = _metadata(raw)
    order = document.pop("layers", None)
    try:
        arrays: dict[str, NDArray[Any]] = load(raw)
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise InvalidNetwork(_ITEM, f"does not hold together ({str(error)[:120]})", _CURE) from None
    layers = _layers(arrays, order)
    if "activation" not in document and len(layers) > 1:
        cause = "does not say which activation its hidden layers have"
        cure = "save it with metadata={'activation': 'relu', 'output_activation': 'sigmoid'} or the like"
        raise InvalidNetwork(_ITEM, cause, cure)
    document.setdefault("activation", "linear")  # one layer has no hidden activation
    without_bias = sum("bias" not in roles for roles in layers.values())
    remark = f"{without_bias} of {len(layers)} layers have no bias in the file; theirs is 0."
    document["weights"] = [roles["weight"].tolist() for roles in layers.values()]
    document["biases"] = [roles.get("bias", np.zeros(len(roles["weight"]))).tolist() for roles in layers.values()]
    return network_from(document, optional=DECLARED, item=_ITEM, remarks=(remark,) if without_bias else ())


def _metadata(raw: bytes) -> dict[str, Any]:
    """The metadata in a file's header as the content of a network file; texts that are JSON are read."""
    if len(raw) > MAX_NETWORK_BYTES:
        raise InvalidNetwork(_ITEM, f"is larger than the limit of {MAX_NETWORK_BYTES:,} bytes", _CURE)
    length = int.from_bytes(raw[:_LENGTH], "little")
    if length > len(raw) - _LENGTH:
        raise InvalidNetwork(_ITEM, f"is cut off: it has {len(raw):,} bytes and its header wants more", _CURE)
    if length > MAX_HEADER:
        raise InvalidNetwork(_ITEM, f"has a header of {length:,} bytes; {MAX_HEADER:,} are the most", _CURE)
    header = raw[_LENGTH : _LENGTH + length]
    given = read_object(header, "safetensors header", InvalidNetwork, MAX_HEADER, _CURE, max_parts=2_000)
    given = given.get("__metadata__", {})
    if not isinstance(given, dict) or not all(isinstance(text, str) for text in given.values()):
        raise InvalidNetwork("metadata", "is no map of texts", "give a text for each key")
    document: dict[str, Any] = dict(given)
    if document.setdefault("format", NETWORK_FORMAT) not in ("pt", "np", NETWORK_FORMAT):
        cause = f"has the format {document['format'][:40]!r}"
        raise InvalidNetwork("metadata", cause, f"leave it out, or use {NETWORK_FORMAT}")
    for key in _JSON:
        if key in document:
            try:
                document[key] = json.loads(document[key])
            except (ValueError, RecursionError):
                raise InvalidNetwork(f"metadata {key}", "is not JSON", "write it with json.dumps") from None
    return document


def _layers(arrays: Mapping[str, NDArray[Any]], order: Any) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Layer → role → numbers, in order."""
    problems: list[AnalysisError] = []
    found: dict[str, dict[str, NDArray[np.float64]]] = {}
    if not arrays or len(arrays) > 2 * MAX_LAYERS:
        raise InvalidNetwork(_ITEM, f"holds {len(arrays):,} tensors", f"give 1 to {2 * MAX_LAYERS}")
    if sum(array.size for array in arrays.values()) > MAX_PARAMETERS:
        raise InvalidNetwork(_ITEM, f"holds more than {MAX_PARAMETERS:,} numbers", "use a smaller network")
    for name, array in arrays.items():
        match = _TENSOR.fullmatch(name)
        role = "" if match is None else "weight" if "weight" in (match["role"] or match["roles"]) else "bias"
        layer = "" if match is None else match["n"] or match["layer"] or ""
        shape = "[n_out, n_in]" if role == "weight" else "[n_out]"
        wrong = None
        if not role:
            wrong = "is neither a weight nor a bias", "call it LAYER.weight or LAYER.bias"
        elif role in found.setdefault(layer, {}):
            wrong = f"is a second {role} of its layer", "give each layer one"
        elif array.dtype.name not in _TYPES:
            wrong = f"has the type {array.dtype.name!r}", f"save it as one of {', '.join(_TYPES)}"
        elif array.ndim != (2 if role == "weight" else 1) or not array.size:
            wrong = f"has the shape {str(list(array.shape))[:60]}", f"give one of the shape {shape}"
        else:
            found[layer][role] = np.asarray(array, dtype=np.float64)
        if wrong is not None:
            problems.append(InvalidNetwork(f"tensor {name[:60]!r}", *wrong))
    if problems:
        raise combined(problems, _ITEM, InvalidNetwork)
    for layer, roles in found.items():
        if "weight" not in roles:
            raise InvalidNetwork(f"layer {layer[:60]!r}", "has a bias and no weight", "give it a weight")
    if order is None:
        return dict(sorted(found.items(), key=lambda entry: _natural(entry[0])))
    if not isinstance(order, list) or sorted(map(str, order)) != sorted(found):
        raise InvalidNetwork(
            "metadata layers", "does not name each layer once", f"name {', '.join(found)[:200]} in order"
        )
    return {str(layer): found[str(layer)] for layer in order}


def _natural(layer: str) -> list[tuple[int, str]]:
    """A key that sorts 10 behind 9."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,9})", layer)]
