"""Safetensors: tensors with a JSON header, read by the library made for it (https://github.com/huggingface/safetensors).

The header's ``__metadata__``, a map of texts, says what tensors cannot:

    activation         hidden activation; needed where there is a hidden layer
    output_activation  that of the last layer; the hidden one if left out
    negative_slope     of leaky_relu, 0.01 if left out
    name, attribution  texts
    sizes              JSON such as [2, 3, 1]; checked against the tensors
    tasks              JSON as in a network file
    layers             JSON list of layer names in order, where neither names nor shapes tell it

Tensors are called ``LAYER.weight`` [n_out, n_in] and ``LAYER.bias`` [n_out], as a PyTorch ``state_dict`` does, or
``weights.0`` and ``biases.0``; or ``LAYER.kernel`` [n_in, n_out], as Flax and Keras do, perhaps with / for the dot.
Layers whose names differ in numbers alone are taken in the order of these. Others are taken in the only order that fits
their shapes; where there are several, or where biases do not tell whether weights are transposed, somebody has to name
one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize

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
from analysis.subjects.names import usable_name

MAX_HEADER: Final = 100_000
_LENGTH: Final = 8  # bytes that say how long the header is
_ITEM: Final = "safetensors file"
_CURE: Final = "save the network's tensors with save_file of the safetensors library"
_TYPES: Final = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_MAX_TRIES: Final = 10_000  # of layers put behind others
Layers = dict[str, dict[str, NDArray[np.float64]]]
"""Layer → role → numbers."""
_JSON: Final = ("sizes", "tasks", "negative_slope", "layers")
_TENSOR: Final = re.compile(
    r"(?:(?P<layer>.{1,80})[./])?(?P<role>weight|bias|kernel)(?::0)?|(?P<roles>weights|biases)[._](?P<n>\d{1,3})"
)


def looks_like_safetensors(raw: bytes) -> bool:
    """Whether bytes begin with the length of a header, and a JSON object."""
    return len(raw) > _LENGTH and raw[_LENGTH : _LENGTH + 1] == b"{" and raw[5:_LENGTH] == b"\0\0\0"


def read_safetensors(raw: bytes, order: Sequence[str] = ()) -> NetworkFile:
    """Read a network from a safetensors file.

    Args:
        raw: the file's bytes, at most 4,000,000.
        order: names of its layers, from the first to the last; () for what the file says, else names or shapes.

    Raises:
        InvalidNetwork: naming every problem that can be seen at once, or an order of layers that nothing tells.
        InvalidTask: a truth table is the only problem.
    """
    document = _metadata(raw)
    named = document.pop("layers", None)
    try:
        tensors = deserialize(raw)  # type: ignore[no-untyped-call]
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        cause = str(error)[:120].encode("unicode_escape").decode()  # it may repeat what no terminal should get
        raise InvalidNetwork(_ITEM, f"does not hold together ({cause})", _CURE) from None
    layers, remarks = _ordered(_layers(dict(sorted(tensors, key=lambda tensor: tensor[0]))), order or named, document)
    if "activation" not in document and len(layers) > 1:
        cause = "does not say which activation its hidden layers have"
        cure = "save it with metadata={'activation': 'relu', 'output_activation': 'sigmoid'} or the like"
        raise InvalidNetwork(_ITEM, cause, cure)
    document.setdefault("activation", "linear")  # one layer has no hidden activation
    without_bias = sum("bias" not in roles for roles in layers.values())
    if without_bias:
        remarks += (f"{without_bias} of {len(layers)} layers have no bias in the file; theirs is 0.",)
    document["weights"] = [roles["weight"].tolist() for roles in layers.values()]
    document["biases"] = [roles.get("bias", np.zeros(len(roles["weight"]))).tolist() for roles in layers.values()]
    return replace(network_from(document, optional=DECLARED, item=_ITEM, remarks=remarks), layers=tuple(layers))


def _metadata(raw: bytes) -> dict[str, Any]:
    """The metadata in a file's header as the content of a network file; texts that are JSON are read."""
    if len(raw) > MAX_NETWORK_BYTES:
        raise InvalidNetwork(_ITEM, f"is larger than the limit of {MAX_NETWORK_BYTES:,} bytes", "use a smaller network")
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
    if not usable_name(document.get("name", "")):  # what it is called is then as if it said nothing
        document.pop("name", None)
    if document.setdefault("format", NETWORK_FORMAT) not in ("pt", "np", NETWORK_FORMAT):
        cause = f"has the format {document['format'][:40]!r}"
        raise InvalidNetwork("metadata", cause, f"leave it out, or use {NETWORK_FORMAT}")
    for key in _JSON:
        if key in document:
            try:
                document[key] = json.loads(document[key])
            except (ValueError, RecursionError):
                form = 'a JSON list of names, such as ["first", "second"]' if key == "layers" else "it with json.dumps"
                raise InvalidNetwork(f"metadata {key}", "is not JSON", f"write {form}") from None
    return document


