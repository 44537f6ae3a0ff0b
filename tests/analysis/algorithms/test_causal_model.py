"""Causal models: what they compute, and what is refused."""

import numpy as np
import pytest

from pluriscope.analysis.algorithms.causal_model import MAX_NODES, MAX_TEXT, NONE, Inputs, read_causal_model
from pluriscope.analysis.errors import InvalidAlgorithm

ROWS = np.array([[[r >> 2 & 1], [r >> 1 & 1], [r & 1]] for r in range(8)])
INPUTS = Inputs("x", ROWS)
BITS = ROWS.reshape(8, 3)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("x1 = (a + b) % 3; y = (x1 + c) % 3", BITS.sum(axis=1) % 3),
        ("x1 = (x[0][0] + x[1][0]) % 3\ny = (x1 + x[2][0]) % 3", BITS.sum(axis=1) % 3),
        ("y = (5, 6, 7)[a + b + c]", [5, 6, 6, 7, 6, 7, 7, NONE]),
        ("y = none if a == b else a", [NONE, NONE, 0, 0, 1, 1, NONE, NONE]),
        ("_h = 4 // a; y = _h if b else 0", [0, 0, NONE, NONE, 0, 0, 4, 4]),
        ("y = 0 <= a < b and not c or min(a, b, c) == 1", [0, 0, 1, 0, 0, 0, 0, 1]),
        ("y = -a + 2 * max(b, c)", [0, 2, 2, 2, -1, 1, 1, 1]),
    ],
)
def test_what_it_computes(text, answer):
    model = read_causal_model(text)
    assert model.run(INPUTS)[model.answer].tolist() == list(answer)


def test_a_variable_that_is_set_is_that_value_on_every_row():
    model = read_causal_model("x1 = (a + b) % 3; _twice = 2 * x1; y = (_twice - x1 + c) % 3")
    assert model.variables == ("x1",)
    found = model.run(INPUTS, {"x1": np.array([0, 2])})["y"]
    assert found.tolist() == [[bit, (2 + bit) % 3] for bit in BITS[:, 2]]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("y = z; z = a", "z: is no input, and no variable before it"),
        ("y = x[3][0]", r"x\[3\]\[0\]: is no input.*up to x\[2\]\[0\]"),
        ("y = x[0]", r"x\[0\]: is no input"),
        ("y = x[a][0]", "no fixed number"),
        ("x1 = a; x1 = b", "no statement NAME = … of a new name"),
        ("import os", "no statement"),
        ("y = __import__('os')", "nothing that an algorithm may have"),
        ("y = a.real", "nothing that an algorithm may have"),
        ("y = a ** b", "nothing that an algorithm may have"),
        ("y = 1.5", "nothing that an algorithm may have"),
        ("y = [a for a in b]", "nothing that an algorithm may have"),
        ("y = 1 +", "cannot be read"),
        ("", "has 0 parts"),
        ("y = " + "+".join(["a"] * MAX_NODES), "parts, and from 1 to"),
        ("y = " + "1" * MAX_TEXT, "characters"),
        ("y = " + "(" * 1_000 + "a" + ")" * 1_000, "cannot be read"),
        ("x1 = 2000000; y = x1 * x1", "beyond 1,099,511,627,776"),
    ],
)
def test_what_is_refused(text, says):
    with pytest.raises(InvalidAlgorithm, match=says):
        read_causal_model(text).run(INPUTS)
