"""Steps folded into dense layers compute what the steps compute, one after another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.chain import Activated, Affine, Dense, TwoClasses, file_of_steps
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.activations import activation_of
from pluriscope.analysis.subjects.perceptron.mlp import forward

W, V = np.array([[1.0, 2.0], [-1.0, 0.5], [0.25, 3.0]]), np.array([[1.0, -2.0, 0.5], [0.5, 1.0, 4.0]])
TANH, LEAKY = Activated("tanh"), Activated("leaky_relu(negative_slope=0.2)")


def run(step, values):
    """Run a step as it is defined."""
    match step:
        case Dense(weight, bias):
            return values @ weight.T + (0 if bias is None else bias)
        case Affine(scale, shift):
            return values * scale + shift
        case Activated(text):
            return activation_of(text).value(values)
        case TwoClasses(_, chosen):
            powers = np.exp(values - values.max(1, keepdims=True))  # of the values themselves they may overflow
            return (powers / powers.sum(1, keepdims=True))[:, [chosen]]


@st.composite
def chains(draw):
    """Dense layers with maps before and behind them, activations of one kind between, perhaps a choice at the end."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    widths = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    hidden = draw(st.sampled_from([Activated("relu"), TANH, LEAKY, Activated("linear"), Activated("gelu")]))
    maps = st.lists(st.booleans(), max_size=2)

    def affine(n):
        return [Affine(random.normal(size=n) if full else -2.0, random.normal(size=n)) for full in draw(maps)]

    steps = affine(widths[0])
    for n_in, n_out in zip(widths, [*widths[1:], 2], strict=True):
        bias = random.normal(size=n_out) if draw(st.booleans()) else None
        steps += [Dense(random.normal(size=(n_out, n_in)), bias), *affine(n_out), hidden, *affine(n_out)]
    while steps[-1] == hidden or isinstance(steps[-1], Affine):
        steps.pop()
    return [*steps, *affine(2), *draw(st.sampled_from([[], [TANH], [TwoClasses("Softmax", 0)]]))]


@given(chains())
def test_a_chain_computes_what_its_steps_compute(steps):
    values = rows = input_table(next(step.weight.shape[1] for step in steps if isinstance(step, Dense)))
    for step in steps:
        values = run(step, values)
    network = file_of_steps(steps, "model").network
    assert len(network.weights) == sum(isinstance(step, Dense) for step in steps)  # none is merged
    np.testing.assert_allclose(forward(network, rows), values, rtol=1e-9, atol=1e-9)


def test_what_needs_no_folding_keeps_every_bit():
    network = file_of_steps([Dense(W / 3), Affine(shift=np.array([0.1, -0.0, 0.3])), TANH, Dense(V / 7)], "m").network
    assert network.weights[0].tobytes() == (W / 3).tobytes()
    assert network.weights[1].tobytes() == (V / 7).tobytes()
    assert network.biases[0].tobytes() == np.array([0.1, -0.0, 0.3]).tobytes()


@pytest.mark.parametrize(
    ("steps", "cause"),
    [
        ([], "holds no dense layer"),
        ([TANH, Dense(W)], "does not follow a dense layer"),
        ([Dense(W), TANH, Dense(V), Activated("relu"), Dense(W)], "different kinds"),
        ([Dense(W), LEAKY, Dense(V), Activated("leaky_relu")], "slopes of leaky ReLUs: are 0.01 and 0.2"),
        ([Dense(W), TANH, Affine(2.0, -1.0)], "behind the last activation"),
        ([Dense(W), Affine(np.ones(2))], "scales or shifts 2 numbers where a layer has 3"),
        ([Dense(W), TwoClasses("Softmax")], "the largest of 3 outputs"),
        ([Dense(V[:1]), TwoClasses("Softmax")], "does not follow two logits"),
        ([Dense(V), TwoClasses("Softmax"), Dense(W)], "behind the choice"),
        ([Dense(W), TANH, Dense(W)], "reads 2 neurons but the layer before has 3"),
    ],
)
def test_what_is_no_chain_is_refused(steps, cause):
    with pytest.raises(InvalidNetwork, match=cause) as refusal:
        file_of_steps(steps, "model")
    assert refusal.value.item
    assert refusal.value.cure