def _layers(tensors: Mapping[str, Any]) -> Layers:
    """The layers, in the order of the tensors given."""
    problems: list[AnalysisError] = []
    found: Layers = {}
    if not tensors or len(tensors) > 2 * MAX_LAYERS:
        raise InvalidNetwork(_ITEM, f"holds {len(tensors):,} tensors", f"give 1 to {2 * MAX_LAYERS}")
    if sum(prod(tensor["shape"]) for tensor in tensors.values()) > MAX_PARAMETERS:
        raise InvalidNetwork(_ITEM, f"holds more than {MAX_PARAMETERS:,} numbers", "use a smaller network")
    for name, tensor in tensors.items():
        match = _TENSOR.fullmatch(name)
        given = "" if match is None else match["role"] or match["roles"]
        role = given and ("bias" if given.startswith("bias") else "weight")
        layer = "" if match is None else match["n"] or match["layer"] or ""
        shape = "[n_out]" if role == "bias" else "[n_in, n_out]" if given == "kernel" else "[n_out, n_in]"
        wrong = None
        if name.rpartition(".")[2].startswith(("running_", "num_batches")):
            cure = "fold it into the layer before and save that alone, or give the module itself or an ONNX file of it"
            raise InvalidNetwork(f"tensor {name[:60]!r}", "is of a batch norm, which is no dense layer", cure)
        if not role:
            cure = (
                "call it LAYER.weight if its shape is [n_out, n_in], LAYER.kernel if it is [n_in, n_out], or LAYER.bias"
            )
            wrong = "is neither a weight nor a bias", cure
        elif role in found.setdefault(layer, {}):
            wrong = f"is a second {role} of its layer", "give each layer one"
        elif tensor["dtype"] not in _TYPES:
            wrong = f"has the type {tensor['dtype']}", f"save it as one of {', '.join(_TYPES)}"
        elif len(tensor["shape"]) != (2 if role == "weight" else 1) or not prod(tensor["shape"]):
            wrong = f"has the shape {str(tensor['shape'])[:60]}", f"give one of the shape {shape}"
        else:
            found[layer][role] = _array(tensor).T if given == "kernel" else _array(tensor)
        if wrong is not None:
            problems.append(InvalidNetwork(f"tensor {name[:60]!r}", *wrong))
    if problems:
        raise combined(problems, _ITEM, InvalidNetwork)
    for layer, roles in found.items():
        if "weight" not in roles:
            raise InvalidNetwork(f"layer {layer[:60]!r}", "has a bias and no weight", "give it a weight")
    return found


def _array(tensor: Mapping[str, Any]) -> NDArray[np.float64]:
    """Its numbers; those of BF16 are the upper halves of float32."""
    array = np.frombuffer(tensor["data"], _TYPES[tensor["dtype"]])
    if tensor["dtype"] == "BF16":
        array = (array.astype("<u4") << 16).view("<f4")
    with np.errstate(invalid="ignore"):  # of NaN, which is refused with the weights
        return array.astype(np.float64).reshape(tensor["shape"])


