"""Weights that torch saved (``torch.save``), read without torch and without running anything.

Since version 1.6 such a file is a zip archive: ``data.pkl`` says which tensors there are, and ``data/KEY`` holds the
numbers of a storage, which several tensors may share. Before, the same stood behind each other in one file. Both are
described by pickles, of which :mod:`pluriscope.analysis.network_files.formats.pickled` takes down what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any, Final, Literal

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.files import MAX_PARAMETERS
from pluriscope.analysis.network_files.formats.archive import Archive, members
from pluriscope.analysis.network_files.formats.format import (
    CALLING,
    Beside,
    FileFormat,
    Tensor,
    WeightsFound,
    bfloat16,
    float_tensor,
    tensors_in,
    unread,
    unwrapped,
)
from pluriscope.analysis.network_files.formats.marks import SCIKIT_LEARN
from pluriscope.analysis.network_files.formats.pickled import MAX_PICKLE, Call, Named, described
from pluriscope.analysis.values.strict_json import read_object

ByteOrder = Literal["<", ">"]
_ITEM: Final = "torch file"
_TYPES: Final[Mapping[str, tuple[str, str]]] = {
    "DoubleStorage": ("float64", "f8"),
    "FloatStorage": ("float32", "f4"),
    "HalfStorage": ("float16", "f2"),
    "BFloat16Storage": ("bfloat16", "u2"),
    "LongStorage": ("int64", "i8"),
    "IntStorage": ("int32", "i4"),
    "ShortStorage": ("int16", "i2"),
    "CharStorage": ("int8", "i1"),
    "ByteStorage": ("uint8", "u1"),
    "BoolStorage": ("bool", "?"),
}
"""What torch calls a storage → the type of its numbers, and numpy's name for it or for its bytes."""
_MAGIC: Final = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""A pickle of the number with which older files begin."""
_SAVE: Final = '`torch.save(model.state_dict(), "weights.pt")`'
_CURE: Final = (
    "if you made it yourself, save its weights alone: `import torch`; "
    f'`model = torch.load("FILE", weights_only=False)`; {_SAVE}'
)
_OF_PADDLE: Final = "StructuredToParameterName@@"
"""Under this key Paddle keeps its own names beside the weights."""
_DO_NOT_OPEN: Final = "do not open it; have its weights alone, as safetensors or by torch.save(model.state_dict(), …)"
_JOBLIB: Final = (
    "if you made it yourself, write its arrays as .npz: `import joblib, numpy as np`; "
    '`np.savez("weights.npz", **joblib.load("FILE"))`'
)
_EXPORTED: Final = "data/weights/model_weights_config.json"
_EXPORTED_TYPES: Final = {6: "HalfStorage", 7: "FloatStorage", 8: "DoubleStorage", 13: "BFloat16Storage"}
"""Numbers by which torch.export tells types of floats → what torch calls their storage."""


@dataclass(frozen=True)
class _Storage:
    """Numbers that are kept beside the pickle: their type, the key under which they are, and how many they are."""

    type: str
    key: str
    n: int


def read_torch(raw: bytes, _beside: Beside | None = None) -> WeightsFound:
    """The tensors of a file that torch saved.

    Args:
        raw: the file's bytes.

    Raises:
        InvalidNetwork: a whole module, or a file that does not hold together.
    """
    archive = Archive(raw, _ITEM)
    pickle = next(name for name in archive.sizes if name.rpartition("/")[2] == "data.pkl")
    folder = pickle.removesuffix("data.pkl")
    order = archive.read(f"{folder}byteorder", 16) if f"{folder}byteorder" in archive.sizes else b"little"
    content = archive.read(pickle, MAX_PICKLE)

    def numbers(storage: _Storage) -> bytes:
        name = f"{folder}data/{storage.key}"
        if name not in archive.sizes:
            raise InvalidNetwork(_ITEM, f"lacks the numbers of storage {storage.key[:40]!r}", "save or copy it again")
        return archive.read(name)

    tree, _ = described(content, _ITEM, _stored)
    return _weights(tree, numbers, ">" if order.strip() == b"big" else "<")


def read_old_torch(raw: bytes, _beside: Beside | None = None) -> WeightsFound:
    """The tensors of a file that torch saved before version 1.6; errors as of :func:`read_torch`."""
    rest, parts = raw, []
    for _ in range(5):  # its number, its version, sizes of types on that machine, the object, the keys of storages
        part, length = described(rest, _ITEM, _stored)
        parts.append(part)
        rest = rest[length:]
    _, _, machine, tree, keys = parts
    order: ByteOrder = "<" if not isinstance(machine, dict) or machine.get("little_endian", True) else ">"
    found: dict[str, bytes] = {}
    sizes = {storage.key: _itemsize(storage.type) for storage in _storages(tree)}
    for key in keys if isinstance(keys, list) else []:
        n = int.from_bytes(rest[:8], "little" if order == "<" else "big")
        length = n * sizes.get(str(key), 1)
        if length > len(rest) - 8:
            raise InvalidNetwork(_ITEM, "is cut off: storages are missing", "save or copy it again")
        found[str(key)], rest = rest[8 : 8 + length], rest[8 + length :]
    return _weights(tree, lambda storage: found.get(storage.key, b""), order)


def read_pickle(raw: bytes, _beside: Beside | None = None) -> WeightsFound:
    """The arrays of numpy in a pickle; errors as of :func:`read_torch`."""
    if b"joblib.numpy_pickle" in raw:
        cure = SCIKIT_LEARN if b"sklearn" in raw else _JOBLIB
        raise InvalidNetwork("pickle", "was written by joblib, whose arrays only joblib reads", cure)
    tree, _ = described(raw, "pickle", _stored)
    return _weights(tree, lambda _: b"", "<", "pickle")


def read_exported(raw: bytes, _beside: Beside | None = None) -> WeightsFound:
    """The weights of a program that ``torch.export.save`` wrote, in which JSON says where the numbers of each lie; what
    the program does with them is not read. Errors as of :func:`read_torch`.
    """
    item = "file of torch.export"
    archive, cure = Archive(raw, item), "save it again: torch.export.save(program, …)"
    folder = next(name for name in archive.sizes if name.endswith(_EXPORTED)).removesuffix(_EXPORTED)
    document = read_object(archive.read(folder + _EXPORTED), f"weights of the {item}", InvalidNetwork, MAX_PICKLE, cure)

    def tensor(entry: Any) -> Tensor:
        told = entry["tensor_meta"]
        name, kind = f"{folder}data/weights/{entry['path_name']}", _EXPORTED_TYPES.get(told["dtype"])
        shape, strides = (tuple(one["as_int"] for one in told[key]) for key in ("sizes", "strides"))
        if kind is None or entry["use_pickle"]:
            return Tensor(f"{told['dtype']} of torch.export", shape, None)
        storage = _Storage(kind, name, archive.sizes[name] // _itemsize(kind))
        call = Call("torch._utils._rebuild_tensor_v2", (storage, told["storage_offset"]["as_int"], shape, strides))
        return _tensor(call, lambda one: archive.read(one.key), "<") or Tensor(kind, shape, None)

    try:
        found = {str(name): tensor(entry) for name, entry in document["config"].items()}
    except (KeyError, TypeError, AttributeError):
        raise InvalidNetwork(item, "says of its weights what is not known here", cure) from None
    return WeightsFound(item, unwrapped(found))


def _stored(answer: Any) -> Any:
    """Return the stand-in for a storage, by its description in the pickle."""
    match answer:
        case ("storage", Named(name), key, _, n, *_) if isinstance(n, int):
            return _Storage(name.rpartition(".")[2], str(key), n)
    raise ValueError("something else than storages is kept outside")


def _storages(tree: Any) -> list[_Storage]:
    waiting, found, seen = [tree], [], set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, _Storage):
            found.append(value)
        elif isinstance(value, Call):
            waiting += [*value.arguments, value.state]
        elif isinstance(value, (dict, list, tuple)):
            waiting += list(value.values() if isinstance(value, dict) else value)
    return found


def _weights(tree: Any, numbers: Callable[[_Storage], bytes], order: ByteOrder, item: str = _ITEM) -> WeightsFound:
    """The tensors of what a file describes, which is called so in errors."""
    if isinstance(tree, Call) and _tensor(tree, numbers, order) is None:
        raise _runs_code([tree], item)
    called: dict[str, Call] = {}

    def made(value: Any) -> Any:
        """The tensor in place of the call that would make it."""
        if not isinstance(value, Call):
            return value
        tensor = _tensor(value, numbers, order)
        if tensor is None:
            called[value.name] = value
        return tensor

    found, beside, entries = tensors_in(tree, item, made)
    remarks = unread(beside)
    if called:
        remarks = (f"{CALLING} would call {_shown(called)}; nothing of it was run here.", *remarks)
    if not found and called:
        raise _runs_code([*called.values()], item)
    if not found:
        cause = "is a pickle that holds no tensors under names"
        raise InvalidNetwork(item, cause, f"save a state_dict: {_SAVE}")
    library = "paddle" if isinstance(tree, dict) and _OF_PADDLE in tree else ""
    return WeightsFound(item, found, entries, remarks=remarks, library=library)


def _shown(names: Iterable[str]) -> str:
    return ", ".join(sorted({*names})[:4])[:200].encode("unicode_escape").decode()


def _runs_code(calls: Sequence[Call], item: str) -> InvalidNetwork:
    """Make the error about a file whose tensors would have to be made by code."""
    names = _shown([call.name for call in calls])
    module = any(isinstance(call.state, dict) and "_modules" in call.state for call in calls)
    fitted = all(call.name.startswith("sklearn.") for call in calls)
    cure = _CURE if module else SCIKIT_LEARN if fitted else _DO_NOT_OPEN
    what = "is a whole module" if module else "would call"
    return InvalidNetwork(item, f"{what} ({names}), which runs code when it is opened; nothing of it was run", cure)


def _tensor(call: Call, numbers: Callable[[_Storage], bytes], order: ByteOrder) -> Tensor | None:
    """The tensor that a call would make; None of another call."""
    kind, given = call.name, call.arguments
    if kind in ("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state") and given:
        return _tensor(given[0], numbers, order) if isinstance(given[0], Call) else None
    if kind == "torch._tensor._rebuild_from_type_v2" and len(given) > 2 and isinstance(given[0], Named):
        made = Call(given[0].name, given[2]) if isinstance(given[2], tuple) else None
        return _tensor(made, numbers, order) if made else None
    if kind == "torch._utils._rebuild_wrapper_subclass" and len(given) > 2 and isinstance(given[0], Named):  # torchao
        return Tensor(given[0].name, given[2] if isinstance(given[2], tuple) else (), None)
    if kind.endswith("._reconstruct_array") and len(given) > 2 and isinstance(given[0], Named):  # of jax
        return _array(Call(given[0].name, (), given[2]))
    if kind == "numpy._core.multiarray._reconstruct" or kind == "numpy.core.multiarray._reconstruct":
        return _array(call)
    if kind not in ("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor"):
        return None
    match given:
        case (_Storage() as storage, int(offset), tuple(shape), tuple(strides), *_) if _whole(shape, strides, offset):
            if storage.type not in _TYPES:
                return Tensor(storage.type, shape, None)
            name, code = _TYPES[storage.type]
            floats = name.startswith(("float", "bfloat"))
            read = partial(_strided, storage, offset, shape, strides, numbers, order, code)
            return Tensor(name, shape, read if floats else None)
    raise InvalidNetwork(_ITEM, "holds a tensor of a form that is not known", _CURE)


def _whole(shape: tuple[Any, ...], strides: tuple[Any, ...], offset: int) -> bool:
    values = (*shape, *strides, offset)
    return len(shape) == len(strides) and all(type(one) is int and one >= 0 for one in values)


def _itemsize(storage: str) -> int:
    return np.dtype(_TYPES[storage][1]).itemsize if storage in _TYPES else 1


def _strided(
    storage: _Storage,
    offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    numbers: Callable[[_Storage], bytes],
    order: ByteOrder,
    code: str,
) -> NDArray[Any]:
    """A tensor's numbers out of its storage."""
    content, kind = numbers(storage), np.dtype(code).newbyteorder(order)
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    if len(content) != storage.n * kind.itemsize or last >= storage.n or prod(shape) > MAX_PARAMETERS:
        cause = f"has {len(content):,} bytes in storage {storage.key[:40]!r}, which is not what its tensors want"
        raise InvalidNetwork(_ITEM, cause, "save or copy it again")
    flat = np.frombuffer(content, kind)
    if storage.type == "BFloat16Storage":
        flat = bfloat16(flat.astype("<u2").tobytes())
    return as_strided(flat[offset:], shape, [step * flat.itemsize for step in strides], writeable=False)


