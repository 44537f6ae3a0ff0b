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
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from analysis.errors import AnalysisError, InvalidNetwork
from analysis.network_files.files import MAX_LAYERS, MAX_NETWORK_BYTES, NETWORK_FORMAT
from analysis.network_files.formats.draft import MAX_PARAMETERS, NetworkDraft, draft_from_document
from analysis.strict_json import combined, kind_of, read_object

MAX_HEADER: Final = 100_000
_LENGTH: Final = 8  # bytes that say how long the header is
_ITEM: Final = "safetensors file"
_CURE: Final = "save the network's tensors with save_file of the safetensors library"
_TYPES: Final = ("F64", "F32", "F16")
_TEXTS: Final = ("name", "activation", "output_activation", "attribution")
_JSON: Final = ("sizes", "tasks", "negative_slope")
_OWN: Final = ("format", "layers")
_TENSOR: Final = re.compile(
    r"(?:(?P<layer>.{1,80})\.)?(?P<role>weight|bias)|(?P<roles>weights|biases)[._](?P<n>\d{1,3})"
)


def looks_like_safetensors(raw: bytes) -> bool:
    """Whether bytes begin with the length of a header, and a JSON object."""
    return len(raw) > _LENGTH and raw[_LENGTH : _LENGTH + 1] == b"{" and raw[5:_LENGTH] == b"\0\0\0"


def read_safetensors(raw: bytes) -> NetworkDraft:
    """Read a network from a safetensors file.

    Args:
        raw: the file's bytes, at most 4,000,000.

    Raises:
        InvalidNetwork: naming every problem that can be seen at once.
        InvalidTask: a truth table is the only problem.
    """
    header = _header(raw)
    document = _metadata(header.pop("__metadata__", {}))
    order = document.pop("layers", None)
    problems = _tensor_problems(header)
    if problems:
        raise combined(problems, _ITEM, InvalidNetwork)
    layers = _layers(list(header), order)
    if "activation" not in document and len(layers) > 1:
        cause = "does not say which activation its hidden layers have"
        cure = "save it with metadata={'activation': 'relu', 'output_activation': 'sigmoid'} or the like"
        raise InvalidNetwork(_ITEM, cause, cure)
    try:
        tensors: dict[str, NDArray[Any]] = load(raw)
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise InvalidNetwork(_ITEM, f"does not hold together ({str(error)[:120]})", _CURE) from None
    arrays = {name: np.asarray(tensor, dtype=np.float64) for name, tensor in tensors.items()}
    without_bias = [layer for layer, roles in layers.items() if "bias" not in roles]
    for layer in without_bias:
        arrays[f"{layer}\0zero"] = np.zeros(arrays[layers[layer]["weight"]].shape[0])
        layers[layer]["bias"] = f"{layer}\0zero"
    remark = f"{len(without_bias)} of {len(layers)} layers have no bias in the file; theirs is 0."
    document.setdefault("activation", "linear")  # one layer has no hidden activation
    weights = [arrays[roles["weight"]].tolist() for roles in layers.values()]
    biases = [arrays[roles["bias"]].tolist() for roles in layers.values()]
    document |= {"weights": _finite(weights, "weight"), "biases": _finite(biases, "bias")}
    return draft_from_document(document, "safetensors", _ITEM, (remark,) if without_bias else ())


def _header(raw: bytes) -> dict[str, Any]:
    if len(raw) > MAX_NETWORK_BYTES:
        raise InvalidNetwork(_ITEM, f"is larger than the limit of {MAX_NETWORK_BYTES:,} bytes", _CURE)
    length = int.from_bytes(raw[:_LENGTH], "little")
    if len(raw) < _LENGTH or length > len(raw) - _LENGTH:
        raise InvalidNetwork(_ITEM, f"is cut off: it has {len(raw):,} bytes and its header wants more", _CURE)
    if length > MAX_HEADER:
        raise InvalidNetwork(_ITEM, f"has a header of {length:,} bytes; {MAX_HEADER:,} are the most", _CURE)
    item = "safetensors header"
    return read_object(raw[_LENGTH : _LENGTH + length], item, InvalidNetwork, MAX_HEADER, _CURE, max_parts=2_000)


