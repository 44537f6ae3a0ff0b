"""Tests of what is declared beside a file: names, tasks, encodings."""

import json

import numpy as np
import pytest

from pluriscope.analysis.algorithms.boolean_formulas import task_from_formula
from pluriscope.analysis.errors import AnalysisError, InvalidData, InvalidTask
from pluriscope.analysis.network_files.declaration import Declaration
from pluriscope.analysis.network_files.intake import read_any, take_in
from pluriscope.analysis.questions.input_encoding import parse_encoding
from pluriscope.analysis.questions.tasks import input_table
from tests.bad_files import good_document

XOR = (0, 1, 1, 0)


def bare(**changes):
    document = good_document(**changes)
    return json.dumps({k: v for k, v in document.items() if k not in ("name", "tasks", "sizes")}).encode()


@pytest.mark.parametrize(
    "declaration",
    [
        Declaration(),
        Declaration(task="decisions"),
        Declaration(task="name", tasks="xor"),
        Declaration(task="table", tasks="0110"),
        Declaration(task="table", tasks="[0, 1, 1, 0]"),
        Declaration(task="formula", tasks="A·¬B + ¬A·B"),
        Declaration(task="formula", tasks="(A or B) and not (A and B)"),
    ],
)
def test_tasks_may_be_declared_in_every_way(declaration):
    intake = take_in(read_any(bare()), declaration)
    assert intake.problems == {}
    assert intake.file().tasks[0].truth_table == XOR
    assert intake.file().tasks[0].name == "XOR"


def test_decisions_that_are_neither_are_refused_with_the_input():
    intake = take_in(read_any(bare(weights=[[[9.0, 1.0], [1.0, 1.0]], [[1.0, -2.0]]])), Declaration())
    with pytest.raises(InvalidTask, match=r"rounds to neither 0 nor 1 on input 10 \(output 9\)"):
        intake.file()


def test_every_problem_is_named_at_once():
    declaration = Declaration(name="../../x", task="name", tasks="NONSENSE")
    with pytest.raises(AnalysisError) as caught:
        take_in(read_any(bare()), declaration).file()
    assert "reads as the path" in str(caught.value)
    assert "'NONSENSE'" in str(caught.value)


def test_an_encoding_gives_the_rows_that_stand_for_the_inputs():
    encoding = parse_encoding("-1, 1; 0, 5", 2)
    assert encoding.data_record().representatives.tolist() == [[-1, 0], [-1, 5], [1, 0], [1, 5]]
    assert parse_encoding("", 2).data_record().is_clean
    assert parse_encoding("0,1", 2).data_record().is_clean


def test_a_network_on_signs_decides_on_its_own_rows():
    # the same function of ±1 as the good one of 0 and 1: W·(x+1)/2 + b
    half = bare(weights=[[[0.5, 0.5], [0.5, 0.5]], [[1.0, -2.0]]], biases=[[1.0, 0.0], [0.0]])
    intake = take_in(read_any(half), Declaration(encoding="-1, 1"))
    assert intake.file().tasks[0].name == "XOR"
    assert not intake.data.is_clean


@pytest.mark.parametrize("text", ["1, 1", "0", "0, 1; 0, 1; 0, 1", "a, b", "nan, 1", "0, inf", "0, 1e9", "1" * 400])
def test_bad_encodings(text):
    with pytest.raises(InvalidData):
        parse_encoding(text, 2)


def python_formula(text):
    """Python's own reading of a formula in its operators."""
    code = compile(text.replace("!", " not ").replace("&", " and ").replace("|", " or ").strip(), "formula", "eval")
    rows = input_table(3).astype(bool).tolist()
    return tuple(int(eval(code, {}, dict(zip("ABC", row, strict=True)))) for row in rows)  # noqa: S307  text is ours


@pytest.mark.parametrize("seed", range(40))
def test_formulas_agree_with_pythons_own_operators(seed):
    dice = np.random.default_rng(seed)

    def grown(depth):
        if depth == 0 or dice.random() < 0.2:
            return str(dice.choice(list("ABC")))
        if dice.random() < 0.3:
            return f"!({grown(depth - 1)})"
        return f"({grown(depth - 1)} {dice.choice(['&', '|'])} {grown(depth - 1)})"

    text = grown(4)
    assert task_from_formula(text, 3).truth_table == python_formula(text), text


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("A + B·C", "00011111"),
        ("A ^ B & C", "00011110"),
        ("A xor B or C", "01111101"),
        ("¬A·B", "00110000"),
        ("AB'", "00001100"),
        ("A -> B -> C", "11111101"),
        ("A <-> B <-> C", "01101001"),
        ("A imp B", "11110011"),
        ("1", "11111111"),
        ("not not A", "00001111"),
    ],
)
def test_how_operators_bind(text, table):
    assert task_from_formula(text, 3).truth_table == tuple(map(int, table))


@pytest.mark.parametrize(
    "text", ["", "A +", "(A", "A)", "D", "A nand B", "A $ B", "(" * 60 + "A" + ")" * 60, "A" * 600, "2"]
)
def test_bad_formulas(text):
    with pytest.raises(InvalidTask):
        task_from_formula(text, 3)
