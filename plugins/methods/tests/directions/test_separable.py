"""Functions that a hyperplane separates, decided without rounding, are those that probes find."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from pluriscope.analysis.explanations.probes import find_probes, possible_functions
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope_methods.directions.polyhedra import Inequality, common_point
from tests.analysis.explanations.test_probes import random_question


def is_separable(points: np.ndarray, function: int) -> str:
    """Whether a hyperplane separates the inputs where a function is 1 from the others, decided without rounding."""
    inequalities = []
    for row, point in enumerate(points.tolist()):
        sign = -1 if function >> row & 1 else 1  # w·h + c > 0 where the function is 1, else < 0
        factors = (*(Fraction(x) * sign for x in point), Fraction(sign))
        inequalities.append(Inequality(factors, Fraction(0), strict=True))
    return common_point(inequalities, points.shape[1] + 1)[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "question",
    [
        random_question(2, 3, 2, 1),
        random_question(2, 1, 1, seed=1),
        random_question(3, 2, 1, seed=2),
        random_question(2, 2, 1, seed=3, activation="relu"),
        random_question(2, 2, 1, seed=4, activation="tanh"),
    ],
    ids=lambda question: f"{question.subject.sizes} {question.subject.activation}",
)
def test_every_function_that_can_be_separated_is_found_and_no_other(question):
    found = find_probes(question)
    assert found.complete
    n_rows = 1 << question.network.n_inputs
    layers = activations(question.network, question.data.representatives)
    for layer in range(1, len(question.network.sizes) - 1):
        every = {function: is_separable(layers[layer], function) for function in range(2, 1 << n_rows, 2)}
        assert "undecided" not in every.values()
        here = [probe.function for probe in found.explanations if probe.layer == layer]
        assert sorted(here) == [function for function, answer in every.items() if answer == "some"]
        assert len(here) <= possible_functions(n_rows, question.network.sizes[layer])
