"""Causal models: algorithms whose variables have finitely many values, written as a text of their own grammar.

    x1 = (a + b) % 3; y = (x1 + c) % 3

Statements are separated by semicolons or lines; the last is the answer. A variable is a function of the inputs and of
variables before it; one whose name begins with ``_`` is a helper, computed anew and never placed. Expressions have
integers, names, ``+ - * // %``, comparisons, ``and or not`` (or ``∧ ∨ ¬``), ``A if B else C``, ``min`` and ``max``, a
table ``(3, 1, 2)[x]``, and ``none`` for no answer; so is what reads ``none``, divides by 0 or looks beyond a table.
Inputs that are no integers can be compared alone, ``x[0] > 0.5``. Nothing is executed but these operations. How a text
is checked against a task, and how inputs are called, is in :mod:`pluriscope.analysis.algorithms.written`.

Geiger et al., "Causal Abstractions of Neural Networks" (NeurIPS 2021), section 2. Boolean formulas are the models whose
variables all have two values (:attr:`pluriscope.analysis.algorithms.high_level_model.HighLevelModel.causal`).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import chain, groupby, permutations, product
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import BeyondLimits, InvalidAlgorithm
from pluriscope.analysis.values.described import Described
from pluriscope.analysis.values.digest import sha256_hex, short_id

Integers = NDArray[np.int64]
NONE: Final = np.iinfo(np.int64).min
"""The value of what is not defined."""
MAX_PARTS: Final = 400
MAX_DEPTH: Final = 60
MAX_TEXT: Final = 4_000
MAX_INTEGER: Final = 1 << 40
MAX_WORK: Final = 1 << 32
"""Parts times rows times choices of one run: some seconds."""
MAX_VALUES: Final = 1 << 25
"""Rows times choices: the values of one part, of which several are in memory."""
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
        values: ``[rows, …]`` integers, or numbers that algorithms can only compare.
    """

    name: str
    values: NDArray[Any]

    @cached_property
    def columns(self) -> Mapping[str, NDArray[Any]]:
        """Each input ``[rows]`` by its name and index, in order."""
        indices = np.ndindex(self.values.shape[1:])
        return {self.name + "".join(f"[{k}]" for k in at): self.values[:, *at] for at in indices}

    @cached_property
    def letters(self) -> Mapping[str, NDArray[Any]]:
        """The inputs in order as ``a, b, c``, where there are at most 26."""
        columns = self.columns.values()
        return {chr(97 + k): one for k, one in enumerate(columns)} if len(columns) <= 26 else {}


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
    def definitions(self) -> Mapping[str, str]:
        """The expression of each statement, by its name."""
        return {name: ast.unparse(one) for name, one in self.statements}

    @cached_property
    def id(self) -> str:
        """Short id of the statements, however they are spaced."""
        return short_id("; ".join(f"{name} = {one}" for name, one in self.definitions.items()))

    @cached_property
    def n_parts(self) -> int:
        """The number of names, numbers and operations."""
        return sum(isinstance(node, ast.expr) for _, one in self.statements for node in ast.walk(one))

    def run(self, inputs: Inputs, fixed: Mapping[str, Integers] | None = None) -> dict[str, Integers]:
        """Compute every variable and the answer.

        Args:
            inputs: of the task.
            fixed: values ``[…]`` that some variables are set to, instead of what they are; one for each choice.

        Returns:
            By name ``[rows]``, or with ``fixed`` whatever broadcasts to ``[rows, …]``; :data:`NONE` where it is not
            defined.

        Raises:
            InvalidAlgorithm: an input is not there, or a number grows beyond :data:`MAX_INTEGER`.
            BeyondLimits: more than :data:`MAX_WORK` or :data:`MAX_VALUES`.
        """
        fixed = fixed or {}
        choices = np.broadcast_shapes(*(one.shape for one in fixed.values()))
        self._affordable(inputs, prod(choices))
        known = _Known(inputs, len(choices))
        for name, expression in self.statements:
            known.found[name] = fixed[name][None] if name in fixed else known.value(expression)
        if fixed:
            return known.found
        return {name: np.broadcast_to(value, len(inputs.values)) for name, value in known.found.items()}

    def unfold(self, inputs: Inputs) -> Unfolded:
        """Compute every variable and the answer on all combinations of values that interchange can make.

        Raises:
            InvalidAlgorithm, BeyondLimits: as :meth:`run`.
        """
        clean, known = self.run(inputs), _Known(inputs, len(self.variables))
        values, computed = dict[str, Integers](), dict[str, Integers]()
        for name, expression in self.statements:
            known.found[name] = found = known.value(expression)
            if name in self.variables:
                every = np.concatenate([clean[name], found.ravel()])
                values[name] = every[np.sort(np.unique(every, return_index=True)[1])]
                self._affordable(inputs, prod(map(len, values.values())))
                after = [1] * (len(self.variables) - len(values))
                known.found[name] = values[name].reshape([1] * len(values) + [-1] + after)
            if name in values or name == self.answer:
                computed[name] = found.reshape([1] * (1 + len(self.variables) - found.ndim) + [*found.shape])
        return Unfolded(clean, values, computed, known.tables)

    def _affordable(self, inputs: Inputs, n_choices: int) -> None:
        if (work := self.n_parts * len(inputs.values) * n_choices) > MAX_WORK:
            cause = f"takes {work:,} steps with every combination of values, and {MAX_WORK:,} are the most"
        elif (n_values := len(inputs.values) * n_choices) > MAX_VALUES:
            cause = f"has {n_values:,} rows with combinations of values, and {MAX_VALUES:,} are the most"
        else:
            return
        raise BeyondLimits("algorithm", cause, "use fewer variables with fewer values, or helpers such as _x")

    @property
    def answer(self) -> str:
        """The name of the last statement."""
        return self.statements[-1][0]