def _array(call: Call) -> Tensor | None:
    """An array of numpy that a pickle holds whole."""
    match call.state:
        case (_, tuple(shape), Call("numpy.dtype", (str(code), *_), dtype_state), bool(by_columns), data):
            if isinstance(data, Call) and data.name == "_codecs.encode" and isinstance(data.arguments[0], str):
                data = data.arguments[0].encode("latin1")
            byte_order: ByteOrder = ">" if isinstance(dtype_state, tuple) and dtype_state[1:2] == (">",) else "<"
            if not _whole(shape, shape, 0) or code[:1] not in "fiub" or not isinstance(data, bytes):
                return Tensor(code[:20], (), None)
            kind = np.dtype(code).newbyteorder(byte_order)
            if prod(shape) * kind.itemsize != len(data):
                raise InvalidNetwork(_ITEM, "holds an array of another size than it says", "save or copy it again")
            return float_tensor(np.frombuffer(data, kind).reshape(shape, order="F" if by_columns else "C"))
    return None


def _is_torch(raw: bytes) -> bool:
    return any(name.rpartition("/")[2] == "data.pkl" for name in members(raw))


TORCH: Final = FileFormat(
    "torch", "a state_dict of PyTorch", (".pt", ".pth", ".ckpt", ".bin"), _is_torch, read_torch, "torch"
)
EXPORTED: Final = FileFormat(
    "exported",
    "weights of torch.export",
    (".pt2",),
    lambda raw: any(name.endswith(_EXPORTED) for name in members(raw)),
    read_exported,
    "torch",
)
OLD_TORCH: Final = FileFormat(
    "old-torch",
    "a state_dict of PyTorch before 1.6",
    (".pt", ".pth"),
    lambda raw: raw.startswith(_MAGIC),
    read_old_torch,
    "torch",
)
PICKLE: Final = FileFormat("pickle", "a pickle of arrays", (".pkl",), lambda raw: raw.startswith(b"\x80"), read_pickle)
