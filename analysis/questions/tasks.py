"""Tasks: the Boolean functions that outputs should compute, and the input table that everything is indexed by.

Inputs are counted in binary, the first input most significant, so row 2 of a two-input table is A=1, B=0. A truth
table is a tuple of 0/1 over those rows. As a number ("pattern") bit i of the integer is the value on row i.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidNetwork, InvalidTask
from pluriscope.analysis.questions.smallest_formulas import smallest_formula

MAX_INPUTS: Final = 6
INPUT_NAMES: Final = "ABCDEF"

_RULES: Final[dict[str, tuple[Callable[[Sequence[int]], bool], int | None]]] = {
    # name: (rule over one row of input bits, number of inputs it is defined for or None for any)
    "AND": (all, None),
    "OR": (any, None),
    "NAND": (lambda bits: not all(bits), None),
    "NOR": (lambda bits: not any(bits), None),
    "XOR": (lambda bits: sum(bits) % 2 == 1, 2),
    "XNOR": (lambda bits: sum(bits) % 2 == 0, 2),
    "IMP": (lambda bits: not bits[0] or bool(bits[1]), 2),
    "NIMP": (lambda bits: bool(bits[0]) and not bits[1], 2),
    "MAJORITY": (lambda bits: 2 * sum(bits) > len(bits), None),
    "PARITY": (lambda bits: sum(bits) % 2 == 1, None),
}
TASK_NAMES: Final = tuple(_RULES)
_NUMBERED: Final = re.compile(r"([A-Z]+)[ _-]*([0-9]+)")


@dataclass(frozen=True)
class Task:
    """The target of an output.

    Args:
        truth_table: 0/1 for each of the 2^n inputs in binary order.
        name: a label such as "XOR"; not part of identity.
    """

    truth_table: tuple[int, ...]
    name: str = ""

    @property
    def label(self) -> str:
        """The name, else the smallest formula, else the truth table; "always 0" or "always 1" of what is constant."""
        if not self.name and len(set(self.truth_table)) == 1:
            return f"always {self.truth_table[0]}"
        formula = smallest_formula(self.truth_table, INPUT_NAMES) if self.truth_table else ""
        return self.name or formula or "".join(map(str, self.truth_table))

    @property
    def n_inputs(self) -> int:
        return len(self.truth_table).bit_length() - 1

    @property
    def n_gates(self) -> int | None:
        """0 for an input or its negation, 1 for two of these joined by AND or OR; None for what takes more, and for a
        constant.
        """
        values = np.array(self.truth_table).reshape([2] * self.n_inputs)
        needed = [axis for axis in range(values.ndim) if (values.take(0, axis) != values.take(1, axis)).any()]
        ones = int(values.sum()) * 2 ** len(needed) // values.size
        return {(1, 1): 0, (2, 1): 1, (2, 3): 1}.get((len(needed), ones))

    @property
    def pattern(self) -> int:
        """The truth table as an integer: bit i is the value on input row i."""
        return sum(value << row for row, value in enumerate(self.truth_table))


def pattern_bits(pattern: int, n_inputs: int) -> NDArray[np.bool_]:
    """Convert a truth table from an integer to Booleans, ``[2^n]``.

    Over six inputs the integer has 64 bits and is larger than a signed one of numpy, so ``pattern >> rows`` with an
    array of rows is never right: this is how rows are read off.
    """
    octets = np.frombuffer(pattern.to_bytes(-(-(1 << n_inputs) // 8), "little"), dtype=np.uint8)
    return np.unpackbits(octets, count=1 << n_inputs, bitorder="little").astype(np.bool_)


def input_table(n_inputs: int) -> NDArray[np.float64]:
    """All Boolean inputs, ``[2^n, n]`` of 0.0/1.0, counted in binary with the first input most significant."""
    rows = np.arange(2**n_inputs)[:, None]
    return ((rows >> np.arange(n_inputs - 1, -1, -1)) & 1).astype(np.float64)


def too_many_inputs(n_inputs: int, item: str = "network") -> InvalidNetwork:
    """Make the error about a network with more Boolean inputs than can be looked at."""
    cause = f"has {n_inputs} inputs; every Boolean input is looked at, so {MAX_INPUTS} is the most"
    cure = f"use one with 1 to {MAX_INPUTS}, or give one with several outputs as a classifier, with rows of numbers"
    return InvalidNetwork(item, cause, f"{cure}: docs/importing.md#classifiers")


def too_many_classes(n_classes: int, item: str) -> InvalidNetwork:
    """Make the error about a network that decides among more than two classes."""
    cause = f"answers with the largest of {n_classes} outputs, and more than two classes are read with rows of numbers"
    cure = "export it with them as a classifier, or give a network that decides each output by itself"
    return InvalidNetwork(item, cause, f"{cure}: docs/importing.md#classifiers")


def named_task(name: str, n_inputs: int) -> Task:
    """The task of that name over ``n_inputs`` inputs, which may stand behind it: parity-3, XOR3.

    Raises:
        InvalidTask: an unknown name, or a name that is not defined for so many inputs.
    """
    key = name.strip().upper()
    if (numbered := _NUMBERED.fullmatch(key)) and numbered[1] in _RULES:
        key, number = numbered[1], int(numbered[2])
        if number != n_inputs:
            cause = f"is over {number} inputs, and here are {n_inputs}"
            raise InvalidTask(f"task {name!r}", cause, f"use {key} without a number, or another name")
        key = "PARITY" if key == "XOR" and n_inputs != 2 else key
    if key not in _RULES:
        raise InvalidTask(f"task {name!r}", "is not a known name", f"use one of {', '.join(TASK_NAMES)}")
    if not 1 <= n_inputs <= MAX_INPUTS:
        raise InvalidTask(f"task {key}", f"{n_inputs} inputs asked for", f"use 1 to {MAX_INPUTS} inputs")
    rule, arity = _RULES[key]
    if arity is not None and arity != n_inputs:
        raise InvalidTask(f"task {key}", f"is defined for {arity} inputs, not {n_inputs}", "use PARITY or another name")
    return Task(tuple(int(rule([int(b) for b in row])) for row in input_table(n_inputs)), key)


def task_of_text(text: str, n_inputs: int) -> Task:
    """A task by its name or by its truth table, such as "0110".

    Raises:
        InvalidTask: an unknown name or a truth table of another length.
    """
    bits = text.strip()
    if bits and set(bits) <= {"0", "1"}:
        return task_from_table([int(bit) for bit in bits], n_inputs)
    return named_task(bits, n_inputs)


def task_from_table(truth_table: Sequence[object], n_inputs: int, name: str = "") -> Task:
    """Check a truth table and name it if it is a named one.

    Raises:
        InvalidTask: not 2^n values of 0 and 1, or a name that belongs to another table.
    """
    values = list(truth_table)
    if len(values) != 2**n_inputs or any(isinstance(v, bool) or v not in (0, 1) for v in values):
        raise InvalidTask(
            f"truth_table of {name or 'the task'}",
            f"must be {2**n_inputs} values of 0 or 1 for {n_inputs} inputs",
            "list the outputs for the inputs counted in binary, first input most significant",
        )
    table = tuple(int(v == 1) for v in values)
    try:
        known = named_task(name, n_inputs).truth_table
    except InvalidTask:  # a name of one's own
        known = table
    if known != table:
        cure = f"use {', '.join(map(str, known))}, or another name or none"
        raise InvalidTask(f"task name {name!r}", "belongs to another truth table", cure)
    return Task(table, name or name_of(table))


def name_of(truth_table: Sequence[int]) -> str:
    """The first known name of a truth table, or "" if it has none."""
    n_inputs = len(truth_table).bit_length() - 1
    for name, (_, arity) in _RULES.items():
        if arity in (None, n_inputs) and named_task(name, n_inputs).truth_table == tuple(truth_table):
            return name
    return ""