@dataclass(frozen=True, eq=False)
class Unfolded:
    """A causal model on all combinations of values that interchange can make.

    Args:
        clean: what each variable and the answer is on each row.
        values: of each variable, in order of appearance on the rows, then those that exchanged variables make of it.
        computed: what each variable, and the answer, is computed as from the row and the variables before it,
            ``[rows, values of the first variable, …]``, or what broadcasts to it.
        tables: how many values the index of each table has, from 0 to the largest.
    """

    clean: Mapping[str, Integers]
    values: Mapping[str, Integers]
    computed: Mapping[str, Integers]
    tables: Mapping[ast.Tuple, int]

    def check_tables(self) -> None:
        """Refuse a table that does not have an entry for each value of its index.

        Raises:
            InvalidAlgorithm: the first such table.
        """
        for table, n_values in self.tables.items():
            if n_values != len(table.elts):
                cause = f"has {len(table.elts)} entries, and its index goes from 0 to {n_values - 1}"
                cure = "give an entry for each, none where there is no answer"
                raise InvalidAlgorithm(f"table {ast.unparse(table)[:60]}", cause, cure)

    @cached_property
    def reads(self) -> Mapping[str, tuple[str, ...]]:
        """The variables on which each variable, and the answer, depends."""
        return {
            name: tuple(one for axis, one in enumerate(self.values, start=1) if not _is_constant(found, axis))
            for name, found in self.computed.items()
        }

    @property
    def idle(self) -> frozenset[str]:
        """The variables on which the answer does not depend, by way of others neither."""
        *_, answer = reached = [*self.computed]
        used, rest = set(self.reads[answer]), reached[-2::-1]
        for name in rest:
            used |= {*self.reads[name]} if name in used else set()
        return frozenset(self.values) - used

    @cached_property
    def digest(self) -> str:
        """What two models have in common that no interchange on these rows tells apart, however their variables and
        values are called: variables that split the rows alike, and the same functions on all combinations.
        """
        split = {name: self._labelled(name, self.clean[name]).tobytes() for name in self.values}
        alike = groupby(sorted(split, key=split.__getitem__), key=split.__getitem__)
        orders = product(*(permutations(names) for _, names in alike))
        return min(self._digest([*chain(*order)], split) for order in orders)

    def _digest(self, order: Sequence[str], split: Mapping[str, bytes]) -> str:
        axes, parts = (0, *(1 + [*self.values].index(name) for name in order)), list[bytes]()
        for name in (*order, [*self.computed][-1]):
            found = self.computed[name]
            found = (self._labelled(name, found) if name in self.values else found).transpose(axes)
            for axis in range(found.ndim):
                if _is_constant(found, axis):
                    found = found.take([0], axis=axis)
            parts += [repr(found.shape).encode(), split.get(name, b""), found.tobytes()]
        return sha256_hex(*parts)

    def _labelled(self, name: str, found: Integers) -> Integers:
        values = self.values[name]
        order = np.argsort(values)
        return order[np.searchsorted(values[order], found)]


def _is_constant(found: Integers, axis: int) -> bool:
    return bool((found == found.take([0], axis=axis)).all())


