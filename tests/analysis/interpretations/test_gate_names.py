"""Names of gates mean what they say."""

from __future__ import annotations

from itertools import product

import pytest

from pluriscope.analysis.interpretations.gates import essential, gate_name, table_name

PYTHON = {"∧": " and ", "∨": " or ", "¬": " not ", "⊕": "!=", "↔": "=="}


@pytest.mark.parametrize("function", range(16))
def test_two_input_formulas_evaluate_to_their_function(function):
    formula = gate_name(function, 2)
    if "→" in formula:
        left, right = formula.split(" → ")
        formula = f"¬{left} ∨ {right}"
    for sign, word in PYTHON.items():
        formula = formula.replace(sign, word)
    rows = list(product([0, 1], repeat=2))
    values = [int(bool(eval(formula, {}, {"A": a, "B": b}))) for a, b in rows]  # noqa: S307  # our own formula
    assert values == [(function >> row) & 1 for row in range(4)]


def test_the_names_of_all_two_input_functions_differ():
    assert len({gate_name(function, 2) for function in range(16)}) == 16
    tables = list(product([0, 1], repeat=4))
    assert len({table_name(table, ("1.0", "1.1")) for table in tables}) == 16


def pattern_of(rule, n):
    return sum(int(rule(bits)) << row for row, bits in enumerate(product([0, 1], repeat=n)))


@pytest.mark.parametrize(
    ("rule", "n", "name"),
    [
        (all, 3, "AND"),
        (any, 4, "OR"),
        (lambda bits: not all(bits), 3, "NAND"),
        (lambda bits: not any(bits), 3, "NOR"),
        (lambda bits: sum(bits) % 2, 3, "PARITY"),
        (lambda bits: sum(bits) > 1, 3, "MAJORITY"),
        (lambda bits: bits[1], 3, "B"),
        (lambda bits: not bits[2], 3, "¬C"),
        (lambda bits: bits[0] and not bits[2], 3, "A ∧ ¬C"),
        (lambda bits: bits[0] and (bits[1] or bits[2]), 3, ""),
        (lambda bits: bits[0] or (bits[1] and bits[2] and bits[3]), 4, ""),
        (lambda bits: bits[0] and bits[1] and bits[2], 4, ""),
        (lambda _: True, 2, "1"),
        (lambda bits: not bits[0], 1, "¬A"),
    ],
)
def test_names_over_more_inputs(rule, n, name):
    assert gate_name(pattern_of(rule, n), n) == name


def test_short_names_say_which_parents_are_read():
    parents = ("1.0", "1.1", "1.2")
    tables = {
        "AND": [0, 0, 0, 0, 0, 0, 0, 1],
        "AND 1.0 1.2": [0, 0, 0, 0, 0, 1, 0, 1],
        "COPY 1.1": [0, 0, 1, 1, 0, 0, 1, 1],
        "NOT 1.2": [1, 0, 1, 0, 1, 0, 1, 0],
        "0": [0] * 8,
        "": [0, 0, 0, 1, 1, 1, 1, 1],
    }
    for name, table in tables.items():
        assert table_name(table, parents) == name
    assert essential((0, 0, 1, 1)) == ((0,), (0, 1))
