"""What a public function is given is looked at before it is used: one table of conversions, driven by annotations.

What fits is converted, NumPy's scalars and arrays included; what does not is an error with item, cause and cure.
Nothing is guessed: True is no number, and "3" is not 3.
"""

from __future__ import annotations

import inspect
import math
import operator
import os
import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial, wraps
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from analysis import errors
from analysis.errors import AnalysisError
from pluriscope.errors import InvalidOption

F = TypeVar("F", bound=Callable[..., Any])
_KINDS: Final[Mapping[str, type[AnalysisError]]] = {
    **dict.fromkeys(("model", "network_file"), errors.InvalidNetwork),
    **dict.fromkeys(("task", "output"), errors.InvalidTask),
    **dict.fromkeys(("data", "encoding"), errors.InvalidData),
    **dict.fromkeys(("index", "start", "stop", "at"), errors.InvalidIndex),
    **dict.fromkeys(("criterion", "criteria"), errors.InvalidCriterion),
    "protocol": errors.InvalidProtocol,
    "mask": errors.InvalidMask,
    "methods": errors.InvalidMethod,
    "claims": errors.InvalidClaim,
    "explanations": errors.InvalidIntervention,
}
"""The error of a parameter by its name; :class:`InvalidOption` of others."""


@dataclass(frozen=True)
class Within:
    """The range of a number, as ``Annotated[int, Within(1, 10)]``."""

    least: float
    most: float


@dataclass(frozen=True)
class Conversion:
    """What is made of a value for one annotation.

    Args:
        words: what is meant: "a whole number".
        convert: raises TypeError, ValueError or OverflowError where a value does not fit.
    """

    words: str
    convert: Callable[[Any], Any]


def checked(public: F) -> F:
    """Look at what a public function is given; of a class, at what its public methods are.

    Of a class with a generated ``__init__`` that is looked at, too, if the decorator stands above it.
    """
    if isinstance(public, type):
        for name, member in list(vars(public).items()):
            inner = member.__func__ if isinstance(member, classmethod) else member
            own = not name.startswith("_") or name in ("__init__", "__getitem__")
            if own and inspect.isfunction(inner) and len(inspect.signature(inner).parameters) > 1:
                looked = _looked_at(inner, public if name == "__init__" else inner)
                setattr(public, name, classmethod(looked) if isinstance(member, classmethod) else looked)
        return public
    return _looked_at(public, public)  # type: ignore[return-value]


def plain(value: Any) -> Any:
    """The Python values of what NumPy, pandas or torch hold: numbers, or nested lists of them; else the value."""
    for way in ("to_numpy", "tolist"):  # tables of pandas have the first alone
        if hasattr(value, way) and not isinstance(value, type):
            value = getattr(value, way)()
    return value


def jsonable(value: Any) -> Any:
    """The same for ``json.dumps``, which asks of what it does not know."""
    found = plain(value)
    if found is value:
        raise TypeError(f"a value of type {type(value).__name__}")
    return found


def unfit(name: str, value: Any, words: str) -> AnalysisError:
    """The error of a parameter whose value does not fit.

    Args:
        name: of the parameter.
        words: what it should be: "a whole number".
    """
    cause = "is None" if value is None else f"is {reprlib.repr(value)}, of type {type(value).__name__}"
    return _KINDS.get(name, InvalidOption)(name, cause, f"give {words}")


def _looked_at(function: Callable[..., Any], annotated: Any) -> Callable[..., Any]:
    parameters = inspect.signature(function).parameters
    by_place = [one.name for one in parameters.values() if one.kind == one.POSITIONAL_OR_KEYWORD]
    several = next((one.name for one in parameters.values() if one.kind == one.VAR_POSITIONAL), None)
    needed = [one.name for one in parameters.values() if one.default is one.empty and one.name != several]
    itself = by_place[:1] if by_place[:1] in (["self"], ["cls"]) else []
    names = [name for name in parameters if name not in itself]
    spoken = function.__qualname__.removesuffix(".__init__")

    @lru_cache(maxsize=1)
    def conversions() -> Mapping[str, Conversion]:
        hints = get_type_hints(annotated, include_extras=True)
        return {name: conversion_for(hints[name]) for name in names}

    def looked(name: str, value: Any) -> Any:
        conversion = conversions()[name]
        try:
            return conversion.convert(value)
        except (TypeError, ValueError, OverflowError):
            raise unfit(name, value, conversion.words) from None

    @wraps(function)
    def public(*args: Any, **kwargs: Any) -> Any:
        if len(args) > len(by_place) and several is None:
            cause = f"is given {len(args) - len(itself)} values by place and takes {len(by_place) - len(itself)}"
            raise InvalidOption(f"{spoken}()", cause, f"name the others: {', '.join(names)}")
        unknown = [name for name in kwargs if name not in names]
        if unknown:
            others = f"use {', '.join(names)}"
            raise InvalidOption(f"{spoken}({unknown[0]}=…)", "is no option of it", others)
        if twice := [name for name in by_place[: len(args)] if name in kwargs]:
            raise InvalidOption(f"{spoken}({twice[0]}=…)", "is given twice", "leave one of them out")
        if missing := [name for name in needed if name not in (*by_place[: len(args)], *kwargs)]:
            words = conversions()[missing[0]].words
            raise _KINDS.get(missing[0], InvalidOption)(f"{spoken}({missing[0]})", "is not given", f"give {words}")
        given = [one if name in itself else looked(name, one) for name, one in zip(by_place, args, strict=False)]
        given += [looked(str(several), one) for one in args[len(by_place) :]]
        return function(*given, **{name: looked(name, one) for name, one in kwargs.items()})

    return public


