"""Every activation against the function that it is in 50 digits, and the newer ones against what reads the table."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import torch

from pluriscope.analysis.circuits.counting import count_circuits
from pluriscope.analysis.circuits.decision_intervals import decision_box
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.errors import BeyondLimits, InvalidNetwork
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.activations import FAMILIES, activation_of, decision_edge, inverse
from pluriscope.analysis.subjects.perceptron.batched_mlp import activated, activated_with_gradient, times_slope
from pluriscope.analysis.subjects.perceptron.gradients import input_slopes
from pluriscope.analysis.subjects.perceptron.mlp import activation_bound, activations, forward
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.perceptron.training import train_networks
from pluriscope.analysis.subjects.perceptron.training_spec import TrainingSpec
from tests.analysis.circuits.test_circuit_search import custom, random_network, random_task
from tests.checkout import ROOT

WRITTEN: tuple[str, ...] = (*FAMILIES, "leaky_relu(negative_slope=0)", "leaky_relu(negative_slope=0.5)")
WRITTEN += ("elu(alpha=0.3)", "elu(alpha=2)")
WRITTEN += ("softplus(beta=0.3)", "softplus(beta=4)", "hardtanh(min=0)", "hardtanh(min=-2, max=0.75)")
GRID = np.concatenate([np.linspace(-12, 12, 4_801), [-700.0, -40.0, 40.0, 700.0]])
GRID.sort()
each = pytest.mark.parametrize("record", [activation_of(one) for one in WRITTEN], ids=WRITTEN)
NEW = ("gelu", "gelu_new", "silu", "elu(alpha=0.3)", "softplus(beta=4)", "hardtanh(min=0)", "hardtanh(min=-2, max=2)")
FALLING = ("gelu", "gelu_new", "silu")


def network_of(kind: str, output: str = "linear", seed: int = 1, sizes: tuple[int, ...] = (2, 3, 1)) -> Network:
    return replace(random_network(seed, sizes), activation=kind, output_activation=output)


def plain(written: str):
    """The activation of one number in 50 digits."""
    mp = mpmath.mp
    kind, _, rest = written.rstrip(")").partition("(")
    given = [mpmath.mpf(float(part.split("=")[1])) for part in rest.split(",") if part]
    named = {part.split("=")[0].strip(): value for part, value in zip(rest.split(","), given, strict=False)}
    slope, alpha, beta = named.get("negative_slope", mp.mpf(0.01)), named.get("alpha", 1), named.get("beta", 1)
    cube, root = mp.mpf(0.044715), mp.sqrt(2 / mp.pi)
    return {
        "leaky_relu": lambda x: x if x > 0 else slope * x,
        "relu": lambda x: max(x, mp.mpf(0)),
        "tanh": mpmath.tanh,
        "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
        "linear": lambda x: x,
        "gelu": lambda x: x * mpmath.erfc(-x / mp.sqrt(2)) / 2,
        "gelu_new": lambda x: x / (1 + mpmath.exp(-2 * root * (x + cube * x**3))),
        "silu": lambda x: x / (1 + mpmath.exp(-x)),
        "elu": lambda x: x if x > 0 else alpha * mpmath.expm1(x),
        "softplus": lambda x: mpmath.log1p(mpmath.exp(beta * x)) / beta,
        "hardtanh": lambda x: min(max(x, named.get("min", mp.mpf(-1))), named.get("max", mp.mpf(1))),
    }[kind]


@each
def test_values_are_as_right_as_they_say(record):
    """Against 50 digits, over a dense table: the bounds of values that certificates take hold them."""
    at = np.concatenate([GRID[::9], np.random.default_rng(0).normal(size=300) * 3, [-1e-9, 0.0, 1e-9]])
    low, high = record.values_between(at, at)
    with mpmath.workdps(50):
        exact = [plain(record.text)(mpmath.mpf(x)) for x in at.tolist()]
        ends = zip(low.tolist(), exact, high.tolist(), strict=True)
        assert all(mpmath.mpf(least) <= value <= mpmath.mpf(most) for least, value, most in ends)
    assert high - low == pytest.approx(0.0, abs=1e-11)


@each
def test_a_slope_is_the_derivative_of_the_value(record):
    step = 1e-6
    at = GRID[[np.abs(x - np.array([*record.kinks, -99.0])).min() > 1e-3 for x in GRID]]
    differences = (record.value(at + step) - record.value(at - step)) / (2 * step)
    assert record.slope(at, record.value(at)) == pytest.approx(differences, abs=1e-6)
    for at_kink, slope in record.kinks.items():
        at, values = np.array([at_kink]), record.value(np.array([at_kink]))
        assert record.slope(at, values) == slope
        before, behind = ((record.value(at + way) - values)[0] / way for way in (-1e-7, 1e-7))
        assert abs(before - behind) > 0.1
        assert min(abs(before - slope), abs(behind - slope)) < 1e-6
    assert record.below in (None, 1.0) or record.kinks == {0.0: record.below}


@each
def test_a_record_says_what_its_values_are(record):
    at = np.unique(np.concatenate([GRID, np.nextafter(GRID, np.inf), np.nextafter(GRID, -np.inf)]))
    values = record.value(at)
    slopes = record.slope(at, values)
    assert not np.shares_memory(values, at)
    falls = np.diff(values) < -1e-14 * np.maximum(1.0, np.abs(values[1:]))
    assert falls.any() != record.monotone
    if record.lowest_at is not None:
        assert np.abs(record.lowest_at - at[np.argmin(values)]) < 0.005
        assert not falls[at[:-1] > record.lowest_at].any()
    assert values.min() >= record.low
    assert values.max() <= record.high
    assert np.abs(slopes).max() == pytest.approx(record.steepest, rel=2e-3)
    assert np.abs(slopes).max() <= record.steepest
    assert record.value(np.array([-0.0])) == record.value(np.array([0.0]))
    ends = record.value(np.array([-1e5, 1e5]))  # some come near to their bounds slowly
    assert np.isinf(record.low) or min(values.min(), *ends) == pytest.approx(record.low, abs=1e-4)
    assert np.isinf(record.high) or max(values.max(), *ends) == pytest.approx(record.high, abs=1e-4)


@each
def test_bounds_of_values_and_slopes_hold_them(record):
    random = np.random.default_rng(0)
    low, high = np.sort(random.normal(scale=4, size=(2, 500)) * (random.random((2, 500)) > 0.1), axis=0)
    inside = low + (high - low) * random.random((40, 500))
    inside = np.concatenate([inside, low[None], high[None]])
    values = record.value(inside)
    for (least, most), found in (
        (record.values_between(low, high), values),
        (record.slopes_between(low, high), record.slope(inside, values)),
    ):
        assert (found >= least - 1e-15).all()
        assert (found <= most + 1e-15).all()
        gaps = (most - least)[high - low < 0.01]
        assert (gaps < 0.02 * max(1.0, record.steepest)).sum() >= len(gaps) - 20, "close where the interval is short"


@pytest.mark.parametrize("name", [one for one in WRITTEN if activation_of(one).monotone])
def test_an_inverse_is_where_the_value_is(name):
    record = activation_of(name)
    for value in (-0.5, 0.0, 0.1, 0.5, 0.9, 1.0, 1.5):
        at = inverse(record, Fraction(value))
        if at is not None:
            assert record.value(np.array([float(at)]))[0] == pytest.approx(value, abs=1e-15)
        elif value in (-0.5, 0.5, 1.5):  # only what it never gives, nowhere or not for any finite number, has none
            assert not record.low < value < record.high or (record.below == 0.0 and value < 0.0)
    assert float(decision_edge(record)) == pytest.approx(decision_box(0.0, "threshold", record).high)


@each
def test_torch_computes_the_same_values_and_gradients(record):
    near = 3e-9 if record.name == "softplus" else 1e-14  # torch takes the number itself where the rest is below that
    at = torch.from_numpy(GRID.copy()).requires_grad_()
    values = activated_with_gradient(at, record)
    expected = record.value(GRID)
    slopes = record.slope(GRID, expected)
    upstream = torch.linspace(-1.0, 1.0, len(GRID), dtype=torch.float64)
    assert values.detach().numpy() == pytest.approx(expected, abs=near)
    (through,) = torch.autograd.grad(values, at, upstream)
    assert through.numpy() == pytest.approx(slopes * upstream.numpy(), abs=near)
    drive = at.detach().clone()
    in_place = activated(drive, record)
    assert in_place.numpy() == pytest.approx(expected, abs=near)
    found = times_slope(upstream, drive, in_place, record)
    assert found.numpy() == pytest.approx(slopes * upstream.numpy(), abs=near)


@pytest.mark.parametrize(
    ("written", "as_stored"),
    [
        ("elu(alpha=1)", "elu"),
        (" hardtanh( max = 2.0 ,min=-2e0) ", "hardtanh(min=-2, max=2)"),
        ("softplus(beta=.1)", "softplus(beta=0.1)"),
        ("gelu()", "gelu"),
    ],
)
def test_an_activation_is_stored_as_it_is_written_shortest(written, as_stored):
    one, other = (Network.from_arrays([[[1.0]]], [[0.0]], activation=text) for text in (written, as_stored))
    assert (one.activation, one.digest) == (as_stored, other.digest)
    assert TrainingSpec(activation=written).activation == as_stored


@pytest.mark.parametrize(
    ("written", "cause"),
    [
        ("swish", "is not a known activation"),
        ("elu(beta=1)", "has no parameter 'beta'"),
        ("elu(alpha=-1)", "is outside"),
        ("elu(alpha=nan)", "is no parameter with its number"),
        ("elu(alpha=1, alpha=2)", "stands twice"),
        ("elu(alpha=1", "is not a known activation"),
        ("hardtanh(min=2)", "Let min be below max"),
        ("softplus(beta=0)", "is outside"),
        (["elu"], "is not a known activation"),
    ],
)
def test_what_is_no_activation_is_refused(written, cause):
    with pytest.raises(InvalidNetwork, match=cause):
        activation_of(written)


def test_a_leaky_relu_that_says_its_slope_is_the_network_that_stores_it():
    said = Network.from_arrays([[[1.0]]] * 2, [[0.0]] * 2, activation="leaky_relu(negative_slope=0.2)")
    assert (said.activation, said.negative_slope) == ("leaky_relu", 0.2)
    assert said.digest == Network.from_arrays([[[1.0]]] * 2, [[0.0]] * 2, negative_slope=0.2).digest
    assert said.function_of(1) is activation_of("leaky_relu", 0.2)


@pytest.mark.parametrize("name", WRITTEN)
def test_no_activation_exceeds_its_bound(name):
    for output in ("linear", "gelu", "softplus(beta=0.3)"):
        network = network_of(name, output, seed=len(output), sizes=(2, 4, 3, 1))
        layers = activations(network, np.random.default_rng(0).uniform(-1, 1, (500, 2)))
        assert max(np.abs(layer).max() for layer in layers) <= activation_bound(network)


def test_browsers_have_every_activation():
    table = re.search(r"const ACTIVATE = \{(.*?)\n  \};", (ROOT / "static/live.js").read_text(), re.DOTALL)
    assert table is not None
    assert set(re.findall(r"^    (\w+):", table[1], re.MULTILINE)) == set(FAMILIES)


@pytest.mark.slow
@pytest.mark.parametrize("kind", NEW[:-1])  # between −2 and 2 the last is linear, and XOR is not
def test_a_network_is_trained_with(kind):
    spec = TrainingSpec(hidden=(6,), activation=kind, output_activation="linear", learning_rate=0.02, epochs=400)
    (outcome,) = train_networks([spec.model_copy(update={"samples_per_input": 100, "patience": 99, "seed": 2})])
    assert outcome.state == "converged"
    assert outcome.network.activation == kind
    assert np.rint(forward(outcome.network, input_table(2)))[:, 0].tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("kind", NEW)
def test_gradients_are_differences(kind):
    network, rows, step = network_of(kind, kind, sizes=(2, 3, 2, 1)), input_table(2) + 0.01, 1e-6
    found = input_slopes(network, rows)
    for at in range(2):
        moved = step * np.eye(2)[at]
        differences = (forward(network, rows + moved) - forward(network, rows - moved))[:, 0] / (2 * step)
        assert found[:, at] == pytest.approx(differences, abs=1e-8)


@pytest.mark.parametrize("kind", NEW)
def test_circuits_are_counted_or_refused(kind):
    task, rules = random_task(0, 2), custom(circuit_space="all")
    question = ask(network_of(kind, sizes=(2, 2, 2, 1)), task=task, protocol=rules)
    assert count_circuits(question).count == search_circuits(question).n_valid
    question = ask(network_of(kind, kind), task=task, protocol=rules)
    if kind in FALLING:
        with pytest.raises(BeyondLimits, match=f"{kind} falls somewhere"):
            count_circuits(question)
    else:
        assert count_circuits(question).count == search_circuits(question).n_valid
