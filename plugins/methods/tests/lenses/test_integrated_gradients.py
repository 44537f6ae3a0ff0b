"""Integrated gradients: exact between kinks, and elsewhere as near as is said."""

from itertools import product

import numpy as np
import pytest

from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.gradients import input_slopes
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_methods.lenses.integrated_gradients import INTEGRATED_GRADIENTS
from pluriscope_methods.lenses.line_integrals import integrals
from tests.factories import pretrained_xor


def scores_of(network, task="XOR"):
    answer = INTEGRATED_GRADIENTS.answer(ask(network, task=named_task(task, 2)), INTEGRATED_GRADIENTS.filled({}))
    return answer.view.scores, answer.view.gap


def halved(network, row, low=0.0, high=1.0, depth=0):
    """Integrate by halving until no unit changes its side within a part: a plain program."""

    def sides(at):
        values, found = np.array(row, float) * at, []
        for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
            sums = weights @ values + biases
            found += (sums[:, None] > [*network.function_of(layer).kinks]).ravel().tolist()
            values = network.function_of(layer).value(sums)
        return found

    middle = (low + high) / 2
    if (sides(low + 1e-13) == sides(high - 1e-13) == sides(middle) and depth > 6) or depth > 44:
        return input_slopes(network, np.array([row]) * middle)[0] * row * (high - low)
    return halved(network, row, low, middle, depth + 1) + halved(network, row, middle, high, depth + 1)


def drawn(seed, activation, output="linear", size=2.0):
    random = np.random.default_rng(seed)
    shapes = [(5, 2), (4, 5), (1, 4)]
    weights = [random.normal(0, size, shape) for shape in shapes]
    biases = [random.normal(0, size / 2, shape[0]) for shape in shapes]
    return Network.from_arrays(weights, biases, activation=activation, output_activation=output)


def test_the_scores_of_the_authors_network():
    scores, gap = scores_of(pretrained_xor().network)
    assert scores[3].round(5).tolist() == [0.00481, -0.00706]
    assert scores[3].sum() == pytest.approx(-0.002242, abs=5e-7)
    assert np.abs(gap).max() < 1e-14


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "hardtanh"])
@pytest.mark.parametrize("seed", range(3))
def test_pieces_between_kinks_are_exact(activation, seed):
    network = drawn(seed, activation)
    scores, gap = scores_of(network)
    expected = [halved(network, row) for row in product([0, 1], repeat=2)]
    assert np.allclose(scores, expected, rtol=0, atol=1e-10)
    assert np.abs(gap).max() < 1e-12


@pytest.mark.parametrize("size", [1.0, 12.0])
@pytest.mark.parametrize(
    ("activation", "output"),
    [(one, "linear") for one in ("tanh", "sigmoid", "silu", "gelu", "gelu_new", "softplus", "elu(alpha=0.5)")]
    + [("relu", "sigmoid"), ("hardtanh", "tanh")],
)
def test_gaps_of_curved_networks_are_below_1e_9(activation, output, size):
    for seed in range(3):
        scores, gap = scores_of(drawn(seed, activation, output, size))
        largest = max(1.0, np.abs(scores).max())
        assert np.abs(gap).max() < 1e-9 * largest, (seed, np.abs(gap).max())


def test_a_step_that_no_point_of_the_first_rule_meets_is_found():
    """tanh of 10⁵ (t − .3): flat at each of the first 15 points."""

    def along(_lines, points):
        value = np.tanh(1e5 * (points - 0.3))
        return value, (1e5 * (1.0 - value**2))[:, None] * np.array([3.0, -2.0])

    assert np.allclose(integrals(along, [np.array([0.0, 1.0])], DEFAULT_WORK), [[6.0, -4.0]], atol=1e-9)


@pytest.mark.parametrize("weight", [3e3, 1e5])
def test_steps_of_opposite_sign_that_no_point_of_the_first_rule_meets_are_found(weight):
    """The output is as large at both ends of the line, and flat at each of the first 15 points."""
    weights = weight * np.array([[1.0, 0.5], [0.5, 1.0]]), np.array([[1.0, -1.0]])
    biases = weight * np.array([-0.5, -0.6]), np.zeros(1)
    scores, _ = scores_of(Network.from_arrays(weights, biases, activation="tanh", output_activation="linear"))
    assert np.allclose(scores[3], [2 / 3, -2 / 3], atol=1e-9)
