"""Names of Boolean gates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final

from pluriscope.analysis.questions.tasks import INPUT_NAMES

# truth table over rows 00, 01, 10, 11 → name, formula over its two inputs
_TWO_INPUTS: Final[dict[tuple[int, ...], tuple[str, str]]] = {
    (0, 0, 0, 1): ("AND", "{0} ∧ {1}"),
    (1, 1, 1, 0): ("NAND", "¬({0} ∧ {1})"),
    (0, 1, 1, 1): ("OR", "{0} ∨ {1}"),
    (1, 0, 0, 0): ("NOR", "¬({0} ∨ {1})"),
    (0, 1, 1, 0): ("XOR", "{0} ⊕ {1}"),
    (1, 0, 0, 1): ("XNOR", "{0} ↔ {1}"),
    (1, 1, 0, 1): ("IMP", "{0} → {1}"),
    (0, 0, 1, 0): ("NIMP", "{0} ∧ ¬{1}"),
    (1, 0, 1, 1): ("CIMP", "{1} → {0}"),
    (0, 1, 0, 0): ("CNIMP", "¬{0} ∧ {1}"),
}


def gate_name(function: int, n_inputs: int) -> str:
    """A Boolean function for people.

    Args:
        function: truth table as an integer, bit i = input row i.
        n_inputs: number of inputs.

    Returns:
        With the inputs' letters if it depends on at most two of them ("A ∧ B", "¬C", "A ⊕ B", "0"), else the name of a
        symmetric gate ("AND", "MAJORITY"), else "".
    """
    table = tuple((function >> row) & 1 for row in range(1 << n_inputs))
    used, core = essential(table)
    letters = [INPUT_NAMES[i] for i in used]
    if not used:
        return str(core[0])
    if len(used) == 1:
        return letters[0] if core == (0, 1) else f"¬{letters[0]}"
    if len(used) == 2:
        return _TWO_INPUTS[core][1].format(*letters)
    return _symmetric_name(core) if len(used) == n_inputs else ""


def gate_words(gates: Iterable[Any], sizes: Sequence[int]) -> str:
    """Name the function of every hidden neuron, by layer and neuron, e.g. "A ∧ B, A ∨ B, then A ⊕ B".

    Args:
        gates: of an interpretation.
        sizes: of the network's layers.
    """
    layers: dict[int, list[str]] = {}
    for gate in gates:
        if gate.layer < len(sizes) - 1:
            table = "".join(str(gate.function >> row & 1) for row in range(1 << sizes[0]))
            layers.setdefault(gate.layer, []).append(gate_name(gate.function, sizes[0]) or table)
    return ", then ".join(", ".join(names) for names in layers.values())


def table_name(table: Sequence[int], parents: Sequence[str]) -> str:
    """The short name of a gate over its parents' bits: "AND", "XOR", "MAJORITY", "NOT 1.0".

    Args:
        table: the gate's value for each parent row, first parent most significant.
        parents: the parents' names.

    Returns:
        A gate that ignores some of its parents is named with those it reads, as in "AND 1.0 1.2"; one that reads a
        single parent is "COPY" or "NOT" of it; "" if there is no common name.
    """
    used, core = essential(tuple(table))
    if not used:
        return str(core[0])
    if len(used) == 1:
        return ("COPY " if core == (0, 1) else "NOT ") + parents[used[0]]
    name = _TWO_INPUTS[core][0] if len(used) == 2 else _symmetric_name(core)
    if not name or len(used) == len(parents):
        return name
    return " ".join([name, *(parents[i] for i in used)])


@cache
def essential(table: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The inputs that a truth table depends on, and its table over those alone."""
    n_inputs = len(table).bit_length() - 1
    strides = [1 << (n_inputs - 1 - i) for i in range(n_inputs)]
    used = tuple(
        i for i, stride in enumerate(strides) if any(table[row] != table[row ^ stride] for row in range(len(table)))
    )
    rows = range(1 << len(used))
    indices = [sum(strides[i] for k, i in enumerate(reversed(used)) if (row >> k) & 1) for row in rows]
    return used, tuple(table[index] for index in indices)


def _symmetric_name(table: tuple[int, ...]) -> str:
    """Name of a gate of three or more inputs that only counts its ones; "" if it does not or has no name."""
    n_inputs = len(table).bit_length() - 1
    by_count = [-1] * (n_inputs + 1)
    for row, value in enumerate(table):
        if by_count[row.bit_count()] not in (-1, value):
            return ""
        by_count[row.bit_count()] = value
    ones = range(n_inputs + 1)
    named = {
        "AND": [int(n == n_inputs) for n in ones],
        "NAND": [int(n < n_inputs) for n in ones],
        "OR": [int(n > 0) for n in ones],
        "NOR": [int(n == 0) for n in ones],
        "PARITY": [n % 2 for n in ones],
        "¬PARITY": [1 - n % 2 for n in ones],
        "MAJORITY": [int(2 * n > n_inputs) for n in ones],
        "MINORITY": [int(2 * n <= n_inputs) for n in ones],
    }
    return next((name for name, counts in named.items() if counts == by_count), "")
