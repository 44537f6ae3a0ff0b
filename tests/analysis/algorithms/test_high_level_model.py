"""The algorithm value: texts and back, readable formulas, variables, predictions."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.algorithms.redundancy import irredundancy
from pluriscope.analysis.errors import AnalysisError, InvalidAlgorithm
from pluriscope.analysis.placements.joint import predicted_outputs
from tests.oracles import brute_force_algorithms as oracle


@st.composite
def and_inverter_texts(draw, max_depth=4):
    """Canonical texts over three inputs, no gate over one tree twice."""

    def tree(depth):
        if depth == 0 or draw(st.integers(0, 3)) == 0:
            return draw(st.sampled_from("ABC"))
        left, right = tree(depth - 1), tree(depth - 1)
        if left == right:
            return left
        literals = sorted(draw(st.sampled_from(["", "!"])) + t for t in (left, right))
        return f"({'&'.join(literals)})"

    return draw(st.sampled_from(["", "!"])) + tree(max_depth)


@st.composite
def formula_texts(draw, max_depth=4):
    """Authors' strings over three inputs."""

    def operand(depth):
        sign = draw(st.sampled_from(["", "¬"]))
        if depth == 0 or draw(st.integers(0, 3)) == 0:
            return sign + draw(st.sampled_from("ABC"))
        return f"{sign}({operand(depth - 1)}{draw(st.sampled_from('*+'))}{operand(depth - 1)})"

    text = operand(max_depth)
    return text[1:-1] if text.startswith("(") else text


def python_value(formula, row):
    """A readable formula as Python reads it."""
    source = formula.replace("¬", " not ").replace("∧", " and ").replace("∨", " or ")
    return int(bool(eval(source, {}, dict(zip("ABC", map(bool, row), strict=False)))))  # noqa: S307


@pytest.mark.slow
@given(and_inverter_texts())
def test_and_inverter_texts_read_back_and_mean_the_same(text):
    algorithm = parse_algorithm(text, "and_inverter", 3)
    assert algorithm.text == text
    table = oracle.table(text, 3)
    assert algorithm.function == sum(bit << row for row, bit in enumerate(table))
    assert (algorithm.depth, algorithm.n_gates) == (oracle.depth(text), oracle.gates(text))
    assert irredundancy(algorithm) == oracle.redundancy(text, 3)


@given(formula_texts())
@pytest.mark.slow
def test_the_authors_strings_read_back_and_mean_the_same(text):
    algorithm = parse_algorithm(text, "formula_trees", 3)
    assert (algorithm.text, algorithm.formula) == (text, text.replace("*", " ∧ ").replace("+", " ∨ "))
    assert algorithm.function == sum(bit << row for row, bit in enumerate(oracle.table(text, 3)))
    assert irredundancy(algorithm) == oracle.redundancy(text, 3)


@given(st.one_of(and_inverter_texts(), formula_texts()), st.data())
@pytest.mark.slow
def test_variables_and_predictions_are_those_of_a_plain_evaluation(text, data):
    form = "and_inverter" if "&" in text or "!" in text else "formula_trees"
    algorithm = parse_algorithm(text, form, 3)
    expected = oracle.variables(text, form == "formula_trees")
    assert {v.path for v in algorithm.variables} == set(expected) == set(algorithm.responses)
    rows = oracle.rows(3)
    for variable in algorithm.variables:
        function, when_false, when_true = algorithm.responses[variable.path]
        own = sum(bit << row for row, bit in enumerate(oracle.table(expected[variable.path], 3)))
        assert function == variable.function == own
        for value, pattern in ((0, when_false), (1, when_true)):
            forced = sum(oracle.evaluate(text, row, {variable.path: value}) << i for i, row in enumerate(rows))
            assert pattern == forced == algorithm.output_given({variable.path: 255 * value})
    if algorithm.variables:
        chosen = data.draw(st.lists(st.sampled_from([v.path for v in algorithm.variables]), unique=True, max_size=3))
        fixed = {path: data.draw(st.integers(0, 255)) for path in chosen}
        expected_output = sum(
            oracle.evaluate(text, row, {path: pattern >> i & 1 for path, pattern in fixed.items()}) << i
            for i, row in enumerate(rows)
        )
        assert algorithm.output_given(fixed) == expected_output
        said = predicted_outputs(algorithm, tuple(chosen))
        for values, on_rows in zip(product((0, 1), repeat=len(chosen)), said, strict=True):
            forced = dict(zip(chosen, values, strict=True))
            assert on_rows.tolist() == [oracle.evaluate(text, row, forced) for row in rows]


@pytest.mark.parametrize(
    "text",
    ["", "C", "(A&B", "(A&B))", "(A&A)", "(!A&A)", "(B&A)", "(A&!B)", "!!A", "A&B", "(A*B)", "(A&B)x", "()", "(A&)",
     "a", "¬A", "((A&B)&(A&B))", "(" * 900 + "A", "A" * 3_000],
)  # fmt: skip
def test_nonsense_is_no_and_inverter_text(text):
    with pytest.raises(InvalidAlgorithm) as caught:
        parse_algorithm(text, "and_inverter", 2)
    assert isinstance(caught.value, AnalysisError)
    assert caught.value.cure


@pytest.mark.parametrize(
    "text", ["", "C", "(A*B)", "A*", "*A", "A*B+A", "¬¬A", "A&B", "¬A*B)", "((A*B))*A", "A B", "!A", "(" * 900 + "A"]
)
def test_nonsense_is_no_authors_string(text):
    with pytest.raises(InvalidAlgorithm):
        parse_algorithm(text, "formula_trees", 2)


def unnegated(shown):
    """A variable as the formula shows it, without the ¬( ) around it."""
    return shown[2:-1] if shown.startswith("¬(") else shown


@pytest.mark.slow
@given(and_inverter_texts())
def test_shown_variables_are_parts_of_the_formula_and_mean_the_same(text):
    algorithm = parse_algorithm(text, "and_inverter", 3)
    for variable in algorithm.variables:
        assert unnegated(variable.shown) in algorithm.formula
        assert sum(python_value(variable.shown, row) << i for i, row in enumerate(oracle.rows(3))) == variable.function
