"""Finished parts of long work: kept as they come, so that whoever begins again begins behind them.

Work that may take long goes through its pieces in an order that depends on the input alone. At each piece it asks
whether a part that begins there is known, and passes over that; whenever a part is due it hands over what it has found
since the last one, under the number of its first piece. Where parts are cut may depend on the clock, what is found does
not. Where they go is the caller's affair; by default nothing is kept, and the work is the same.

Parts travel as bytes. They are not pickled: what was kept by one process is read by another, perhaps from a database
that was brought from elsewhere, and reading it must not be able to do anything but make values. Only numbers, texts,
arrays, collections and the frozen records of this package (by name, each field through its constructor) can be read.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from importlib import import_module
from typing import Any, Final, TypeVar

import numpy as np

from analysis.errors import InvalidCheckpoint

Value = TypeVar("Value")
_LEVEL: Final = 1  # of compression: masks and outputs shrink well, and the work must not wait


class Checkpoints:
    """Where finished parts go, and come back from; this one keeps nothing."""

    def recall(self, _key: str, /) -> Any | None:
        """The part that was kept under a key; None if there is none. What was kept must not be None."""
        return None

    def due(self) -> bool:
        """Whether so much work was done since the last part that it is worth keeping."""
        return False

    def keep(self, _key: str, _value: Any, /) -> None:
        """Hand a finished part over."""


NO_CHECKPOINTS: Final = Checkpoints()


@dataclass(frozen=True)
class Checkpoint:
    """A finished part on its way to whoever keeps it.

    Args:
        key: which part.
        data: see :func:`pack`.
    """

    key: str
    data: bytes


class PackedCheckpoints(Checkpoints):
    """Finished parts as bytes: those of earlier attempts by key, new ones handed on.

    Args:
        known: what earlier attempts have kept.
        hand_over: takes each new part.
        clock: seconds from any origin; None to find a part due at every piece.
        min_seconds: between two parts; quick work keeps nothing at all.
        max_bytes: larger parts are not kept; to read and write them would take longer than to find them again.
    """

    def __init__(
        self,
        known: Mapping[str, bytes],
        hand_over: Callable[[Checkpoint], None],
        *,
        clock: Callable[[], float] | None = None,
        min_seconds: float = 1.0,
        max_bytes: int = 32 << 20,
    ) -> None:
        self._known, self._hand_over = known, hand_over
        self._clock, self._min_seconds, self._max_bytes = clock, min_seconds, max_bytes
        self._since = clock() if clock else 0.0

    def recall(self, key: str, /) -> Any | None:
        data = self._known.get(key)
        try:
            return None if data is None else unpack(data)
        except InvalidCheckpoint:  # of an older version, or spoiled: it is found again
            return None

    def due(self) -> bool:
        return self._clock is None or self._clock() - self._since >= self._min_seconds

    def keep(self, key: str, value: Any, /) -> None:
        data = pack(value)
        if len(data) <= self._max_bytes:
            self._hand_over(Checkpoint(key, data))
        self._since = self._clock() if self._clock else 0.0


def once(checkpoints: Checkpoints, key: str, find: Callable[[], Value]) -> Value:
    """A part of the work: recalled if it was kept, else found, and kept if a part is due."""
    known = checkpoints.recall(key)
    if known is not None:
        return known  # type: ignore[no-any-return]  # whoever names the key knows what it kept
    value = find()
    if checkpoints.due():
        checkpoints.keep(key, value)
    return value


def in_parts(
    pieces: Iterable[Callable[[], Value]],
    checkpoints: Checkpoints,
    *,
    written: Callable[[Value], Any] = lambda value: value,
    read: Callable[[Any], Value] = lambda value: value,
) -> Iterator[Value]:
    """What the pieces of a work find, piece after piece; those of a part that was kept are not called.

    A part is as many pieces as come between two times that one is due.

    Args:
        pieces: in an order that depends on the input alone; asked for one by one, after what came before was taken.
        checkpoints: where parts go and come from.
        written: what is found → plainer values that can be kept.
        read: the other way.
    """
    begin = 0
    since: list[Value] = []
    for at, piece in (numbered := enumerate(pieces)):
        known = checkpoints.recall(str(at))
        found = [piece()] if known is None else [read(value) for value in known]
        if known is None:
            since += found
        if since and (known is not None or checkpoints.due()):
            checkpoints.keep(str(begin), tuple(map(written, since)))
            begin, since = at + 1, []
        if known is not None:
            begin = at + len(known)
        yield found[0]
        for value in found[1:]:
            next(numbered)
            yield value


class Within(Checkpoints):
    """The parts of one stage under keys of their own.

    Args:
        checkpoints: of the whole work.
        prefix: the stage's.
    """

    def __init__(self, checkpoints: Checkpoints, prefix: str) -> None:
        self._checkpoints, self._prefix = checkpoints, prefix

    def recall(self, key: str, /) -> Any | None:
        return self._checkpoints.recall(f"{self._prefix}/{key}")

    def due(self) -> bool:
        return self._checkpoints.due()

    def keep(self, key: str, value: Any, /) -> None:
        self._checkpoints.keep(f"{self._prefix}/{key}", value)


def pack(value: Any) -> bytes:
    """A value as bytes.

    Raises:
        InvalidCheckpoint: it holds something that is no number, text, array, collection or record of this package.
    """
    arrays: list[np.ndarray[Any, Any]] = []
    text = json.dumps(_tagged(value, arrays), separators=(",", ":")).encode()
    parts = [len(text).to_bytes(8, "little"), text]
    parts += [np.ascontiguousarray(array).tobytes() for array in arrays]
    return zlib.compress(b"".join(parts), _LEVEL)


def unpack(data: bytes) -> Any:
    """The value that :func:`pack` made these bytes of: equal to the last bit.

    Raises:
        InvalidCheckpoint: they are none, or name a record that this version does not have.
    """
    try:
        plain = memoryview(zlib.decompress(data))
        start = 8 + int.from_bytes(plain[:8], "little")
        value, end = _untagged(json.loads(bytes(plain[8:start])), plain, start)
    except InvalidCheckpoint:
        raise
    except Exception as error:  # bytes from elsewhere may break anything on the way
        raise InvalidCheckpoint(
            "checkpoint", f"cannot be read ({type(error).__name__}: {error})", "find it again"
        ) from None
    if end != len(plain):
        raise InvalidCheckpoint("checkpoint", "is longer than what it says", "find it again")
    return value


def _tagged(value: Any, arrays: list[np.ndarray[Any, Any]]) -> Any:
    """As JSON: plain values as they are, everything else as a list that begins with its kind."""
    if value is None or isinstance(value, bool | str) or (isinstance(value, int) and type(value) is int):
        return value
    if type(value) is float:
        return ["float", value.hex()]
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        arrays.append(value)
        return ["array", value.dtype.str, list(value.shape)]
    if isinstance(value, np.integer | np.floating | np.bool_):
        arrays.append(np.asarray(value))
        return ["scalar", value.dtype.str, []]
    if type(value) in (list, tuple):
        return [type(value).__name__, [_tagged(one, arrays) for one in value]]
    if type(value) in (set, frozenset):
        return [type(value).__name__, sorted((_tagged(one, arrays) for one in value), key=json.dumps)]
    if isinstance(value, Mapping):
        return ["dict", [[_tagged(key, arrays), _tagged(one, arrays)] for key, one in value.items()]]
    kind = type(value)
    if is_dataclass(value) and kind.__module__.startswith("analysis."):
        found = [_tagged(getattr(value, one.name), arrays) for one in fields(value) if one.init]
        return ["record", f"{kind.__module__}:{kind.__qualname__}", found]
    raise InvalidCheckpoint("checkpoint", f"cannot hold a {kind.__module__}.{kind.__qualname__}", "keep plainer values")


def _untagged(told: Any, plain: memoryview, at: int) -> tuple[Any, int]:
    """The value, and where in the bytes its arrays end."""
    if not isinstance(told, list):
        return told, at
    kind, *rest = told
    if kind == "float":
        return float.fromhex(rest[0]), at
    if kind in ("array", "scalar"):
        dtype = np.dtype(rest[0])
        if dtype.kind not in "biuf":
            raise InvalidCheckpoint("checkpoint", f"holds an array of {rest[0]}", "find it again")
        count = 1
        for size in rest[1]:
            count *= size
        end = at + count * dtype.itemsize
        array = np.frombuffer(plain[at:end], dtype=dtype).reshape(rest[1]).copy()
        return (array if kind == "array" else array[()]), end
    if kind == "dict":
        pairs = {}
        for key, one in rest[0]:
            name, at = _untagged(key, plain, at)
            pairs[name], at = _untagged(one, plain, at)
        return pairs, at
    values = []
    for one in rest[-1]:
        value, at = _untagged(one, plain, at)
        values.append(value)
    if kind == "record":
        return _record(rest[0], values), at
    return {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[kind](values), at


def _record(name: str, values: list[Any]) -> Any:
    module, _, qualified = name.partition(":")
    if not module.startswith("analysis."):
        raise InvalidCheckpoint("checkpoint", f"names {name!r}, which is no record of the engine", "find it again")
    kind: Any = import_module(module)
    for part in qualified.split("."):
        kind = getattr(kind, part)
    if not (isinstance(kind, type) and is_dataclass(kind)):
        raise InvalidCheckpoint("checkpoint", f"names {name!r}, which is no record", "find it again")
    names = [one.name for one in fields(kind) if one.init]
    return kind(**dict(zip(names, values, strict=True)))
