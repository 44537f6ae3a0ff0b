"""Return values of methods, well formed and not, as submissions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from pluriscope.analysis.discovery.part_names import names_of
from pluriscope.analysis.subjects.graph import perceptron_graph
from pluriscope_bench.key.reading import submission_of

GRAPH = perceptron_graph((2, 1, 1))
EDGES = tuple(names_of(GRAPH).numbers)
GOOD = {"x0>1.0": 1.0, "x1>1.0": -2.0, "1.0>y0": 0.0}


class Column:
    """Object like a column of a table: keys and values, but no mapping."""

    def keys(self):
        return list(GOOD)

    def __getitem__(self, edge):
        return GOOD[edge]


class Unreadable:
    def keys(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (GOOD, {"scores": (1.0, -2.0, 0.0)}),
        ({"A-n1.0": 1, "B-n1.0": -2, "n1.0-y": 0}, {"scores": (1.0, -2.0, 0.0)}),
        (Column(), {"scores": (1.0, -2.0, 0.0)}),
        ({"scores": GOOD}, {"scores": (1.0, -2.0, 0.0)}),
        ({"scores": GOOD, "mask": ["x1>1.0"]}, {"scores": (1.0, -2.0, 0.0), "own": 0b010}),
        ([1, Fraction(-2), np.float32(0)], {"scores": (1.0, -2.0, 0.0)}),
        (np.array([1, -2, 0]), {"scores": (1.0, -2.0, 0.0)}),
        (torch.tensor([1.0, -2.0, 0.0], requires_grad=True), {"scores": (1.0, -2.0, 0.0)}),
        ({edge: torch.tensor(2.0) for edge in EDGES}, {"scores": (2.0, 2.0, 2.0)}),
        (dict.fromkeys(EDGES, 1e308), {"scores": (1e308, 1e308, 1e308)}),
        ({"mask": ["1.0>y0", "x0>1.0", "x0>1.0"]}, {"mask": 0b101}),
        ({"mask": np.array([True, False, True])}, {"mask": 0b101}),
        ({"x0>1.0"}, {"mask": 0b001}),
        (list(EDGES), {"mask": 0b111}),
        ([], {"mask": 0}),
        ([EDGES, [], ["x0>1.0"]], {"family": (0b000, 0b001, 0b111)}),
        ({"family": np.array([[0, 0, 1], [1, 0, 1]])}, {"family": (0b100, 0b101)}),
    ],
)
def test_answers_are_read(answer, found) -> None:
    submission = submission_of(GRAPH, answer)
    assert submission.outcome == "answered", submission.message
    parts = {key: getattr(submission, key) for key in ("scores", "mask", "family", "own")}
    assert {key: value for key, value in parts.items() if value is not None} == found


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ({**GOOD, "x7>1.0": 1.0}, "names the edge 'x7>1.0', which the network does not have"),
        ({**GOOD, 3: 1.0}, "names the edge a number"),
        ({**GOOD, "1.0>y0": math.nan}, "gives the edge 1.0>y0 the number nan"),
        ({**GOOD, "1.0>y0": 10**400}, "gives the edge 1.0>y0 the number inf"),
        ({**GOOD, "1.0>y0": True}, "gives the edge 1.0>y0 a bool"),
        ({**GOOD, "1.0>y0": None}, "gives the edge 1.0>y0 nothing"),
        ({**GOOD, "n1.0-y": 1.0}, "gives two numbers to the edge 1.0>y0"),
        ({"x1>1.0": 1.0}, "gives no number to 2 of 3 edges (x0>1.0, 1.0>y0)"),
        ({}, "gives no number to 3 of 3 edges"),
        ([1.0, 2.0], "gives 2 numbers for 3 edges"),
        ([True, False, True], "gives the edge x0>1.0 a bool"),
        (np.array([1.0, math.nan, 0.0]), "gives the edge x1>1.0 the number nan"),
        ({"mask": "x0>1.0"}, "is given str where circuits belong"),
        ({"mask": [1, 0]}, "is given list where circuits belong"),
        ([["x0>1.0"], ["x1>1.0", "1.0>y0"]], "gives circuits that are not nested"),
        ({"family": []}, "gives a family without circuits"),
        (np.full((2, 3), 0.5), "where circuits belong"),
        (None, "gives nothing (None)"),
        (1.0, "gives a float"),
        ((edge for edge in EDGES), "gives a generator"),
        (Unreadable(), "cannot be read (RuntimeError)"),
    ],
)
def test_what_cannot_be_read_is_an_outcome_with_its_cause(answer, cause) -> None:
    submission = submission_of(GRAPH, answer)
    assert submission.outcome == "unreadable"
    assert cause in submission.message
    assert (submission.scores, submission.mask, submission.family) == (None, None, None)
