"""Reading JSON that strangers wrote: bounded, without duplicates, NaN or surprises.

A document is refused before it is parsed if it is too large or is no text; afterwards every shape is checked by the
reader of the particular file (:mod:`pluriscope.analysis.network_files.files`,
:mod:`pluriscope.analysis.questions.data`).
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from pluriscope.analysis.errors import AnalysisError

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")
MAX_TEXT: Final = 200
MAX_DEPTH: Final = 64
"""Lists, objects or groups within each other that are read of any file."""
_MAX_MARKS: Final = 4
_BINARY_STARTS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\x80", "is a pickle, which can run code when it is opened"),
    (b"PK", "is a zip archive in which no weights are known"),
    (b"\x1f\x8b", "is compressed"),
    *((start, "is compressed, as joblib does") for start in (b"x\x01", b"x\x5e", b"x\x9c", b"x\xda")),
    (b"BZh", "is compressed"),
    (b"\xfd7zXZ", "is compressed"),
    (b"\x28\xb5\x2f\xfd", "is compressed"),
    (b"\x93NUMPY", "is a NumPy file"),
    (b"\x89HDF", "is an HDF5 file"),
    (b"\x08", "begins as an ONNX file and cannot be read as a whole one"),
)


class _Refused(ValueError):
    """Raised inside the JSON parser; carries the cause, and a cure of its own if it has one."""

    def __init__(self, cause: str, cure: str = "") -> None:
        super().__init__(cause)
        self.cure = cure


def read_object(
    raw: bytes, item: str, error: type[AnalysisError], max_bytes: int, cure: str, *, max_parts: int | None = None
) -> dict[str, Any]:
    """Parse one JSON object; arguments and errors as for :func:`read_value`."""
    value = read_value(raw, item, error, max_bytes, cure, max_parts=max_parts)
    if not isinstance(value, dict):
        raise error(item, f"holds {kind_of(value)}, not an object", cure)
    return value


def read_value(
    raw: bytes, item: str, error: type[AnalysisError], max_bytes: int, cure: str, *, max_parts: int | None = None
) -> Any:
    """Parse one JSON value.

    Args:
        item: what the file is called in errors, e.g. "network file".
        max_bytes: larger documents are refused without being parsed.
        cure: what to hand in instead, one clause.
        max_parts: opening brackets, and colons, that the document may have, so that millions of empty lists or keys are
            refused before they take memory; None for no such limit.

    Raises:
        AnalysisError: of the given kind, for anything that is not one well-formed, bounded JSON value.
    """

    def refuse(cause: str) -> AnalysisError:
        return error(item, cause, cure)

    text = read_text(raw, item, error, max_bytes, cure)
    if max_parts is not None and max(raw.count(b"[") + raw.count(b"{"), raw.count(b":")) > max_parts:
        raise refuse(f"holds more than {max_parts:,} lists and objects, or keys")
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        if is_too_deep(value):
            raise RecursionError
        return value
    except _Refused as problem:
        raise error(item, str(problem), problem.cure or cure) from None
    except json.JSONDecodeError as problem:
        where = f"line {problem.lineno}, column {problem.colno}"
        raise refuse(f"is not JSON: {problem.msg.lower().rstrip()} at {where}") from None
    except RecursionError:
        raise refuse("is nested too deeply") from None
    except ValueError:  # an integer of thousands of digits
        raise refuse("holds a number with too many digits") from None


def is_too_deep(value: Any) -> bool:
    """Whether a value has more than :data:`MAX_DEPTH` lists and objects within each other."""
    level: list[Any] = [[value]]
    for _ in range(MAX_DEPTH + 1):
        inside = (one.values() if isinstance(one, dict) else one for one in level)
        level = [one for some in inside for one in some if isinstance(one, (list, dict))]
    return bool(level)


def read_text(raw: bytes, item: str, error: type[AnalysisError], max_bytes: int, cure: str) -> str:
    """Decode bytes as text.

    Raises:
        AnalysisError: of the given kind: too large, empty, one of the binary formats that people send, or no UTF-8.
    """
    if len(raw) > max_bytes:
        raise error(item, f"is larger than the limit of {max_bytes:,} bytes", "give a smaller one")
    if not raw.strip():
        raise error(item, "is empty", cure)
    for start, cause in _BINARY_STARTS:
        if raw.startswith(start):
            raise error(item, cause, cure)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise error(item, f"is not UTF-8 text (byte {problem.start})", cure) from None


def check_keys(
    value: Mapping[str, Any], required: Sequence[str], optional: Sequence[str], item: str, error: type[AnalysisError]
) -> list[AnalysisError]:
    """Missing and unknown keys, all of them."""
    problems: list[AnalysisError] = []
    missing = [key for key in required if key not in value]
    unknown = [key for key in value if key not in required and key not in optional]
    if missing:
        problems.append(error(item, f"lacks {', '.join(missing)}", "add what is missing"))
    if unknown:
        shown = ", ".join(repr(key[:40]) for key in unknown[:5]) + (" …" if len(unknown) > 5 else "")
        known = ", ".join((*required, *optional))
        problems.append(error(item, f"has unknown keys: {shown}", f"use only {known}"))
    return problems


class Problems(list[AnalysisError]):
    """The problems of something, noted one after the other so that all are reported at once."""

    def attempt(self, read: Callable[..., T], *given: Any, **options: Any) -> T | None:
        """Return the result of a reader; None where it refuses, which is noted."""
        try:
            return read(*given, **options)
        except AnalysisError as problem:
            self.append(problem)
            return None

    def refuse(self, item: str, error: type[AnalysisError]) -> None:
        """Raise what was noted, if anything was."""
        if self:
            raise combined(self, item, error)


def combined(problems: Sequence[AnalysisError], item: str, error: type[AnalysisError]) -> AnalysisError:
    """Return one error for all problems: the single problem itself, or all of them in one sentence.

    Args:
        problems: at least one.
        item: what they are problems of.
        error: which error to make of several.
    """
    parts = tuple(part for problem in problems for part in problem.parts or (problem,))
    if len(parts) == 1:
        return parts[0]
    cause = "; ".join(f"({i}) {p.item} {p.cause}: {p.cure}" for i, p in enumerate(parts, start=1))
    several = error(item, f"has {len(parts)} problems: {cause}", "correct all of them")
    several.parts = parts
    return several


def validated(model: type[M], value: Any, item: str, error: type[AnalysisError], cure: str) -> M:
    """Check a value by its schema, and return the model that it makes.

    Args:
        model: the schema.
        value: JSON values.
        item: what they are called in errors; the place of each problem stands behind it.
        cure: what to give instead, one clause.

    Raises:
        AnalysisError: of the given kind, naming all that is wrong.
    """
    try:
        return model.model_validate(value)
    except ValidationError as refused:
        problems, inside = Problems(), {one["loc"][:-1] for one in refused.errors()}
        for one in refused.errors():
            if one["type"] == "too_short" and one["loc"] in inside:  # which does not count those that are wrong
                continue
            location = "".join(f"[{step}]" if isinstance(step, int) else f" {step}" for step in one["loc"])
            answer = one["msg"].removeprefix("Value error, ")
            answer = f"{answer[:1].lower()}{answer[1:]}"
            if one["type"] not in ("missing", "extra_forbidden", "value_error"):
                answer += f", is {str(one['input'])[:40]!r}"
            unknown = one["type"] == "extra_forbidden" and len(one["loc"]) == 1
            use = f"use {', '.join(model.model_fields)}" if unknown else cure
            problems.append(error(f"{item}{location}", answer, use))
        raise combined(problems, item, error) from None


def number_array(value: Any, item: str, n_axes: int, error: type[AnalysisError]) -> NDArray[np.float64]:
    """Nested lists of JSON numbers as a float64 array.

    Raises:
        AnalysisError: of the given kind: not such a list, ragged, empty, or values that are no finite numbers.
    """
    shape = "a list of lists of finite numbers, all of one length" if n_axes == 2 else "a list of finite numbers"
    rows = value if n_axes == 2 else [value]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise error(item, f"is {kind_of(value)}", f"give {shape}")
    if not rows or not rows[0]:
        raise error(item, "is empty", f"give {shape}")
    if len({len(row) for row in rows}) > 1:
        raise error(item, "has rows of different lengths", f"give {shape}")
    for position, row in enumerate(rows):
        for column, number in enumerate(row):
            if isinstance(number, bool) or not isinstance(number, (int, float)):
                where = f"{item}[{position}][{column}]" if n_axes == 2 else f"{item}[{column}]"
                raise error(where, f"holds {kind_of(number)} where a number belongs", f"give {shape}")
    try:
        array = np.array(value, dtype=np.float64)
    except OverflowError:
        array = np.array([np.inf])
    if not np.isfinite(array).all():
        raise error(item, "holds NaN, or a number too large for float64", f"give {shape}")
    return array


def plain_text(value: Any, item: str, error: type[AnalysisError], *, empty: bool = False, limit: int = MAX_TEXT) -> str:
    """A trimmed line of text for people.

    Raises:
        AnalysisError: of the given kind: no string, empty (unless allowed), too long, or with control characters.
    """
    cure = f"give one line of at most {limit} characters"
    if not isinstance(value, str):
        raise error(item, f"is {kind_of(value)}", cure)
    text = value.strip()
    if not text and not empty:
        raise error(item, "is empty", cure)
    if len(text) > limit:
        raise error(item, f"has {len(text):,} characters", cure)
    # Cc control, Cf invisible formatting such as reversed writing, Cs lone surrogates, Zl and Zp line ends
    odd = sorted({c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")})
    if odd:
        raise error(item, f"holds the control character U+{ord(odd[0]):04X}", cure + " without control characters")
    if any(_is_piled_up(text[start:]) for start in range(len(text))):
        raise error(item, f"piles more than {_MAX_MARKS} marks on one character", cure + " that can be read")
    return text


def _is_piled_up(text: str) -> bool:
    """Whether a text begins with more combining marks than any script uses."""
    return len(text) > _MAX_MARKS and all(map(unicodedata.combining, text[: _MAX_MARKS + 1]))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise _Refused(f"has the key {twice[:40]!r} twice in one object")
    return result


def _no_constant(name: str) -> Any:
    raise _Refused(
        f"holds {name}, which is no JSON number", "give a finite number, or null where a value may be missing"
    )


def kind_of(value: Any) -> str:
    """Name the kind of a JSON value, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    return "a text" if isinstance(value, str) else "a list" if isinstance(value, list) else "an object"