class _Known:
    """What expressions may read: the inputs, and the variables found so far."""

    def __init__(self, inputs: Inputs, n_axes: int) -> None:
        self._inputs, self._axis = inputs, (slice(None), *[None] * n_axes)
        self.found: dict[str, Integers] = {}
        self.tables: dict[ast.Tuple, int] = {}

    def value(self, one: ast.expr) -> Integers:
        """The value of an expression, in integers."""
        found = self._number(one)
        if found.dtype.kind == "f":
            cure = "compare it with a number, such as x[0] > 0.5, whose value is 0 or 1"
            raise InvalidAlgorithm(ast.unparse(one)[:60], "is not a whole number", cure)
        return found

    def _number(self, one: ast.expr) -> NDArray[Any]:
        """The value of an expression, integers or the numbers of a comparison."""
        if isinstance(one, ast.Constant):
            return np.array(one.value)
        if isinstance(one, ast.Name):
            return self._named(one.id)
        if isinstance(one, ast.Subscript):
            return self._table(one) if isinstance(one.value, ast.Tuple) else self._input(one)
        if isinstance(one, ast.IfExp):
            asked, this, other = map(self.value, (one.test, one.body, one.orelse))
            return np.where(asked == NONE, NONE, np.where(asked != 0, this, other))
        if isinstance(one, ast.UnaryOp):
            operand = self._number(one.operand) if isinstance(one.operand, ast.Constant) else self.value(one.operand)
            if operand.dtype.kind == "f" and isinstance(one.op, ast.USub):
                return -operand
            return _defined(-operand if isinstance(one.op, ast.USub) else operand == 0, operand)
        if isinstance(one, ast.BoolOp):
            parts = [self.value(part) for part in one.values]
            how = np.logical_and if isinstance(one.op, ast.And) else np.logical_or
            return _defined(reduce(how, [part != 0 for part in parts]), *parts)
        if isinstance(one, ast.Compare):
            ends = [self._number(part) for part in (one.left, *one.comparators)]
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
        parts, how = [np.where(part == NONE, 1, part) for part in (left, safe)], _OPERATORS[type(one.op)]
        if not divides and (np.abs(how(parts[0].astype(np.float64), parts[1])) > MAX_INTEGER).any():
            cause = f"has a value beyond {MAX_INTEGER:,}"
            raise InvalidAlgorithm(ast.unparse(one)[:60], cause, "use smaller numbers, or a remainder")
        return _defined(how(*parts), left, safe)

    def _named(self, name: str) -> NDArray[Any]:
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

    def _input(self, one: ast.Subscript) -> NDArray[Any]:
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
        given: NDArray[Any] = np.moveaxis(self._inputs.values, 0, -1)[tuple(indices)][self._axis]
        return given

    def _table(self, one: ast.Subscript) -> Integers:
        entries: ast.Tuple = one.value  # type: ignore[assignment]
        at, table = self.value(one.slice), [self.value(entry) for entry in entries.elts]
        self.tables[entries] = max(self.tables.get(entries, 0), int(at.max(initial=-1)) + 1)
        found = np.full(np.broadcast_shapes(at.shape, *(entry.shape for entry in table)), NONE)
        for k, entry in enumerate(table):
            found = np.where(at == k, entry, found)
        return found


def _defined(value: Any, *parts: NDArray[Any]) -> Integers:
    """A value, none where a part of it is none."""
    return np.where(reduce(np.logical_or, [part == NONE for part in parts]), NONE, np.asarray(value, dtype=np.int64))


_SIGNS: Final = str.maketrans({"∧": " and ", "∨": " or ", "¬": " not "})
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
        tree = ast.parse(text.translate(_SIGNS))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InvalidAlgorithm(f"algorithm {text[:60]!r}", "cannot be read", _CURE) from error
    statements = list[tuple[str, ast.expr]]()
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name not in (*dict(statements), "none"):
                statements.append((name, value))
            case _:
                shown = text.splitlines()[statement.lineno - 1].strip()[:60]  # however deep it is
                raise InvalidAlgorithm(shown, "is no statement NAME = … of a new name", _CURE)
    nodes = [node for _, one in statements for node in ast.walk(one)]
    n_parts, depth = (
        sum(isinstance(node, ast.expr) for node in nodes),
        max([_depth(one) for _, one in statements] or [0]),
    )
    if not (0 < n_parts <= MAX_PARTS and depth <= MAX_DEPTH):
        cause = (
            f"has {n_parts:,} names, numbers and operations, {depth} within each other; from 1 to {MAX_PARTS} are "
            f"admitted, up to {MAX_DEPTH} within each other"
        )
        raise InvalidAlgorithm(f"algorithm {text[:60]!r}", cause, "shorten it, or give parts of it a name")
    for node in nodes:
        wrong = not isinstance(node, _ADMITTED)
        if isinstance(node, ast.Constant):
            wrong = type(node.value) not in (int, float) or not abs(node.value) < MAX_INTEGER  # type: ignore[arg-type]
        if isinstance(node, ast.Call):
            wrong = not (isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS and node.args) or bool(
                node.keywords
            )
        if wrong:
            raise InvalidAlgorithm(
                ast.unparse(node)[:60] or f"operator {type(node).__name__}",
                "is nothing that an algorithm may have",
                _CURE,
            )
    for node in nodes:  # inputs are called as people like
        if isinstance(node, ast.Name) and len(node.id) == 1 and node.id not in dict(statements):
            node.id = node.id.lower()
    before = set[str]()
    for name, one in statements:
        read = [node.id for node in ast.walk(one) if isinstance(node, ast.Name)]
        if late := [other for other in read if other in dict(statements) and other not in before]:
            depends = "itself" if late[0] == name else f"{late[0]}, which comes later"
            raise InvalidAlgorithm(f"variable {name}", f"depends on {depends}", "let it read what stands before it")
        before.add(name)
    return CausalModel(text, tuple(statements))


def _depth(one: ast.expr) -> int:
    level, depth = [one], 0
    while level:
        level, depth = (
            [part for node in level for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)],
            depth + 1,
        )
    return depth
