"""Arrays out of an HDF5 file, of the layout that Keras writes (HDF5 file format specification, versions 0 to 3).

Groups are symbol tables, and the numbers of an array stand in one piece. That is all that is read: links to other
files, data kept elsewhere, virtual datasets, filters and everything newer is refused by name, so that no library has to
be trusted with a stranger's file. Every place is looked up in bytes that are there, each group once, and nothing is
allocated that a file merely announces.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.formats.format import Tensor
from pluriscope.analysis.values.strict_json import MAX_DEPTH

SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
_ITEM: Final = "HDF5 file"
_CURE: Final = 'save the model again by Keras 3: model.save("net.keras")'
_NONE: Final = (1 << 64) - 1
_MOST: Final = 4_000
"""Groups, arrays, nodes of trees and messages that are looked at."""
_REFUSED: Final = {
    0x06: "has links of a newer layout, or to other files",
    0x07: "keeps an array in another file",
    0x0B: "has a filter, such as compression",
}
_FLOATS: Final = {(2, 5): "<f2", (4, 8): "<f4", (8, 11): "<f8"}  # bytes and bits of the exponent


class Hdf5:
    """The arrays of a file by their path, and the texts that are attributes of the whole file.

    Args:
        raw: the file's bytes.

    Raises:
        InvalidNetwork: it is damaged, or laid out otherwise.
    """

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._seen: set[int] = set()
        self._steps = 0
        self.arrays: dict[str, Tensor] = {}
        self.texts: dict[str, bytes] = {}
        if raw[:8] != SIGNATURE or raw[8:9] not in (b"\0", b"\1") or raw[13:15] != b"\x08\x08":
            raise InvalidNetwork(_ITEM, "is of a version that is not read", _CURE)
        self._walk(self._number(64 if raw[8] == 0 else 68), ())

    def _bytes(self, at: int, n: int) -> bytes:
        if at < 0 or at + n > len(self._raw):
            raise InvalidNetwork(_ITEM, "is cut off or damaged", "save or copy it again")
        self._steps += 1
        if self._steps > 100 * _MOST:
            raise InvalidNetwork(_ITEM, "has more parts than are read", _CURE)
        return self._raw[at : at + n]

    def _number(self, at: int, n: int = 8) -> int:
        return int.from_bytes(self._bytes(at, n), "little")

    def _expect(self, at: int, mark: bytes) -> None:
        if self._bytes(at, len(mark)) != mark:
            raise InvalidNetwork(_ITEM, "is damaged, or laid out otherwise than Keras does", _CURE)

    def _walk(self, header: int, path: tuple[str, ...]) -> None:
        """A group with all below it, or an array."""
        if header in self._seen or len(self._seen) > _MOST or len(path) > MAX_DEPTH:
            raise InvalidNetwork(_ITEM, "has a group twice, or more than are read", _CURE)
        self._seen.add(header)
        found: dict[int, tuple[int, int]] = {}
        for kind, at, size in self._messages(header):
            if kind in _REFUSED:
                raise InvalidNetwork(f"{'/'.join(path)[:60]!r} in the {_ITEM}", _REFUSED[kind], _CURE)
            found.setdefault(kind, (at, size))
            if kind == 0x0C and not path:
                self._attribute(at)
        if 0x11 in found:
            table = found[0x11][0]
            for name, target in self._members(self._number(table), self._number(table + 8)):
                self._walk(target, (*path, name))
        elif 0x08 in found and 0x01 in found and 0x03 in found:
            self.arrays["/".join(path)] = self._array("/".join(path)[:60], *(found[kind][0] for kind in (1, 3, 8)))

    def _messages(self, header: int) -> Iterator[tuple[int, int, int]]:
        """The messages of an object: kind, place, bytes."""
        self._expect(header, b"\1")
        blocks = [(header + 16, self._number(header + 8, 4))]
        for at, length in blocks:
            end = at + length
            while at + 8 <= end:
                kind, size = self._number(at, 2), self._number(at + 2, 2)
                if kind == 0x10:
                    blocks.append((self._number(at + 8), self._number(at + 16)))
                    if len(blocks) > 64:
                        raise InvalidNetwork(_ITEM, "has an object in more than 64 pieces", _CURE)
                elif kind:
                    self._bytes(at + 8, size)
                    yield kind, at + 8, size
                at += 8 + size

    def _members(self, tree: int, heap: int) -> Iterator[tuple[str, int]]:
        """Names of a group, and where their headers are."""
        self._expect(heap, b"HEAP")
        names = self._number(heap + 24)
        waiting, seen = [tree], {tree}
        while waiting:
            node = waiting.pop(0)
            if self._bytes(node, 4) == b"SNOD":
                for entry in range(node + 8, node + 8 + 40 * self._number(node + 6, 2), 40):
                    if self._number(entry + 16, 4) == 2:
                        raise InvalidNetwork(_ITEM, "has a soft link", _CURE)
                    at = names + self._number(entry)
                    text = self._bytes(at, min(256, len(self._raw) - at)).partition(b"\0")[0]
                    yield text.decode("ascii", "replace"), self._number(entry + 8)
                continue
            self._expect(node, b"TREE\0")
            for n in range(self._number(node + 6, 2)):
                child = self._number(node + 32 + 16 * n)
                if child in seen or len(seen) > _MOST:
                    raise InvalidNetwork(_ITEM, "has a tree that leads back to itself", _CURE)
                seen.add(child)
                waiting.append(child)

    def _attribute(self, at: int) -> None:
        """An attribute, if it is one text."""
        version, sizes = self._number(at, 1), [self._number(at + 2 + 2 * n, 2) for n in range(3)]
        if version not in (1, 2, 3):
            return
        at += 9 if version == 3 else 8
        starts = [at]
        for size in sizes:
            starts.append(starts[-1] + (-(-size // 8) * 8 if version == 1 else size))
        name = self._bytes(at, sizes[0]).partition(b"\0")[0].decode("ascii", "replace")
        kind, length = self._number(starts[1], 1) & 15, self._number(starts[1] + 4, 4)
        if self._number(starts[2] + 1, 1):
            return  # several
        if kind == 3:
            self.texts[name] = self._bytes(starts[3], length).rstrip(b"\0")
        elif kind == 9 and self._number(starts[1] + 1, 1) & 15 == 1:
            self.texts[name] = self._kept(*(self._number(starts[3] + n, wide) for n, wide in ((4, 8), (12, 4))))

    def _kept(self, heap: int, index: int) -> bytes:
        """Return what the heap of the file keeps under a number."""
        self._expect(heap, b"GCOL\1")
        at, end = heap + 16, heap + self._number(heap + 8)
        while at < end and (key := self._number(at, 2)):
            size = self._number(at + 8)
            if key == index:
                return self._bytes(at + 16, size).rstrip(b"\0")
            at += 16 + -(-size // 8) * 8
        return b""

    def _array(self, name: str, space: int, kind: int, layout: int) -> Tensor:
        version, axes = self._number(space, 1), self._number(space + 1, 1)
        if version not in (1, 2) or axes > 8:
            raise InvalidNetwork(f"{name!r} in the {_ITEM}", "has a shape of a newer layout", _CURE)
        first = space + (8 if version == 1 else 4)
        shape = tuple(self._number(first + 8 * axis) for axis in range(axes))
        size, is_float = self._number(kind + 4, 4), self._number(kind, 1) & 15 == 1
        dtype = _FLOATS.get((size, self._number(kind + 13, 1))) if is_float else None
        if dtype is not None and self._number(kind + 1, 1) & 1:
            dtype = dtype.replace("<", ">")
        if self._number(layout, 1) != 3 or self._number(layout + 1, 1) != 1:
            words = {0: "is kept in its header", 2: "is kept in chunks", 3: "is virtual, made of others"}
            cause = words.get(self._number(layout + 1, 1), "has a layout that is not read")
            if self._number(layout, 1) == 3 and self._number(layout + 1, 1) == 0:
                at, length = layout + 4, self._number(layout + 2, 2)
            else:
                raise InvalidNetwork(f"{name!r} in the {_ITEM}", cause, _CURE)
        else:
            at, length = self._number(layout + 2), self._number(layout + 10)

        def numbers() -> NDArray[Any]:
            n = int(np.prod(shape, dtype=object)) * size
            if n != length or at == _NONE:
                raise InvalidNetwork(f"{name!r} in the {_ITEM}", "has another size than its shape", _CURE)
            return np.frombuffer(self._bytes(at, n), dtype).reshape(shape)

        return Tensor("float" if dtype else "number", shape, numbers if dtype else None)