def _metadata(given: Any) -> dict[str, Any]:
    """The metadata as the content of a network file; texts that are JSON are read."""
    if not isinstance(given, dict) or not all(isinstance(text, str) for text in given.values()):
        raise InvalidNetwork("metadata", "is no map of texts", "give a text for each key")
    known = (*_TEXTS, *_JSON, *_OWN)
    unknown = [key for key in given if key not in known]
    if unknown:
        shown = ", ".join(repr(key[:40]) for key in unknown[:5])
        raise InvalidNetwork("metadata", f"has unknown keys: {shown}", f"use only {', '.join(known)}")
    if given.get("format", "pt") not in ("pt", "np", NETWORK_FORMAT):
        raise InvalidNetwork(
            "metadata", f"has the format {given['format'][:40]!r}", f"leave it out, or use {NETWORK_FORMAT}"
        )
    document: dict[str, Any] = {key: given[key] for key in _TEXTS if key in given}
    for key in (*_JSON, "layers"):
        if key in given:
            try:
                document[key] = json.loads(given[key])
            except (ValueError, RecursionError):
                raise InvalidNetwork(f"metadata {key}", "is not JSON", "write it with json.dumps") from None
    return document


def _tensor_problems(header: dict[str, Any]) -> list[AnalysisError]:
    """What is wrong with the tensors as the header announces them, before any memory is taken for them."""
    problems: list[AnalysisError] = []
    if not header:
        return [InvalidNetwork(_ITEM, "holds no tensor", _CURE)]
    if len(header) > 2 * MAX_LAYERS:
        return [InvalidNetwork(_ITEM, f"holds {len(header):,} tensors", f"give at most {2 * MAX_LAYERS}")]
    announced = 0
    for name, tensor in header.items():
        item = f"tensor {name[:60]!r}"
        shape = tensor.get("shape") if isinstance(tensor, dict) else None
        whole = isinstance(shape, list) and all(isinstance(n, int) and not isinstance(n, bool) for n in shape)
        if not isinstance(tensor, dict) or shape is None or not whole:
            problems.append(InvalidNetwork(item, f"is {kind_of(tensor)} without a shape of whole numbers", _CURE))
            continue
        size = int(np.prod([min(max(n, 0), 10**6) for n in shape[:4]], dtype=np.float64))
        announced += size
        if tensor.get("dtype") not in _TYPES:
            cause = f"has the type {str(tensor.get('dtype'))[:20]!r}"
            problems.append(InvalidNetwork(item, cause, f"save it as one of {', '.join(_TYPES)}"))
        match = _TENSOR.fullmatch(name)
        n_axes = 0 if match is None else 2 if "weight" in (match["role"] or match["roles"]) else 1
        if match is None:
            problems.append(
                InvalidNetwork(item, "is neither a weight nor a bias", "call it LAYER.weight or LAYER.bias")
            )
        elif len(shape) != n_axes or not all(n >= 1 for n in shape):
            wanted = "[n_out, n_in]" if n_axes == 2 else "[n_out]"
            problems.append(InvalidNetwork(item, f"has the shape {str(shape)[:60]}", f"give one of the shape {wanted}"))
    if announced > MAX_PARAMETERS:
        cause = f"announces more than {MAX_PARAMETERS:,} numbers"
        problems.append(InvalidNetwork(_ITEM, cause, "use a smaller network"))
    return problems


def _layers(names: list[str], order: Any) -> dict[str, dict[str, str]]:
    """Layer → role → tensor, in order."""
    found: dict[str, dict[str, str]] = {}
    for name in names:
        match = _TENSOR.fullmatch(name)
        assert match is not None  # noqa: S101  checked by _tensor_problems
        layer = match["n"] if match["layer"] is None and match["n"] else match["layer"] or ""
        role = "weight" if "weight" in (match["role"] or match["roles"]) else "bias"
        if role in found.setdefault(layer, {}):
            raise InvalidNetwork(f"tensor {name[:60]!r}", f"is a second {role} of its layer", "give each layer one")
        found[layer][role] = name
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


def _finite(layers: list[Any], role: str) -> list[Any]:
    for layer, numbers in enumerate(layers):
        if not np.isfinite(np.asarray(numbers)).all():
            raise InvalidNetwork(
                f"{role} of layer {layer + 1}", "holds NaN or infinite values", "give finite numbers only"
            )
    return layers
