"""JSON: a network file, or a ``state_dict`` as nested lists, whatever its keys are."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.files import (
    DECLARED,
    MAX_NETWORK_BYTES,
    MAX_PARTS,
    NETWORK_FORMAT,
    NetworkFile,
    network_from,
    wrong_format,
)
from pluriscope.analysis.network_files.formats.archive import Archive
from pluriscope.analysis.network_files.formats.brainjs import brain_js_file, is_brain_js
from pluriscope.analysis.network_files.formats.format import (
    Beside,
    FileFormat,
    Tensor,
    WeightsFound,
    tensors_in,
    unread,
)
from pluriscope.analysis.subjects.names import usable_name
from pluriscope.analysis.values.strict_json import kind_of, number_array, read_value

_ITEM: Final = "network file"
_CURE: Final = (
    "give a file of one of the accepted formats that is whole, or JSON with the weights as lists under their names"
)
_KNOWN: Final = (
    "save the weights alone, as safetensors, by torch.save(model.state_dict(), …), as .npz, .keras, ONNX or JSON lists"
)
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_ENTRIES: Final = ("negative_slope", "tasks", "sizes")


def read_json(raw: bytes, _beside: Beside | None = None) -> NetworkFile | WeightsFound:
    """The network of a network file or of brain.js, or the weights in other JSON.

    Raises:
        AnalysisError: no JSON object, another format, or a network file that is none.
    """
    if raw.startswith(b"PK"):
        Archive(raw, "zip archive")  # which says what is damaged
    try:
        document = read_value(raw, _ITEM, InvalidNetwork, MAX_NETWORK_BYTES, _CURE, max_parts=MAX_PARTS)
    except InvalidNetwork as problem:
        if "UTF-8" in problem.cause and b"\0" in raw and raw[:2] not in _UTF_16:  # no text has one
            raise InvalidNetwork(_ITEM, "is of no format that is known here, and no text", _KNOWN) from None
        raise
    if isinstance(document, list) and any(isinstance(one, (list, dict)) for one in document):  # as Keras gives weights
        document = {str(n): one for n, one in enumerate(document)}
    if not isinstance(document, dict):
        raise InvalidNetwork(_ITEM, f"holds {kind_of(document)}, not an object", _CURE)
    if document.get("format") == NETWORK_FORMAT:
        return network_from(document, optional=DECLARED)
    if is_brain_js(document):
        return brain_js_file(document)
    if {"class_name", "config"} <= document.keys():
        raise InvalidNetwork(
            _ITEM, "is the architecture of a Keras model, without weights", 'give model.save("net.keras")'
        )
    held = {key: _of_layers(key, one) for key, one in document.items() if key not in _ENTRIES}
    found, beside, activations = tensors_in(held, _ITEM, _tensor)
    if "format" in document or not found:
        raise wrong_format(document, _CURE)
    entries: dict[str, Any] = {key: document[key] for key in _ENTRIES if key in document} | activations
    if usable_name(document.get("name", "")):
        entries["name"] = document["name"]
    return WeightsFound(_ITEM, found, entries, remarks=unread([key for key in beside if key not in entries]))


def _of_layers(key: str, value: Any) -> Any:
    """Split a list of biases by layer, as those of several layers may look like one matrix; return any other value as
    it is.
    """
    several = (
        key.lower() in ("biases", "bias", "b", "bs", "intercepts", "intercepts_") and isinstance(value, list) and value
    )
    return dict(enumerate(value)) if several and isinstance(value[0], list) else value


def _tensor(value: Any) -> Any:
    """A list of numbers, or of lists of numbers, as a tensor; the value where it is none."""
    if not isinstance(value, list) or not value:
        return value
    rows = value if isinstance(value[0], list) else [value]
    if not all(isinstance(row, list) and row and all(type(one) in (int, float) for one in row) for row in rows):
        return value
    axes = 1 if rows[0] is not value[0] else 2
    shape = (len(value), len(rows[0])) if axes == 2 else (len(value),)
    return Tensor("number", shape, partial(number_array, value, "tensor", axes, InvalidNetwork))


JSON: Final = FileFormat("json", "a network file or a state_dict, as JSON", (".json",), lambda _: True, read_json)
