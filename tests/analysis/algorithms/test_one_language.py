"""Formulas of gates are causal models: as they are written, and in what they say when variables are fixed."""

import numpy as np
import pytest

from pluriscope.analysis.algorithms.candidates import candidate_algorithms
from pluriscope.analysis.algorithms.causal_model import Inputs, read_causal_model
from pluriscope.analysis.algorithms.parsing import read_algorithm
from pluriscope.analysis.errors import InvalidAlgorithm
from pluriscope.analysis.questions.protocol import COMPLETE, protocol_from_mapping
from pluriscope.analysis.questions.tasks import input_table, named_task

SAME = (
    *("(A or B) and not (A and B)", "(A ∨ B) ∧ ¬(A ∧ B)", "(a ∨ b) and ¬ (A and b)"),
    *("(A | B) & ~(A & B)", "And(Or(A, B), Not(And(A, B)))"),  # as sympy and pyeda write them
)
STATEMENTS = "v0 = a or b; v1 = a and b; y = v0 and not v1"


@pytest.mark.parametrize("text", SAME)
def test_a_formula_is_its_gates(text):
    assert read_algorithm(text).text == STATEMENTS
    assert read_algorithm(text).id == read_causal_model(STATEMENTS.replace("a", "A").replace("And", "and")).id


@pytest.mark.parametrize("text", ["u = A ∨ B; v = A ∧ B; y = u ∧ ¬v", "u = a or b; v = a and b; y = u and not v"])
def test_both_kinds_of_signs_are_read(text):
    assert read_algorithm(text).id == "19a85a5fa6a1d978"
    assert read_algorithm(text).text == text


@pytest.mark.parametrize("text", ["a + b", "A xor B", "y", "none", "(a or b", ""])
def test_what_is_neither_is_refused(text):
    with pytest.raises(InvalidAlgorithm):
        read_algorithm(text)


@pytest.mark.parametrize("form", ["and_inverter", "shared_gates", "formula_trees"])
def test_a_candidate_says_as_a_causal_model_what_its_tables_say(form):
    protocol = COMPLETE if form == "and_inverter" else protocol_from_mapping({"algorithm_form": form})
    rows = Inputs("x", input_table(2).astype(np.int64))
    candidates = candidate_algorithms(named_task("XOR", 2), protocol, 2).algorithms
    n_variables = set()
    for algorithm in candidates:
        model = algorithm.causal
        assert {*model.variables} == {f"v{path}" for path in algorithm.carriers}
        itself = model.run(rows)
        n_variables.add(len(model.variables))
        for path, (function, *fixed) in algorithm.responses.items():
            assert sum(int(value) << row for row, value in enumerate(itself[f"v{path}"])) == function
            answers = model.run(rows, {f"v{path}": np.arange(2)})[model.answer]
            for value, wanted in enumerate(fixed):
                column = np.broadcast_to(answers, (4, 2))[:, value]
                assert sum(int(one) << row for row, one in enumerate(column)) == wanted
    assert len(candidates) > 10
    assert max(n_variables) > 1
