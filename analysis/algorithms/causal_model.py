"""Causal models: algorithms whose variables have finitely many values, written as a text of their own grammar.

    x1 = (a + b) % 3; y = (x1 + c) % 3

Statements are separated by semicolons or lines; the last is the answer. A variable is a function of the inputs and of
variables before it; one whose name begins with ``_`` is a helper, computed anew and never placed. Expressions have
integers, names, ``+ - * // %``, comparisons, ``and or not``, ``A if B else C``, ``min`` and ``max``, a table
``(3, 1, 2)[x]``, and ``none`` for no answer. What reads ``none``, divides by 0 or looks beyond a table is ``none``.
Nothing is executed but these operations.

Geiger et al., "Causal Abstractions of Neural Networks" (NeurIPS 2021), section 2. Boolean formulas
(:mod:`pluriscope.analysis.algorithms.high_level_model`) are the models whose variables all have two values.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidAlgorithm
from pluriscope.analysis.values.described import Described
from pluriscope.analysis.values.digest import short_id

Integers = NDArray[np.int64]
NONE: Final = np.iinfo(np.int64).min
"""The value of what is not defined."""
MAX_NODES: Final = 400
MAX_TEXT: Final = 4_000
MAX_INTEGER: Final = 1 << 40
_OPERATORS: Final[Mapping[type, Callable[[Any, Any], Any]]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}
_FUNCTIONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {"min": np.minimum, "max": np.maximum}
_CURE: Final = "write it as docs/machine-interface.md says"


@dataclass(frozen=True, eq=False)
class Inputs:
    """The inputs of a task as a causal model reads them.

    Args:
        name: by which an input is read, with an index for each further axis: ``t[0]``, ``x[1][0]``.
        values: ``[rows, …]`` integers.
    """

    name: str
    values: Integers

    @cached_property
    def letters(self) -> Mapping[str, Integers]:
        """The inputs in order as ``a, b, c``, where there are at most 26."""
        flat = self.values.reshape(len(self.values), -1)
        return {chr(97 + k): flat[:, k] for k in range(flat.shape[1])} if flat.shape[1] <= 26 else {}


@dataclass(frozen=True, eq=False, repr=False)
class CausalModel(Described):
    """A causal model over rows.

    Args:
        text: as it was written.
        statements: names with their expressions, the answer last.
    """

    text: str
    statements: tuple[tuple[str, ast.expr], ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of what can be placed: no helpers, not the answer."""
        return tuple(name for name, _ in self.statements[:-1] if not name.startswith("_"))

    @cached_property
    def id(self) -> str:
        """Short id of the statements, however they are spaced."""
        return short_id("; ".join(f"{name} = {ast.unparse(one)}" for name, one in self.statements))

    def run(self, inputs: Inputs, fixed: Mapping[str, Integers] | None = None) -> dict[str, Integers]:
        """Compute every variable and the answer.

        Args:
            inputs: of the task.
            fixed: values ``[choices]`` that some variables are set to, instead of what they are.

        Returns:
            By name ``[rows]``, or with ``fixed`` whatever broadcasts to ``[rows, choices]``; :data:`NONE` where it is
            not defined.

        Raises:
            InvalidAlgorithm: an input is not there, or a number grows beyond :data:`MAX_INTEGER`.
        """
        known = _Known(inputs, bool(fixed))
        for name, expression in self.statements:
            value = fixed[name][None, :] if fixed and name in fixed else known.value(expression)
            if ((np.abs(value) > MAX_INTEGER) & (value != NONE)).any():
                raise InvalidAlgorithm(
                    name, f"has a value beyond {MAX_INTEGER:,}", "use smaller numbers, or a remainder"
                )
            known.found[name] = value
        shape = np.broadcast_shapes(
            *(one.shape for one in known.found.values()), (len(inputs.values),) if not fixed else ()
        )
        return {name: np.broadcast_to(value, shape) if not fixed else value for name, value in known.found.items()}

    @property
    def answer(self) -> str:
        """The name of the last statement."""
        return self.statements[-1][0]


