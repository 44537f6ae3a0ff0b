"""Formulas as people type them, against every candidate that there is and against truth tables."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluriscope.analysis.algorithms.boolean_formulas import task_from_formula, tree_from_formula
from pluriscope.analysis.algorithms.candidates import candidate_algorithms
from pluriscope.analysis.algorithms.high_level_model import Node, function_of
from pluriscope.analysis.algorithms.parsing import parse_algorithm, texts_of_formula
from pluriscope.analysis.errors import InvalidTask
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER
from pluriscope.analysis.questions.tasks import named_task

WORDS = {"∧": " and ", "∨": " or ", "¬": "not ", "*": " & ", "+": " | "}


def nodes(n_inputs=3):
    leaves = st.integers(0, n_inputs - 1).map(lambda index: Node("input", input=index))
    gate = st.sampled_from(("and", "or"))
    return st.recursive(
        leaves,
        lambda below: st.one_of(
            below.map(lambda child: Node("not", (child,))),
            st.tuples(gate, below, below).map(lambda made: Node(made[0], made[1:])),
        ),
        max_leaves=8,
    )


def written(node):
    if node.operator == "input":
        return "ABC"[node.input]
    if node.operator == "not":
        return f"¬({written(node.children[0])})"
    left, right = map(written, node.children)
    return f"({left}) {'∧' if node.operator == 'and' else '∨'} ({right})"


@pytest.mark.parametrize("protocol", [COMPLETE, PAPER], ids=lambda protocol: protocol.name)
@pytest.mark.parametrize(
    "task", ["XOR", *(pytest.param(task, marks=[pytest.mark.slow, pytest.mark.release]) for task in ("AND", "IMP"))]
)
def test_every_candidate_is_found_by_its_formula_however_it_is_typed(protocol, task):
    candidates = candidate_algorithms(named_task(task, 2), protocol, 2).algorithms
    assert len(candidates) > 20
    for algorithm in candidates:
        in_words = re.sub("[∧∨¬*+]", lambda sign: WORDS[sign[0]], algorithm.formula)
        assert algorithm.text in texts_of_formula(algorithm.formula)
        assert algorithm.text in texts_of_formula(in_words.lower())


@pytest.mark.slow
@given(nodes())
def test_a_tree_computes_what_its_formula_computes(node):
    text = written(node)
    table = task_from_formula(text, 3).truth_table
    tree = tree_from_formula(text, 3)
    assert tuple(function_of(tree, 3) >> row & 1 for row in range(8)) == table


@pytest.mark.slow
@given(nodes())
def test_texts_compute_the_same_and_do_not_depend_on_how_it_is_commuted(node):
    texts = texts_of_formula(written(node))
    function = function_of(node, 3)
    tree = tree_from_formula(texts[0].replace("&", "∧").replace("!", "¬"), 3)
    assert function_of(tree, 3) == function
    if node.operator in ("and", "or"):
        assert texts_of_formula(written(Node(node.operator, node.children[::-1])))[0] == texts[0]
    n_gates = sum(text in "∧∨" for text in written(node))
    for text in texts[1:] if n_gates <= 3 else ():
        if ";" in text:
            assert text.partition(";")[0] == texts[0]
        else:
            assert parse_algorithm(text, "formula_trees", 3).function == function


def test_de_morgan_twins_are_one_in_the_first_form_and_two_in_the_other():
    plain, twin = texts_of_formula("not (A and B)"), texts_of_formula("not A or not B")
    assert plain[0] == twin[0] == "!(A&B)"
    assert set(plain[1:]).isdisjoint(twin[1:])


OTHERWISE = (
    *("A == B and C == A", "A != B and C", "A == B == C", "A or B == C", "A != B | C", "A and B ^ C", "A | B and C"),
    *("not A & B", "(A == B or C) and A", "A == B && C", "A ≠ B ∧ C", "A ∨ B == C", "A AND B != C"),
)
ALIKE = (
    *("(A == B) and (C != A)", "A == B ^ C", "A != B & C", "not A == B", "A and not B or C", "A or B ^ C"),
    *("A ^ B | C & A", "(A | B) == C", "~A & B", "A != B or B != C"),
)


def test_a_task_is_never_silently_another_function_than_in_python():
    for text in OTHERWISE:
        with pytest.raises(InvalidTask, match=r"ambiguous.* parentheses"):
            task_from_formula(text, 3)
    for text in ALIKE:
        rows = (dict(zip("ABC", row, strict=True)) for row in product((0, 1), repeat=3))
        wanted = tuple(int(eval(text, {}, row)) & 1 for row in rows)  # noqa: S307
        assert task_from_formula(text, 3).truth_table == wanted, text


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("Or(And(a, ~b), And(~a, b))", "00111100"),
        ("Xor(a, b, c)", "01101001"),
        ("Xnor(a, b, c)", "10010110"),
        ("Equivalent(a, b, c)", "10000001"),
        ("Implies(a, Nand(b, c))", "11111110"),
        ("Nor(a, Not(c)) | And(a)", "01011111"),
        ("ITE(a, b, c)", "01010011"),
        ("A AND (B OR C)", "00000111"),
    ],
)
def test_functions_of_sympy_and_pyeda(text, table):
    assert "".join(map(str, task_from_formula(text, 3).truth_table)) == table


def test_functions_that_are_none():
    for text in ("Implies(a, b, c)", "Equal(a)", "Or(a, b", "Or()", "Not(a, b)", "(a, b)", "OneHot(a, b)"):
        with pytest.raises(InvalidTask, match="at character"):
            task_from_formula(text, 3)
    assert texts_of_formula("Or(And(a, ~b), And(~a, b))") == texts_of_formula("A·¬B + ¬A·B")


@pytest.mark.parametrize(
    "text", ["", "A xor B", "A -> B", "A = B", "A and 1", "A and", "(A", "alice and bob", "A" * 501]
)
def test_what_is_no_tree_of_gates_is_refused(text):
    with pytest.raises(InvalidTask):
        texts_of_formula(text)
