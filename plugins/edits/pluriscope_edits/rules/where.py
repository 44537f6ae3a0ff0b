"""The part of a subject that an edit changes: parameters by their names.

all                 every parameter
W2, 1.0.query       one by its name
1.0, 1.mlp, 1       all of a head, an MLP block or a layer: every name that goes on after a dot
W1[0], 1.0.key[2]   a row of one; W1[0][1] a single number
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from pluriscope.analysis.edits.edit import Array, Parameters
from pluriscope.analysis.errors import InvalidEdit, one_of
from pluriscope.analysis.methods.settings import Setting

_ONE: Final = re.compile(r"([\w.]{1,40})((?:\[\d{1,6}\])*)", re.ASCII)


def _spelled(text: str) -> str:
    return ",".join("".join(one.split()) for one in text.split(","))


WHERE: Final = Setting(
    "where",
    "all",
    "what changes: all, or names with commas between",
    reads=_spelled,
    example="W2, or 1.0 of a transformer",
)


def names_of(parameters: Parameters, text: str) -> list[str]:
    """The parameters that a text names whole.

    Raises:
        InvalidEdit: one that is not there, or a row of one.
    """
    found = [(name, at) for part in text.split(",") for name, at in _named(parameters, part)]
    if any(at for _, at in found):
        raise InvalidEdit(f"where {text[:40]!r}", "is a row or a number; what moves is whole", "leave the index out")
    return [name for name, _ in found]


def changed_in(parameters: Parameters, text: str, *, biases: bool = False) -> tuple[dict[str, Array], list[Array]]:
    """Copies of all parameters, and of these what a text names, as views to write into.

    Args:
        biases: whether bias vectors are among them.

    Raises:
        InvalidEdit: a part that is not there, or nothing to change in it.
    """
    copies = {name: array.copy() for name, array in parameters.items()}
    named = dict.fromkeys(one for part in text.split(",") for one in _named(parameters, part))
    found = [(name, at) for name, at in named if biases or copies[name].ndim > 1]
    if not found:
        raise InvalidEdit(f"where {text[:40]!r}", "holds biases alone, which stay", "name weights, such as W1")
    whole = [(name, at) for name, at in found if not any((name, at[:n]) in named for n in range(len(at)))]
    return copies, [_within(copies[name], at) for name, at in whole]


def _within(array: Array, at: Sequence[int]) -> Array:
    """A view of a row, a number or all of an array."""
    view: Array = array[(*at, ...)]  # type: ignore[arg-type]  # whole numbers
    return view


def _named(parameters: Parameters, part: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The parameters of a name, each with the index behind it."""
    item, shape = f"where {part[:40]!r}", _ONE.fullmatch(part)
    name, at = (shape[1], tuple(map(int, re.findall(r"\d+", shape[2])))) if shape else ("", ())
    names = [one for one in parameters if name in ("all", one) or one.startswith(f"{name}.")] if name else []
    if not names:
        raise InvalidEdit(item, "is not there", one_of(part, ["all", *parameters]))
    if at and len(names) > 1:
        raise InvalidEdit(item, f"counts in {len(names)} parameters", "name one of them")
    sizes = parameters[names[0]].shape
    if len(at) > len(sizes) or any(one >= size for one, size in zip(at, sizes, strict=False)):
        cause = f"is not there: {names[0]} has the shape {' × '.join(map(str, sizes))}"
        raise InvalidEdit(item, cause, "count rows and columns from 0")
    return ((one, at) for one in names)
