"""Arrays of numpy: ``.npz``, and arrays behind each other in one file, as equinox writes the leaves of a module."""

from __future__ import annotations

import ast
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.formats.archive import Archive, members
from pluriscope.analysis.network_files.formats.format import (
    Beside,
    FileFormat,
    Tensor,
    WeightsFound,
    bfloat16,
    tensors_in,
    unread,
)
from pluriscope.analysis.network_files.layers import MAX_TENSORS
from pluriscope.analysis.values.strict_json import read_object

_MAGIC: Final = b"\x93NUMPY"
_MAX_HEADER: Final = 10_000
_BFLOAT16: Final = ("|V2", "<V2")
"""So numpy writes a type that it does not have."""


def read_npz(raw: bytes, _beside: Beside | None = None) -> WeightsFound:
    """The arrays of a ``.npz``; no pickle is opened.

    Raises:
        InvalidNetwork: it is damaged, too large, or holds something else than arrays of numbers.
    """
    item = ".npz file"
    archive = Archive(raw, item)
    if len(archive.sizes) > MAX_TENSORS:
        raise InvalidNetwork(item, f"holds {len(archive.sizes):,} arrays", f"give 1 to {MAX_TENSORS}")
    tree = {name.removesuffix(".npy"): _array(archive.read(name), item)[0] for name in archive.sizes}
    found, beside, entries = tensors_in(tree, item)
    return WeightsFound(item, found, entries, remarks=unread(beside))


def read_leaves(raw: bytes, _beside: Beside | None = None) -> WeightsFound:
    """Arrays that stand behind each other in one file, with a JSON object of settings in a line before them or none;
    errors as of :func:`read_npz`.
    """
    item, found, rest, settings = "file of arrays", dict[str, Any](), raw, dict[str, Any]()
    if raw.startswith(b"{"):
        line, _, rest = raw.partition(b"\n")
        settings = read_object(line, f"first line of the {item}", InvalidNetwork, _MAX_HEADER, "write it as JSON")
    while rest:
        tensor, length = _array(rest, item)
        if isinstance(tensor, Tensor) and tensor.shape:  # a number alone is a setting of equinox
            found[str(len(found))] = tensor
        rest = rest[length:]
        if len(found) > MAX_TENSORS:
            raise InvalidNetwork(item, f"holds more than {MAX_TENSORS} arrays", "use a smaller network")
    found, beside, entries = tensors_in({**settings, **found}, item)
    return WeightsFound(item, found, entries, remarks=unread(beside))


def _array(raw: bytes, item: str) -> tuple[Any, int]:
    """The array with which bytes begin, or the texts of one, and how many bytes it has."""
    damaged = InvalidNetwork(item, "holds an array that is damaged or of another version", "save it again by numpy")
    wide = 2 if raw[6:7] == b"\1" else 4
    length = int.from_bytes(raw[8 : 8 + wide], "little")
    if raw[:6] != _MAGIC or raw[6:7] not in (b"\1", b"\2", b"\3") or length > _MAX_HEADER:
        raise damaged
    start = 8 + wide + length
    try:
        answer: Any = ast.literal_eval(raw[8 + wide : start].decode("latin1").strip())
        kind, shape, by_columns = answer["descr"], answer["shape"], answer["fortran_order"]
        whole = isinstance(kind, str) and all(type(n) is int and n >= 0 for n in shape)
        dtype = np.dtype(kind) if whole else None
    except (ValueError, TypeError, KeyError, SyntaxError, MemoryError, RecursionError):
        raise damaged from None
    if dtype is None or dtype.hasobject:
        cause = "holds an array of Python objects, which only a pickle can hold"
        raise InvalidNetwork(item, cause, "save each weight as an array of floats by itself")
    n = int(np.prod(shape, dtype=object)) * dtype.itemsize
    if start + n > len(raw):
        raise damaged

    if dtype.str.startswith("<U") and n and len(shape) < 2:
        each = (raw[at : at + dtype.itemsize] for at in range(start, start + n, dtype.itemsize))
        texts = [one.decode("utf-32-le", "replace").rstrip("\0") for one in each]
        return texts if shape else texts[0], start + n

    def numbers() -> NDArray[Any]:
        content = raw[start : start + n]
        flat = bfloat16(content) if kind in _BFLOAT16 else np.frombuffer(content, dtype)
        return flat.reshape(shape, order="F" if by_columns else "C")

    named = "bfloat16" if kind in _BFLOAT16 else dtype.name
    return Tensor(named, tuple(shape), numbers if named.startswith(("float", "bfloat")) else None), start + n


def _is_npz(raw: bytes) -> bool:
    names = members(raw)
    return bool(names) and all(name.endswith(".npy") for name in names)


NPZ: Final = FileFormat("npz", "arrays of numpy", (".npz",), _is_npz, read_npz)


def _is_leaves(raw: bytes) -> bool:
    """Whether arrays stand behind each other; in the recipe of equinox, behind a line of settings."""
    arrays = raw[: _MAX_HEADER + 10].partition(b"\n")[2] if raw.startswith(b"{") else raw
    return arrays.startswith(_MAGIC)


LEAVES: Final = FileFormat("leaves", "leaves of equinox", (".eqx", ".npy"), _is_leaves, read_leaves, "jax")
