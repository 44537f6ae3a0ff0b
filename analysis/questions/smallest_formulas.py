"""The smallest formula of a Boolean function over ∧, ∨, ⊕ and ¬: fewest inputs written, then fewest ¬, a ⊕ as two ¬.

1. Inputs on which the function does not depend are left out.
2. Up to four inputs a table says it. It grows by the inputs written: with n of them stand all pairs of smaller formulas
   that have n together, and their negations; what was there with fewer stays as it is.
3. Of five and six inputs only what splits is written: f(X, Y) = g(X) ∘ h(Y). Constants for Y leave a formula of g and
   constants for X one of h, so none of f has fewer inputs than both together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_TABLED: Final = 4
"""Inputs: 65,536 functions, of which none needs more than eight inputs written."""
_SIGNS: Final = ("∨", "∧", "¬", "⊕")
"""In the order in which they are taken where two formulas are as small."""
_COST: Final = {"∧": 0, "∨": 0, "¬": 1, "⊕": 2}
_JOINED: Final[dict[str, np.ufunc]] = {"∧": np.bitwise_and, "∨": np.bitwise_or, "⊕": np.bitwise_xor}
_Functions = NDArray[np.uint16]


@lru_cache(maxsize=4096)
def smallest_formula(truth_table: tuple[int, ...], names: str) -> str:
    """A function's smallest formula, such as "A ∧ (B ∨ C)"; "" where it needs five inputs or more and does not split.

    Args:
        truth_table: 0/1 for each of the 2^n inputs in binary order, n ≤ 6.
        names: a letter for each input, the first of the most significant.
    """
    found = _tree(np.array(truth_table).reshape([2] * (len(truth_table).bit_length() - 1)), names)
    return "" if found is None else _text(found)


Tree = tuple[Any, ...]
"""An input or a constant ``(name,)``, or a sign and what it joins: ``("∧", tree, tree)``, ``("¬", tree)``."""


def _tree(values: NDArray[Any], names: str) -> Tree | None:
    """The formula of ``values`` ``[2] * n``, an axis for each name."""
    needed = [axis for axis in range(values.ndim) if (values.take(0, axis) != values.take(1, axis)).any()]
    values = values[tuple(slice(None) if axis in needed else 0 for axis in range(values.ndim))]
    names = "".join(names[axis] for axis in needed)
    if len(names) <= _TABLED:
        function = sum(int(value) << row for row, value in enumerate(values.ravel()))
        return _tabled(function, names)
    axes = range(len(names))
    for size in range(1, len(names) // 2 + 1):
        for left in combinations(axes, size):
            right = [axis for axis in axes if axis not in left]
            both = values.transpose(*left, *right).reshape(1 << size, -1)
            for sign, g, h in _splits(both):
                parts = [
                    _tree(side.reshape([2] * len(some)), "".join(names[axis] for axis in some))
                    for side, some in ((g, left), (h, right))
                ]
                if None not in parts:
                    return (sign, *parts)
    return None


def _splits(both: NDArray[Any]) -> Iterator[tuple[str, NDArray[Any], NDArray[Any]]]:
    """Signs that join a function of the rows and one of the columns to ``both``, with the two functions."""
    for sign, g, h, joined in (
        ("∧", both.max(axis=1), both.max(axis=0), np.bitwise_and),
        ("∨", both.min(axis=1), both.min(axis=0), np.bitwise_or),
        ("⊕", both[:, 0], both[0] ^ both[0, 0], np.bitwise_xor),
    ):
        if (joined.outer(g, h) == both).all():
            yield sign, g, h


def _tabled(function: int, names: str) -> Tree:
    """The formula of a function of up to four inputs, given as an integer."""
    leaves = 0
    while function not in (made := _level(len(names), leaves).made):
        leaves += 1
    sign, *parts = made[function]
    if sign in _SIGNS:
        return (sign, *(_tabled(part, names) for part in parts))
    return (names[sign] if leaves else str(sign),)


@dataclass(frozen=True)
class _Level:
    """Functions whose smallest formulas have as many inputs written.

    Args:
        by_cost: what else they cost → the functions.
        made: each function → its sign and the functions joined; of an input its axis, of a constant its value.
    """

    by_cost: dict[int, _Functions]
    made: dict[int, tuple[Any, ...]]


@cache
def _level(n_inputs: int, leaves: int) -> _Level:
    """Find the functions of n inputs that need ``leaves`` inputs written."""
    full = (1 << (1 << n_inputs)) - 1
    if leaves == 0:
        return _Level({}, {0: (0,), full: (1,)})
    below = [_level(n_inputs, fewer) for fewer in range(leaves)]
    unknown = np.ones(full + 1, dtype=bool)
    for level in below:
        unknown[list(level.made)] = False
    made: dict[int, tuple[Any, ...]] = {}
    by_cost: dict[int, _Functions] = {}
    if leaves == 1:
        for axis in range(n_inputs):
            made[sum(1 << row for row in range(1 << n_inputs) if row >> (n_inputs - 1 - axis) & 1)] = (axis,)
        by_cost[0] = np.array(list(made), dtype=np.uint16)
        unknown[by_cost[0]] = False
    dearest = max((max(one.by_cost) + max(other.by_cost) for one, other in _halves(below)), default=0) + 3
    for cost in range(dearest + 1):
        fresh = [by_cost[cost]] if cost in by_cost else []
        for sign in _SIGNS:
            for left, right in _operands(sign, cost - _COST[sign], below, by_cost):
                made_of = full ^ left if sign == "¬" else _JOINED[sign].outer(left, right).ravel()
                values, first = np.unique(made_of[unknown[made_of]], return_index=True)
                where = np.flatnonzero(unknown[made_of])[first]
                for value, at in zip(values.tolist(), where.tolist(), strict=True):
                    one, other = divmod(at, len(right))
                    made[value] = (sign, int(left[one]), int(right[other]))[: 2 if sign == "¬" else 3]
                unknown[values] = False
                fresh.append(values.astype(np.uint16))
        if any(map(len, fresh)):
            by_cost[cost] = np.concatenate(fresh)
    return _Level(by_cost, made)


def _halves(below: Sequence[_Level]) -> Iterator[tuple[_Level, _Level]]:
    """Two levels that have as many inputs together as comes next."""
    for fewer in range(1, len(below) // 2 + 1):
        yield below[fewer], below[len(below) - fewer]


def _operands(
    sign: str, cost: int, below: Sequence[_Level], by_cost: dict[int, _Functions]
) -> Iterator[tuple[_Functions, _Functions]]:
    """Yield the functions that a sign may join at a cost: all of the first with all of the second."""
    if sign == "¬":
        if cost in by_cost:
            yield by_cost[cost], np.zeros(1, dtype=np.uint16)
        return
    for one, other in _halves(below):
        for part, functions in one.by_cost.items():
            if cost - part in other.by_cost:
                yield functions, other.by_cost[cost - part]


def _text(tree: Tree) -> str:
    sign, *parts = tree
    if not parts:
        return str(sign)
    if sign == "¬":
        return f"¬{_operand(parts[0])}"
    texts = sorted(map(_operand, _flat(sign, parts)), key=lambda text: ([c for c in text if c.isalpha()], text))
    return f" {sign} ".join(texts)


def _flat(sign: str, parts: Sequence[Tree]) -> Iterator[Tree]:
    """The operands of a sign; those of the same sign within it, too."""
    for part in parts:
        if part[0] == sign:
            yield from _flat(sign, part[1:])
        else:
            yield part


def _operand(tree: Tree) -> str:
    return f"({_text(tree)})" if len(tree) == 3 else _text(tree)
