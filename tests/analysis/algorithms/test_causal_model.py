"""Causal models: what they compute, and what is refused."""

import numpy as np
import pytest

from pluriscope.analysis.algorithms.causal_model import MAX_DEPTH, MAX_PARTS, MAX_TEXT, NONE, Inputs, read_causal_model
from pluriscope.analysis.errors import BeyondLimits, InvalidAlgorithm

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
        ("y = z; z = a", "variable y: depends on z, which comes later"),
        ("x1 = x1 + a; y = x1", "variable x1: depends on itself"),
        ("y = b + c; c = a", "variable y: depends on c, which comes later"),  # though it is an input's letter
        ("y = z", "z: is no input, and no variable before it"),
        ("y = x[3][0]", r"x\[3\]\[0\]: is no input.*up to x\[2\]\[0\]"),
        ("y = x[0]", r"x\[0\]: is no input"),
        ("y = x[a][0]", "no fixed number"),
        ("x1 = a; x1 = b", "no statement NAME = … of a new name"),
        ("import os", "no statement"),
        ("y = __import__('os')", "nothing that an algorithm may have"),
        ("y = a.real", "nothing that an algorithm may have"),
        ("y = 1j", "nothing that an algorithm may have"),
        ("y = [a for a in b]", "nothing that an algorithm may have"),
        ("y = 1 +", "cannot be read"),
        ("", "has 0 names"),
        ("y = " + "+".join(["a"] * MAX_PARTS), f"has {2 * MAX_PARTS - 1} names.*up to {MAX_DEPTH} within"),
        ("y = " + "+".join(["a"] * (MAX_DEPTH + 1)), f"{MAX_DEPTH + 1} within each other"),
        ("y = min(" + ",".join(["a"] * MAX_PARTS) + ")", f"has {MAX_PARTS + 2} names"),
        ("y = " + "1" * MAX_TEXT, "characters"),
        ("y = " + "(" * 1_000 + "a" + ")" * 1_000, "cannot be read"),
        ("x1 = 2000000; y = x1 * x1", r"x1 \* x1: has a value beyond 1,099,511,627,776"),
        ("y = 2000000 * 2000000 * 2000000 * 2000000 % 2", "beyond"),  # 0 where 64 bits run over
        ("y = (1, 0)[a + b]", r"table \(1, 0\): has 2 entries, and its index goes from 0 to 2"),
        ("y = (1, 0, 1)[a]", "has 3 entries, and its index goes from 0 to 1"),
        ("x1 = a; x2 = b; y = (0, 1)[2 * x1 * x2]", "has 2 entries, and its index goes from 0 to 2"),
    ],
)
def test_what_is_refused(text, says):
    with pytest.raises(InvalidAlgorithm, match=says):
        read_causal_model(text).unfold(INPUTS).check_tables()


def test_the_longest_that_is_read_is_written_and_run_as_well():
    deepest = read_causal_model("y = " + "+".join(["a"] * MAX_DEPTH))
    assert deepest.id
    assert deepest.run(INPUTS)["y"].tolist() == [0] * 4 + [MAX_DEPTH] * 4


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("p = a; q = b; y = p + q", "takes 5,000,000,000 steps .* 4,294,967,296 are the most"),
        ("p = a; q = b % 40; y = p", "has 40,000,000 rows with combinations of values, and 33,554,432 are the most"),
    ],
)
def test_what_takes_too_much_is_refused_before_it_is_run(text, says):
    with pytest.raises(BeyondLimits, match=says):
        read_causal_model(text).unfold(Inputs("t", np.arange(3_000).reshape(1_000, 3)))


@pytest.mark.parametrize(
    ("text", "values", "reads", "idle"),
    [
        ("x1 = a; x2 = (x1 + b) % 2; y = (x2 + c) % 2", {"x1": 2, "x2": 2}, {"x2": ("x1",), "y": ("x2",)}, set()),
        ("x1 = a; x2 = a + b; y = (x2 + c) % 2", {"x1": 2, "x2": 3}, {"x2": (), "y": ("x2",)}, {"x1"}),
        ("x1 = a + b; x2 = x1 + a; y = x2", {"x1": 3, "x2": 4}, {"x2": ("x1",), "y": ("x2",)}, set()),
        ("_x = a; x2 = _x; y = x2 * 0", {"x2": 2}, {"y": ()}, {"x2"}),
    ],
)
def test_values_under_interchange_and_what_reads_what(text, values, reads, idle):
    """x2 of the third is 0 on rows only, or 2 and 3: exchanging x1 makes it 1."""
    found = read_causal_model(text).unfold(INPUTS)
    assert {name: len(one) for name, one in found.values.items()} == values
    assert {name: one for name, one in found.reads.items() if name in reads} == reads
    assert found.idle == idle


SAME, DIFFERENT = True, False


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("p = a + b; y = (p + c) % 2", "_h = 5 - a; q = 7 * (_h - b); y = (q + 35 + c) % 2", SAME),
        ("p = a; q = b; y = p + q", "q = b; p = a; y = q + p", SAME),
        ("p = a + b; y = (p + c) % 2", "p = (a + b) % 2; y = (p + c) % 2", DIFFERENT),  # which split rows otherwise
        ("p = a; q = p + b; y = q % 2", "p = a; q = a + b; y = q % 2", DIFFERENT),  # q reads p, or does not
        ("p = a; q = 1 - a; y = p", "p = a; q = 1 - a; y = 1 - q", SAME),  # either is p, and the other idle
        ("p = a; q = 1 - a; y = p * (1 - q)", "p = a; q = 1 - a; y = max(p, 1 - q)", DIFFERENT),  # on no row
        ("p = a; q = 1 - a; y = none if p == q else p", "p = a; q = 1 - a; y = p", DIFFERENT),
    ],
)
def test_what_no_interchange_tells_apart_has_one_digest(one, other, alike):
    digests = {read_causal_model(text).unfold(INPUTS).digest for text in (one, other)}
    assert len(digests) == (1 if alike else 2)
