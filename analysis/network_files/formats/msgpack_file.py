"""Parameters that Flax wrote (``flax.serialization.to_bytes``): msgpack of maps, with arrays as its extension 1.

The format (https://github.com/msgpack/msgpack/blob/master/spec.md) is small, and only what such files have is read.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

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
from pluriscope.analysis.values.strict_json import MAX_DEPTH

_ITEM: Final = "msgpack file"
_DAMAGED: Final = InvalidNetwork(
    _ITEM, "is damaged, or none that Flax writes", "save it by flax.serialization.to_bytes"
)
_MOST: Final = 10_000
_ARRAY: Final = 1
"""The extension by which Flax writes an array: shape, type and bytes as msgpack again."""
_NUMBERS: Final = {
    0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q",
    0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q",
}  # fmt: skip
_LENGTHS: Final = {  # kind → bytes of the length, and what it is of
    0xC4: (1, "bytes"), 0xC5: (2, "bytes"), 0xC6: (4, "bytes"), 0xD9: (1, "text"), 0xDA: (2, "text"), 0xDB: (4, "text"),
    0xC7: (1, "array"), 0xC8: (2, "array"), 0xC9: (4, "array"), 0xDC: (2, "list"), 0xDD: (4, "list"),
    0xDE: (2, "map"), 0xDF: (4, "map"),
}  # fmt: skip


def read_msgpack(raw: bytes, _beside: Beside | None = None) -> WeightsFound:
    """The arrays of a msgpack file.

    Raises:
        InvalidNetwork: it is damaged, or holds what Flax does not write.
    """
    tree, end = _Reader(raw).value(0)
    if end != len(raw):
        raise _DAMAGED
    found, beside, entries = tensors_in(tree, _ITEM)
    return WeightsFound(_ITEM, found, entries, in_order=False, remarks=unread(beside))


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self.raw, self.at, self.n = raw, 0, 0

    def take(self, n: int) -> bytes:
        if self.at + n > len(self.raw):
            raise _DAMAGED
        self.at += n
        return self.raw[self.at - n : self.at]

    def value(self, depth: int) -> tuple[Any, int]:
        """The next value, and where it ends."""
        self.n += 1
        if depth > MAX_DEPTH or self.n > _MOST:
            raise _DAMAGED
        kind = self.take(1)[0]
        return self._of(kind, depth), self.at

    def _of(self, kind: int, depth: int) -> Any:
        if kind < 0x80 or kind >= 0xE0:
            return kind if kind < 0x80 else kind - 256
        if kind in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[kind]
        if kind in _NUMBERS:
            code = _NUMBERS[kind]
            return struct.unpack(code, self.take(struct.calcsize(code)))[0]
        if kind in _LENGTHS:
            wide, what = _LENGTHS[kind]
            n = int.from_bytes(self.take(wide), "big")
        elif 0xD4 <= kind <= 0xD8:
            n, what = 1 << (kind - 0xD4), "array"
        else:
            n, what = (kind & 31, "text") if kind >= 0xA0 else (kind & 15, "list" if kind >= 0x90 else "map")
        if what == "array":
            extension = self.take(1)[0]
            return _array(self.take(n), depth + 1) if extension == _ARRAY else self.take(n)
        if what in ("bytes", "text"):
            content = self.take(n)
            return content if what == "bytes" else content.decode("utf-8", "replace")
        if n > _MOST:
            raise _DAMAGED
        if what == "list":
            return [self.value(depth + 1)[0] for _ in range(n)]
        pairs = [(self.value(depth + 1)[0], self.value(depth + 1)[0]) for _ in range(n)]
        return {str(key): value for key, value in pairs if isinstance(key, (str, int, bytes))}


def _array(raw: bytes, depth: int) -> Any:
    answer, _ = _Reader(raw).value(depth)
    match answer:
        case [list(shape), str() | bytes() as kind, bytes(content)] if all(type(n) is int and n >= 0 for n in shape):
            name = kind.decode("ascii", "replace") if isinstance(kind, bytes) else kind
            sizes = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}
            if name not in sizes:
                return Tensor(name[:20], tuple(shape), None)
            if int(np.prod(shape, dtype=object)) * sizes[name] == len(content):
                return Tensor(name, tuple(shape), _numbers(name, content))
    raise _DAMAGED


def _numbers(name: str, content: bytes) -> Callable[[], NDArray[Any]]:
    return lambda: bfloat16(content) if name == "bfloat16" else np.frombuffer(content, np.dtype(name).newbyteorder("<"))


def _is_msgpack(raw: bytes) -> bool:
    """Whether bytes begin with a map whose first key is a text, as no text does."""
    first, second = raw[:1], raw[1:2]
    return b"\x81" <= first <= b"\x8f" and b"\xa1" <= second <= b"\xbf"


MSGPACK: Final = FileFormat("msgpack", "parameters of Flax", (".msgpack",), _is_msgpack, read_msgpack)
