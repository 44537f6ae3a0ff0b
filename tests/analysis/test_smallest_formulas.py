"""Smallest formulas against relaxation over all functions, and read back as people type them."""

from itertools import product

import numpy as np
import pytest

from pluriscope.analysis.algorithms.boolean_formulas import task_from_formula
from pluriscope.analysis.algorithms.high_level_model import input_pattern
from pluriscope.analysis.questions.smallest_formulas import smallest_formula
from pluriscope.analysis.questions.tasks import INPUT_NAMES, Task, pattern_bits

_LEAF = 1000
"""An input written outweighs every other cost."""


def size_of(formula):
    return _LEAF * sum(map(formula.count, INPUT_NAMES)) + formula.count("¬") + 2 * formula.count("⊕")


def least_sizes(n_inputs):
    """Size of every function by relaxation: all pairs are joined until nothing gets smaller."""
    functions = np.arange(1 << (1 << n_inputs))
    least = np.full(len(functions), 10**9)
    least[[0, -1]] = 0
    least[[input_pattern(axis, n_inputs) for axis in range(n_inputs)]] = _LEAF
    while True:
        before = least.copy()
        both = least[:, None] + least
        for join, cost in ((np.bitwise_and, 0), (np.bitwise_or, 0), (np.bitwise_xor, 2)):
            np.minimum.at(least, join.outer(functions, functions), both + cost)
        least = np.minimum(least, least[::-1] + 1)  # the complement of f is the last function minus f
        if (least == before).all():
            return least


def table_of(pattern, n_inputs):
    return tuple(int(bit) for bit in pattern_bits(pattern, n_inputs))


@pytest.mark.parametrize("n_inputs", [1, 2, 3])
def test_every_function_has_its_smallest_formula(n_inputs):
    for pattern, size in enumerate(least_sizes(n_inputs)):
        table = table_of(pattern, n_inputs)
        formula = smallest_formula(table, INPUT_NAMES)
        assert task_from_formula(formula, n_inputs).truth_table == table
        assert size_of(formula) == size, formula


def test_functions_of_four_inputs_by_the_inputs_written():
    """Up to four written, all functions are those that joining gives."""
    by_size = {1: {input_pattern(axis, 4) ^ flip for axis in range(4) for flip in (0, 0xFFFF)}}
    known = {0, 0xFFFF} | by_size[1]
    for size in (2, 3, 4):
        pairs = (
            (one, other) for fewer in range(1, size) for one, other in product(by_size[fewer], by_size[size - fewer])
        )
        made = {made ^ flip for f, g in pairs for made in (f & g, f | g, f ^ g) for flip in (0, 0xFFFF)}
        by_size[size] = made - known
        known |= made
    for size, functions in by_size.items():
        for function in sorted(functions)[::7]:
            formula = smallest_formula(table_of(function, 4), INPUT_NAMES)
            assert sum(map(formula.count, "ABCD")) == size
            assert task_from_formula(formula, 4).truth_table == table_of(function, 4)
    longest = smallest_formula(table_of(0x1968, 4), INPUT_NAMES)
    assert sum(map(longest.count, "ABCD")) > 4
    assert task_from_formula(longest, 4).truth_table == table_of(0x1968, 4)


@pytest.mark.parametrize(
    ("text", "n_inputs", "formula"),
    [
        ("A and (B or C)", 3, "A ∧ (B ∨ C)"),
        ("A C + A' B", 3, "(¬A ∧ B) ∨ (A ∧ C)"),
        ("A B + C D + E F", 6, "(A ∧ B) ∨ (C ∧ D) ∨ (E ∧ F)"),
        ("(A xor B) and (C or D or E')", 5, "(A ⊕ B) ∧ (C ∨ D ∨ ¬E)"),
        ("0", 3, "0"),
        ("A B C + C D E + E F A", 6, ""),
    ],
)
def test_a_formula_is_written_with_few_inputs(text, n_inputs, formula):
    assert smallest_formula(task_from_formula(text, n_inputs).truth_table, INPUT_NAMES) == formula


def test_a_task_without_a_name_is_called_by_its_formula():
    assert Task((0, 0, 0, 0, 0, 1, 1, 1)).label == "A ∧ (B ∨ C)"
    assert Task((0, 1, 1, 0), "XOR").label == "XOR"
    assert Task((), "").label == ""
    unsplit = task_from_formula("A B C + C D E + E F A", 6).truth_table
    assert Task(unsplit).label == "".join(map(str, unsplit))
