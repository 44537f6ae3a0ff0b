"""Checks of the arguments of public functions, by pydantic's strict conversions of their annotations.

A value that fits is converted, NumPy's scalars and arrays included; one that does not is an error with item, cause and
cure. Nothing is guessed: True is no number, and "3" is not 3.
"""

from __future__ import annotations

import inspect
import os
import re
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from functools import cache, reduce, wraps
from operator import or_
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BeforeValidator, ConfigDict, TypeAdapter, ValidationError

from pluriscope.analysis import errors
from pluriscope.analysis.errors import AnalysisError, one_of
from pluriscope.errors import InvalidOption

_TUPLE: Final[Any] = tuple
F = TypeVar("F", bound=Callable[..., Any])
LATER: Final = "looked at by the function that reads it"
"""Annotated with this, a value is given on as it is."""
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


def checked(public: F) -> F:
    """Check the arguments of a public function; of a class, those of its public methods.

    A generated ``__init__`` is checked, too, if the decorator stands above the one that generates it.
    """
    if not isinstance(public, type):
        return _looked_at(public, public)  # type: ignore[return-value]
    for name, member in list(vars(public).items()):
        inner = member.__func__ if isinstance(member, classmethod) else member
        own = not name.startswith("_") or name in ("__init__", "__getitem__")
        if own and inspect.isfunction(inner) and len(inspect.signature(inner).parameters) > 1:
            looked = _looked_at(inner, public if name == "__init__" else inner)
            setattr(public, name, classmethod(looked) if isinstance(member, classmethod) else looked)
    return public


def _looked_at(function: Callable[..., Any], annotated: Any) -> Callable[..., Any]:
    signature = inspect.signature(function)
    several = [one.name for one in signature.parameters.values() if one.kind == one.VAR_POSITIONAL]
    names = [name for name in signature.parameters if name not in ("self", "cls")]

    @cache
    def adapters() -> Mapping[str, TypeAdapter[Any] | None]:
        hints = get_type_hints(annotated, include_extras=True)
        return {name: _adapter(_TUPLE[hints[name], ...] if name in several else hints[name]) for name in names}

    @wraps(function)
    def public(*args: Any, **kwargs: Any) -> Any:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as problem:
            given = next((name for name in kwargs if name not in names), "")
            raise InvalidOption(f"{function.__qualname__}()", str(problem), one_of(given, names)) from None
        for name, value in bound.arguments.items():
            if name in names and (adapter := adapters()[name]) is not None:
                try:
                    bound.arguments[name] = adapter.validate_python(plain(value))
                except ValidationError as refused:
                    words = (re.sub("^(Input should be|Value error,) ", "", one["msg"]) for one in refused.errors())
                    expected = " or ".join(dict.fromkeys(words))
                    raise unfit(name, value, re.sub("^(greater|less)", r"a number \1", expected)) from None
        return function(*bound.args, **bound.kwargs)

    return public


def _adapter(hint: Any) -> TypeAdapter[Any] | None:
    """Adapter that converts values to an annotation; None where they are passed on unchanged."""
    strict = _strict(hint)
    return None if strict is Any else TypeAdapter(strict, config=ConfigDict(strict=True, arbitrary_types_allowed=True))


def _strict(hint: Any) -> Any:
    """Annotation as pydantic is to read it: our own classes are checked by their type, not by their fields."""
    origin, inner = get_origin(hint), get_args(hint)
    if isinstance(hint, TypeVar) or LATER in inner:
        return Any
    if origin in (Union, UnionType):
        return reduce(or_, map(_strict, inner))
    if origin is tuple and inner[-1] is Ellipsis:
        return _TUPLE[_strict(inner[0]), ...]
    if origin is Callable:
        return Callable
    return _instance_of(hint) if isinstance(hint, type) and is_dataclass(hint) else hint


def _instance_of(kind: type) -> Any:
    def one(value: Any) -> Any:
        if not isinstance(value, kind):
            raise ValueError(f"a value of {kind.__name__}")
        return value

    return Annotated[Any, BeforeValidator(one)]


def plain(value: Any) -> Any:
    """The Python values of what NumPy, pandas or torch hold: numbers, or nested lists of them; else the value.

    Raises:
        InvalidOption: they cannot be had, or have labels of their own, which a list would lose.
    """
    labels = getattr(value, "index", None) if hasattr(value, "to_numpy") else None
    if labels is not None and list(labels) != list(range(len(labels))):
        cause = "has labels of its own, which its order may contradict"
        raise InvalidOption(f"{type(value).__name__} of {len(labels)}", cause, "sort it, and give its .to_numpy()")
    for way in ("to_numpy", "tolist"):  # tables of pandas have the first alone
        if hasattr(value, way) and not isinstance(value, type):
            try:
                value = getattr(value, way)()
            except (RuntimeError, NotImplementedError) as problem:
                item, answer = f"{type(value).__name__}", str(problem).splitlines()[0][:100]
                raise InvalidOption(
                    item, f"holds no values that can be read ({answer})", "give a list of them"
                ) from None
    return value


def listed(value: Any) -> list[Any]:
    """The elements of a list, tuple, array or the like, as Python values.

    Raises:
        TypeError: it is a text, a dict, a set, or nothing that has elements.
    """
    if isinstance(value, (str, bytes, bytearray, Mapping, set, frozenset)):
        raise TypeError
    return [plain(one) for one in plain(value)]


def jsonable(value: Any) -> Any:
    """Convert a value that ``json.dumps`` does not know, as its ``default``."""
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


def file_path(name: str, value: Any, words: str = "the path of a file") -> Path:
    """A path from a text or a path, its ``~`` resolved.

    Args:
        name: of the parameter.
        words: what it should be.

    Raises:
        AnalysisError: it is neither, is empty, or no file can be called so.
    """
    try:
        return _as_path(value)
    except ValueError:
        raise unfit(name, value, words) from None


def _as_path(value: Any) -> Path:
    if not isinstance(value, (str, Path)) or not str(value) or b"\0" in os.fsencode(value):
        raise ValueError("the path of a file")
    return Path(os.path.expanduser(value))  # Path.expanduser() fails where it knows no such user


FilePath = Annotated[str | Path, BeforeValidator(_as_path)]
"""The path of a file, which a text names as well."""