class _Known:
    """What expressions may read: the inputs, and the variables found so far."""

    def __init__(self, inputs: Inputs, with_choices: bool) -> None:
        self._inputs, self._axis = inputs, (slice(None), None) if with_choices else (slice(None),)
        self.found: dict[str, Integers] = {}

    def value(self, one: ast.expr) -> Integers:
        """The value of an expression."""
        if isinstance(one, ast.Constant):
            return np.array(one.value, dtype=np.int64)
        if isinstance(one, ast.Name):
            return self._named(one.id)
        if isinstance(one, ast.Subscript):
            return self._table(one) if isinstance(one.value, ast.Tuple) else self._input(one)
        if isinstance(one, ast.IfExp):
            asked, this, other = map(self.value, (one.test, one.body, one.orelse))
            return np.where(asked == NONE, NONE, np.where(asked != 0, this, other))
        if isinstance(one, ast.UnaryOp):
            operand = self.value(one.operand)
            return _defined(-operand if isinstance(one.op, ast.USub) else operand == 0, operand)
        if isinstance(one, ast.BoolOp):
            parts = [self.value(part) for part in one.values]
            how = np.logical_and if isinstance(one.op, ast.And) else np.logical_or
            return _defined(reduce(how, [part != 0 for part in parts]), *parts)
        if isinstance(one, ast.Compare):
            ends = [self.value(part) for part in (one.left, *one.comparators)]
            holds = [_OPERATORS[type(op)](*pair) for op, *pair in zip(one.ops, ends, ends[1:], strict=False)]
            return _defined(reduce(np.logical_and, holds), *ends)
        if isinstance(one, ast.Call):
            parts = [self.value(part) for part in one.args]
            return _defined(reduce(_FUNCTIONS[one.func.id], parts), *parts)  # type: ignore[attr-defined]
        return self._of_two(one)  # type: ignore[arg-type]

    def _of_two(self, one: ast.BinOp) -> Integers:
        left, right = self.value(one.left), self.value(one.right)
        divides = isinstance(one.op, ast.FloorDiv | ast.Mod)
        safe = np.where(right == 0, NONE, right) if divides else right
        return _defined(
            _OPERATORS[type(one.op)](*(np.where(part == NONE, 1, part) for part in (left, safe))), left, safe
        )

    def _named(self, name: str) -> Integers:
        if name == "none":
            return np.array(NONE)
        if name in self.found:
            return self.found[name]
        if name in self._inputs.letters:
            return self._inputs.letters[name][self._axis]
        raise InvalidAlgorithm(name, "is no input, and no variable before it has this name", self._cure)

    @property
    def _cure(self) -> str:
        *sizes, last = self._inputs.values.shape[1:]
        last_input = self._inputs.name + "".join(f"[{size - 1}]" for size in (*sizes, last))
        return f"read inputs up to {last_input}, or what stands before it"

    def _input(self, one: ast.Subscript) -> Integers:
        indices = list[int]()
        base: ast.expr = one
        while isinstance(base, ast.Subscript):
            at = self.value(base.slice)
            if at.ndim:
                raise InvalidAlgorithm(ast.unparse(one), "has an index that is no fixed number", "use a table")
            indices.insert(0, int(at))
            base = base.value
        shape = self._inputs.values.shape[1:]
        fits = len(indices) == len(shape) and all(0 <= at < size for at, size in zip(indices, shape, strict=True))
        if not (isinstance(base, ast.Name) and base.id == self._inputs.name and fits):
            raise InvalidAlgorithm(ast.unparse(one), "is no input of this task", self._cure)
        given: Integers = np.moveaxis(self._inputs.values, 0, -1)[tuple(indices)][self._axis]
        return given

    def _table(self, one: ast.Subscript) -> Integers:
        at, table = self.value(one.slice), [self.value(entry) for entry in one.value.elts]  # type: ignore[attr-defined]
        found = np.full(np.broadcast_shapes(at.shape, *(entry.shape for entry in table)), NONE)
        for k, entry in enumerate(table):
            found = np.where(at == k, entry, found)
        return found


def _defined(value: Any, *parts: Integers) -> Integers:
    """A value, none where a part of it is none."""
    return np.where(reduce(np.logical_or, [part == NONE for part in parts]), NONE, np.asarray(value, dtype=np.int64))


_ADMITTED: Final = (
    *(ast.Constant, ast.Name, ast.Load, ast.Subscript, ast.Tuple, ast.IfExp, ast.UnaryOp, ast.USub, ast.Not),
    *(ast.BoolOp, ast.And, ast.Or, ast.Compare, ast.Call, ast.BinOp, *_OPERATORS),
)


def read_causal_model(text: str) -> CausalModel:
    """The causal model of a text.

    Raises:
        InvalidAlgorithm: it cannot be read, or is too long.
    """
    if len(text) > MAX_TEXT:
        raise InvalidAlgorithm(
            "algorithm", f"has {len(text):,} characters, and {MAX_TEXT:,} are the most", "shorten it"
        )
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InvalidAlgorithm(f"algorithm {text[:60]!r}", "cannot be read", _CURE) from error
    statements = list[tuple[str, ast.expr]]()
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name not in (*dict(statements), "none"):
                statements.append((name, value))
            case _:
                raise InvalidAlgorithm(ast.unparse(statement)[:60], "is no statement NAME = … of a new name", _CURE)
    nodes = [node for _, one in statements for node in ast.walk(one)]
    if not statements or len(nodes) > MAX_NODES:
        cause = f"has {len(nodes):,} parts, and from 1 to {MAX_NODES} are admitted"
        raise InvalidAlgorithm(f"algorithm {text[:60]!r}", cause, "shorten it")
    for node in nodes:
        wrong = not isinstance(node, _ADMITTED)
        if isinstance(node, ast.Constant):
            wrong = not (type(node.value) is int and abs(node.value) < MAX_INTEGER)
        if isinstance(node, ast.Call):
            wrong = not (isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS and node.args) or bool(
                node.keywords
            )
        if wrong:
            raise InvalidAlgorithm(ast.unparse(node)[:60] or "a part", "is nothing that an algorithm may have", _CURE)
    return CausalModel(text, tuple(statements))