def _ordered(found: Layers, named: Any, document: Mapping[str, Any]) -> tuple[Layers, tuple[str, ...]]:
    """The layers from the first to the last, with a remark where their shapes told the order."""
    shapes = {layer: roles["weight"].shape for layer, roles in found.items()}
    shown = ", ".join(f"{layer[:40]} {list(shape)}" for layer, shape in shapes.items())[:400]
    way = "the file's metadata" if "," in "".join(found) else "--layers, layers= or the file's metadata"
    cure = f"name {', '.join(found)[:200]} from the first to the last, by {way}"
    turned = {layer: shape[::-1] for layer, shape in shapes.items()}
    transposed = "transpose weights of the shape [n_in, n_out] to [n_out, n_in], as PyTorch saves them"
    uneven = [layer for layer, (n, m) in shapes.items() if n != m and "bias" in found[layer]]
    for layer in uneven:  # biases tell which way round weights are
        if (n := len(found[layer]["bias"])) == shapes[layer][1]:
            cause = f"has the shape {list(shapes[layer])} beside {n} biases, so it looks transposed"
            raise InvalidNetwork(f"weight of {layer[:60]}", cause, transposed)
    if named:
        if not isinstance(named, (list, tuple)) or sorted(map(str, named)) != sorted(found):
            raise InvalidNetwork("layers", "does not name each layer once", f"name {', '.join(found)[:200]} in order")
        order, source = [str(layer) for layer in named], "as they were named"
    elif _numbered(list(found)):
        order, source = sorted(found, key=_natural), "by the numbers in their names"
    else:
        orders = _fitting(shapes, document)
        if len(orders) > 1:
            cause = f"is not told by their names, and more than one fits their shapes ({shown})"
            raise InvalidNetwork("order of the layers", cause, cure)
        if not uneven and (others := _fitting(turned, document)):
            first = f"as {' then '.join(orders[0])} with weights [n_out, n_in], or " if orders else "only "
            cause = f"is not told by their names, and their shapes ({shown}) fit {first}as {' then '.join(others[0])}"
            cause, cure = f"{cause} with weights [n_in, n_out]", f"{transposed}, or {cure}" if orders else transposed
            raise InvalidNetwork("order of the layers", cause, cure)
        if not orders:
            cause = f"is not told by their names, and none fits their shapes ({shown})"
            raise InvalidNetwork("order of the layers", cause, "let each layer read what one before gives")
        remark = f"Its layers were taken in the only order that fits their shapes: {', '.join(orders[0])}."
        return {layer: found[layer] for layer in orders[0]}, (remark,)
    for before, layer in pairwise(order):
        if shapes[before][0] != shapes[layer][1]:
            cause = f"{source} does not fit: {layer[:60]} reads {shapes[layer][1]} and {before[:60]} before it gives"
            looks = not uneven and all(turned[one][0] == turned[other][1] for one, other in pairwise(order))
            cause += f" {shapes[before][0]}" + (", so the weights look transposed" if looks else "")
            raise InvalidNetwork("order of the layers", cause, transposed if looks else cure)
    return {layer: found[layer] for layer in order}, ()


def _fitting(shapes: Mapping[str, tuple[int, ...]], document: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Orders in which each layer reads what the one before gives, between the sizes that are known; at most two."""
    sizes, tasks = document.get("sizes"), document.get("tasks")
    known: list[Any] = [None] * (len(shapes) + 1)
    if isinstance(sizes, list) and len(sizes) == len(known):
        known = sizes
    elif isinstance(tasks, list) and tasks and isinstance(tasks[0], dict):
        table = tasks[0].get("truth_table")
        known[0], known[-1] = len(table).bit_length() - 1 if isinstance(table, list) else None, len(tasks)
    found: list[tuple[str, ...]] = []
    open_orders: list[tuple[str, ...]] = [()]
    for _ in range(_MAX_TRIES):
        if not open_orders or len(found) > 1:
            return found
        order = open_orders.pop()
        if len(order) == len(shapes):
            found.append(order)
            continue
        reads = shapes[order[-1]][0] if order else known[0]
        gives = known[len(order) + 1]
        for layer, (n_out, n_in) in shapes.items():
            if layer not in order and reads in (None, n_in) and gives in (None, n_out):
                open_orders.append((*order, layer))
    return [(), ()]  # too many to try: not the only one, as far as is known


def _numbered(layers: list[str]) -> bool:
    """Whether names differ in numbers alone."""
    patterns = {re.sub(r"\d+", "#", layer) for layer in layers}
    alike = len(patterns) == 1 and (len(layers) == 1 or "#" in patterns.pop())
    return alike or all(re.fullmatch(r"[\d.]+", layer) for layer in layers)


def _natural(layer: str) -> list[tuple[int, str]]:
    """A key that sorts 10 behind 9."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,9})", layer)]
