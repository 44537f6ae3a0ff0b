"""Functions that a hyperplane separates, decided without rounding, are those with a read-out."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from pluriscope.analysis.explanations.probes import hidden_layers, separation
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from pluriscope_methods.directions.polyhedra import Inequality, common_point


def random_question(*sizes: int, seed: int = 0, activation: str = "leaky_relu") -> Question:
    random = np.random.default_rng(seed)
    weights = [random.normal(0, 2, (out, into)) for into, out in pairwise(sizes)]
    biases = [random.normal(0, 1, out) for out in sizes[1:]]
    return ask(Network.from_arrays(weights, biases, activation=activation))


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
def test_every_function_that_can_be_separated_has_a_read_out_and_no_other(question):
    n_rows = 1 << question.network.n_inputs
    layers = activations(question.network, question.data.representatives)
    for layer in hidden_layers(question):
        points = layers[layer] - layers[layer].mean(axis=0)
        for function in range(2, 1 << n_rows, 2):
            signs = [1 if function >> row & 1 else -1 for row in range(n_rows)]
            found = separation(points, signs, 1e-9 * float(np.abs(points).max()))
            assert is_separable(layers[layer], function) == ("none" if found is None else "some")
            if found is not None:
                assert min(signs * (points @ found.weights + found.constant)) == pytest.approx(found.margin)
