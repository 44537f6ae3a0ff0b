"""Extremes of neurons over the box against dense points."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_methods.lenses.registry import LENSES
from tests.golden_files import golden_network
from tests.random_networks import random_network

LENS = LENSES.by_key["feature-pictures"]
PLANE = ["xor_pretrained", "xor_relu_3-3", "xor_tanh_3-3", "xor_2-2-2"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*PLANE, "majority_3-3"])
def test_extremes_are_attained_and_no_point_of_the_box_exceeds_them(name):
    question = ask(golden_network(name).network.for_output(0))
    n_inputs = question.network.n_inputs
    seen = LENS.answer(question, LENS.defaults).view
    points = np.vstack([question.method_rows[0], np.random.default_rng(1).random((4000, n_inputs))])
    layers = activations(question.network, points)
    for row in seen.rows:
        values = layers[row["layer"]][:, row["neuron"]]
        assert row["smallest_bound"] - 1e-12 <= values.min()
        assert values.max() <= row["largest_bound"] + 1e-12
        for end in ("smallest", "largest"):
            at = activations(question.network, np.array([row[f"{end}_at"]]))[row["layer"]][0, row["neuron"]]
            assert at == pytest.approx(row[end], abs=1e-9)
            assert row[f"{end}_bound"] == pytest.approx(row[end], abs=1e-6)
        assert row["exact"] == (n_inputs == 2 and question.network.activation in ("relu", "leaky_relu"))


def test_a_ridge_is_found_where_no_corner_shows_it():
    """|A − B| bends down along the diagonal: its neuron above is largest on it, 0 at the other corners."""
    network = Network.from_arrays(
        [[[1, -1], [-1, 1]], [[-1, -1]], [[1]]], [[0, 0], [1], [0]], activation="relu", output_activation="linear"
    )
    seen = LENS.answer(ask(network), LENS.defaults).view
    row = seen.rows[-1]
    assert (row["largest"], row["smallest"], row["exact"]) == (1.0, 0.0, True)
    assert row["largest_at"][0] == row["largest_at"][1]
    three = Network.from_arrays([[[1, 2, 3]], [[1]]], [[-1], [0]], activation="tanh", output_activation="linear")
    (row,) = (seen := LENS.answer(ask(three), LENS.defaults).view).rows
    assert seen.notes == ()  # the box is that of 0 and 1
    assert (row["largest_at"], row["smallest_at"], row["exact"]) == ([1.0, 1.0, 1.0], [0.0, 0.0, 0.0], False)


def test_pictures_are_left_open_where_an_activation_falls():
    network = random_network(0, (2, 3, 1), "gelu", output_activation="linear")
    fit = LENSES.by_key["feature-pictures"].fit(ask(network, task=Task((0, 1, 1, 0))), {})
    assert not fit.answered
    assert "GELU" in fit.reason
