"""De Morgan twins: formulas that are one and-inverter tree, and where their variables are."""

from __future__ import annotations

import pytest

from analysis.algorithms.candidates import candidate_algorithms
from analysis.algorithms.de_morgan import reading_of
from analysis.protocol import PAPER
from analysis.tasks import named_task
from tests.oracles.brute_force_algorithms import split


def and_inverter_text(text, negated=False):
    """Read character by character; shares no code with the engine."""
    operator, parts = split(text)
    if operator == "not":
        return and_inverter_text(parts[0], not negated)
    if operator == "leaf":
        return ("!" if negated else "") + text
    flip = operator == "or"
    inside = "(" + "&".join(sorted(and_inverter_text(part, flip) for part in parts)) + ")"
    return ("!" if negated != flip else "") + inside


def formulas(name, layers):
    return candidate_algorithms(named_task(name, 3 if name == "MAJORITY" else 2), PAPER, layers).algorithms


@pytest.mark.parametrize(
    ("name", "layers"), [("XOR", 1), ("XOR", 2), ("IMP", 2), pytest.param("MAJORITY", 2, marks=pytest.mark.slow)]
)
def test_a_formula_is_the_tree_that_de_morgans_laws_make_of_it(name, layers):
    for formula in formulas(name, layers):
        reading = reading_of(formula)
        assert reading.algorithm.text == and_inverter_text(formula.text)
        assert reading.algorithm.function == formula.function
        assert len(reading.variables) == len(formula.variables)


def test_variables_stand_for_the_same_functions_up_to_negation():
    for formula in formulas("XOR", 2):
        tree = reading_of(formula).algorithm
        gates = {variable.path: variable.function for variable in tree.variables}
        full = 0b1111
        said = sorted(min(v.function, full ^ v.function) for v in formula.variables if v.node.operator != "not")
        kept = sorted(min(f, full ^ f) for path, f in gates.items() if path in reading_of(formula).variables)
        assert all(function in kept for function in said)