def _truth(value: Any) -> bool:
    value = plain(value)
    if not isinstance(value, bool):
        raise TypeError
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    return operator.index(value)


def _number(value: Any) -> float:
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise TypeError
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return str(value)


def as_path(value: Any) -> Path:
    """A path from a text or a path, its ``~`` resolved.

    Raises:
        TypeError, ValueError: it is neither, is empty, or no file can be called so.
    """
    name = os.fspath(value)
    if not isinstance(name, str) or not name or b"\0" in os.fsencode(name):
        raise ValueError
    return Path(os.path.expanduser(name))  # Path.expanduser() fails where it knows no such user


def _slice(value: Any) -> slice:
    if not isinstance(value, slice) or value.step == 0:
        raise TypeError
    return slice(*(None if end is None else _whole(end) for end in (value.start, value.stop, value.step)))


_TABLE: Final[Mapping[Any, Conversion]] = {
    Any: Conversion("any value", lambda value: value),
    object: Conversion("any value", lambda value: value),
    bool: Conversion("True or False", _truth),
    int: Conversion("a whole number", _whole),
    float: Conversion("a finite number", _number),
    str: Conversion("a text", _text),
    Path: Conversion("the path of a file", as_path),
    slice: Conversion("a slice of whole numbers", _slice),
}
"""The conversion of each type that is no generic one and no class of ours."""


FilePath = Annotated[str | Path, _TABLE[Path]]
"""The path of a file, which a text names as well."""
LATER: Final = _TABLE[Any]
"""Of what is looked at by the function that reads it."""


def conversion_for(hint: Any) -> Conversion:
    """What is made of a value for an annotation."""
    origin, inner = get_origin(hint), get_args(hint)
    if isinstance(hint, TypeVar) or hint in _TABLE:
        return _TABLE[Any if isinstance(hint, TypeVar) else hint]
    if origin is Annotated:
        return _within(conversion_for(inner[0]), inner[1]) if isinstance(inner[1], Within) else inner[1]
    if origin is Literal:
        return Conversion(" or ".join(map(repr, inner)), partial(_chosen, inner))
    if origin in (Union, UnionType):
        some = [conversion_for(one) for one in inner if one is not NoneType]
        words = " or ".join(dict.fromkeys(one.words for one in some))
        return Conversion(words, partial(_first, some, NoneType in inner))
    if origin is tuple and inner[-1] is not Ellipsis:
        parts = [conversion_for(one) for one in inner]
        return Conversion(f"a pair of {parts[0].words}", partial(_parts, parts))
    if origin is not None and issubclass(origin, Mapping):
        return Conversion(f"a dict with {conversion_for(inner[1]).words} for each name", partial(_by_name, inner))
    if origin is Callable:
        return Conversion("a function", _function)
    if origin is not None and issubclass(origin, Iterable):
        one = conversion_for(inner[0])
        return Conversion(f"a list with {one.words} each", partial(_several, one, tuple if origin is tuple else list))
    kind = origin or hint
    return Conversion(f"{'an' if kind.__name__[0] in 'AEIOU' else 'a'} {kind.__name__}", partial(_instance, kind))


def _within(one: Conversion, ends: Within) -> Conversion:
    def convert(value: Any) -> Any:
        if not ends.least <= (number := one.convert(value)) <= ends.most:
            raise ValueError
        return number

    return Conversion(f"{one.words} from {ends.least:,} to {ends.most:,}", convert)


def _chosen(choices: Sequence[Any], value: Any) -> Any:
    if not isinstance(value, str) or value not in choices:
        raise ValueError
    return str(value)


def _first(some: Sequence[Conversion], may_be_none: bool, value: Any) -> Any:
    if value is None and may_be_none:
        return None
    for one in some:
        try:
            return one.convert(value)
        except (TypeError, ValueError, OverflowError):
            continue
    raise TypeError


def listed(value: Any) -> list[Any]:
    """The elements of a list, tuple, array or the like.

    Raises:
        TypeError: it is a text, a dict, a set, or nothing that has elements.
    """
    value = plain(value)
    if isinstance(value, (str, bytes, bytearray, Mapping, set, frozenset)):
        raise TypeError
    return list(value)


def _several(one: Conversion, made: Callable[[Iterable[Any]], Any], value: Any) -> Any:
    if isinstance(value, str) and one is _TABLE[str]:
        return made([value])
    return made(map(one.convert, listed(value)))


def _parts(parts: Sequence[Conversion], value: Any) -> tuple[Any, ...]:
    return tuple(part.convert(one) for part, one in zip(parts, listed(value), strict=True))


def _by_name(inner: Sequence[Any], value: Any) -> dict[Any, Any]:
    if not isinstance(value, Mapping):
        raise TypeError
    key, one = map(conversion_for, inner)
    return {key.convert(name): one.convert(each) for name, each in value.items()}


def _function(value: Any) -> Any:
    if not callable(value):
        raise TypeError
    return value


def _instance(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError
    return value
