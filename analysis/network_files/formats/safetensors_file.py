"""Safetensors: tensors with a JSON header, read by the library made for it (https://github.com/huggingface/safetensors).

The header's ``__metadata__``, a map of texts, says what tensors cannot:

    activation         hidden activation; needed where there is a hidden layer
    output_activation  that of the last layer; the hidden one if left out
    negative_slope     of leaky_relu, 0.01 if left out
    name, attribution  texts
    sizes              JSON such as [2, 3, 1]; checked against the tensors
    tasks              JSON as in a network file
    layers             JSON list of layer names in order, where names and shapes leave it open

What tensors are called is said in :mod:`pluriscope.analysis.network_files.layers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.files import NETWORK_FORMAT
from pluriscope.analysis.network_files.formats.activation_names import OURS
from pluriscope.analysis.network_files.formats.format import (
    Beside,
    FileFormat,
    Tensor,
    WeightsFound,
    bfloat16,
    unwrapped,
)
from pluriscope.analysis.subjects.names import usable_name
from pluriscope.analysis.values.strict_json import read_object, read_value

MAX_HEADER: Final = 100_000
_LENGTH: Final = 8  # bytes that say how long the header is
_ITEM: Final = "safetensors file"
_CURE: Final = "save the network's tensors with save_file of the safetensors library"
_TYPES: Final = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_LIBRARIES: Final = {NETWORK_FORMAT: OURS, "np": OURS, "pt": "torch", "mlx": "mlx", "flax": "jax", "tf": "keras"}
"""The library that means what the metadata says, by its "format"."""
_JSON: Final = ("sizes", "tasks", "negative_slope", "layers")


def looks_like_safetensors(raw: bytes) -> bool:
    """Whether bytes begin with the length of a header, and a JSON object."""
    return len(raw) > _LENGTH and raw[_LENGTH : _LENGTH + 1] == b"{" and raw[5:_LENGTH] == b"\0\0\0"


def read_safetensors(raw: bytes, _beside: Beside | None = None) -> WeightsFound:
    """The tensors of a safetensors file, and what its metadata says.

    Args:
        raw: the file's bytes, at most 4,000,000.

    Raises:
        InvalidNetwork: it does not hold together, or its metadata says what no network file does.
    """
    document = _metadata(raw)
    layers = document.pop("layers", ())
    try:
        tensors = deserialize(raw)  # type: ignore[no-untyped-call]
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        cause = str(error)[:120].encode("unicode_escape").decode()  # it may repeat what no terminal should get
        raise InvalidNetwork(_ITEM, f"does not hold together ({cause})", _CURE) from None
    if "activation" in document:
        document.setdefault("output_activation", document["activation"])
    library = _LIBRARIES[document["format"]]
    found = {name: _tensor(tensor) for name, tensor in sorted(tensors, key=lambda one: str(one[0]))}
    return WeightsFound(_ITEM, unwrapped(found), document, layers, in_order=False, library=library)


def _tensor(tensor: Mapping[str, Any]) -> Tensor:
    known = tensor["dtype"] in _TYPES
    return Tensor(tensor["dtype"], tuple(tensor["shape"]), partial(_array, tensor) if known else None)


def _metadata(raw: bytes) -> dict[str, Any]:
    """The metadata in a file's header as the content of a network file; texts that are JSON are read."""
    length = int.from_bytes(raw[:_LENGTH], "little")
    if length > len(raw) - _LENGTH:
        raise InvalidNetwork(_ITEM, f"is cut off: it has {len(raw):,} bytes and its header wants more", _CURE)
    if length > MAX_HEADER:
        raise InvalidNetwork(_ITEM, f"has a header of {length:,} bytes; {MAX_HEADER:,} are the most", _CURE)
    header = raw[_LENGTH : _LENGTH + length]
    given = read_object(header, "safetensors header", InvalidNetwork, MAX_HEADER, _CURE, max_parts=2_000)
    given = given.get("__metadata__") or {}  # MLX writes null
    if not isinstance(given, dict) or not all(isinstance(text, str) for text in given.values()):
        raise InvalidNetwork("metadata", "is no map of texts", "give a text for each key")
    document: dict[str, Any] = dict(given)
    if not usable_name(document.get("name", "")):  # what it is called is then as if it said nothing
        document.pop("name", None)
    if document.setdefault("format", NETWORK_FORMAT) not in _LIBRARIES:
        cause = f"has the format {document['format'][:40]!r}"
        raise InvalidNetwork("metadata", cause, f"leave it out, or use {NETWORK_FORMAT}")
    for key in _JSON:
        if key in document:
            form = 'a JSON list of names, such as ["first", "second"]' if key == "layers" else "it with json.dumps"
            raw = document[key].encode("utf-8", "surrogatepass")
            document[key] = read_value(raw, f"metadata {key}", InvalidNetwork, MAX_HEADER, f"write {form}")
    return document


def _array(tensor: Mapping[str, Any]) -> NDArray[Any]:
    data, kind = tensor["data"], tensor["dtype"]
    return bfloat16(data) if kind == "BF16" else np.frombuffer(data, _TYPES[kind])


SAFETENSORS: Final = FileFormat(
    "safetensors", "safetensors", (".safetensors",), looks_like_safetensors, read_safetensors
)
