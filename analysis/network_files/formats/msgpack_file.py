"""Parameters that Flax wrote (``flax.serialization.to_bytes``): msgpack of maps, with arrays as its extension 1."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import msgpack
import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.formats.format import (
    Beside,
    FileFormat,
    Tensor,
    WeightsFound,
    bfloat16,
    tensors_in,
    unread,
)

_ITEM: Final = "msgpack file"
_CURE: Final = "save it by flax.serialization.to_bytes"
_DAMAGED: Final = InvalidNetwork(_ITEM, "is damaged, or none that Flax writes", _CURE)
_MOST: Final = 10_000
"""Lists and maps of a file, and entries of each."""
_ARRAY: Final = 1
"""The extension by which Flax writes an array: shape, type and bytes as msgpack again."""
_SIZES: Final = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}
_FAILURES: Final = (ValueError, TypeError, OverflowError, RecursionError)


def read_msgpack(raw: bytes, _beside: Beside | None = None) -> WeightsFound:
    """The arrays of a msgpack file.

    Raises:
        InvalidNetwork: it is damaged, or holds what Flax does not write.
    """
    found, beside, entries = tensors_in(_unpacked(raw, _extension), _ITEM)
    return WeightsFound(_ITEM, found, entries, in_order=False, remarks=unread(beside))


def _unpacked(raw: bytes, extension: Any) -> Any:
    """The value in bytes; the package bounds how deep it is nested, and each list and map; all of them are counted
    here, as a byte makes an empty one.
    """
    n = 0

    def counted(value: Any) -> Any:
        nonlocal n
        n += 1
        if n > _MOST:
            raise ValueError("too many lists and maps")
        return value

    def mapped(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
        return {str(key): value for key, value in counted(pairs) if isinstance(key, (str, int, bytes))}

    try:
        hooks = {"list_hook": counted, "object_pairs_hook": mapped, "ext_hook": extension}
        bounds = {"max_array_len": _MOST, "max_map_len": _MOST}
        return msgpack.unpackb(raw, strict_map_key=False, unicode_errors="replace", **hooks, **bounds)
    except _FAILURES:
        raise _DAMAGED from None


def _extension(code: int, raw: bytes) -> Any:
    """What an extension holds: of code 1 an array, within which there is none; of others bytes."""
    if code != _ARRAY:
        return raw
    match _unpacked(raw, lambda _code, inner: inner):
        case [list(shape), str() | bytes() as kind, bytes(content)] if all(type(n) is int and n >= 0 for n in shape):
            name = kind.decode("ascii", "replace") if isinstance(kind, bytes) else kind
            if name not in _SIZES:
                return Tensor(name[:20], tuple(shape), None)
            if int(np.prod(shape, dtype=object)) * _SIZES[name] == len(content):
                return Tensor(name, tuple(shape), partial(_numbers, name, content))
    raise _DAMAGED


def _numbers(name: str, content: bytes) -> NDArray[Any]:
    return bfloat16(content) if name == "bfloat16" else np.frombuffer(content, np.dtype(name).newbyteorder("<"))


def _is_msgpack(raw: bytes) -> bool:
    """Whether bytes begin with a map whose first key is a text, as no text does."""
    first, second = raw[:1], raw[1:2]
    return b"\x81" <= first <= b"\x8f" and b"\xa1" <= second <= b"\xbf"


MSGPACK: Final = FileFormat("msgpack", "parameters of Flax", (".msgpack",), _is_msgpack, read_msgpack, "jax")
