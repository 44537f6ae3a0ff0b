"""Forward evaluation and decisions, against numbers worked out by hand and against plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.questions.decisions import decide, decided_as, max_wrong
from pluriscope.analysis.subjects.perceptron.activations import FAMILIES
from pluriscope.analysis.subjects.perceptron.mlp import activations, forward
from pluriscope.analysis.subjects.perceptron.network import Network
from tests.golden_files import NAMES, golden, golden_network
from tests.oracles.brute_force_circuits import edges_of, run


@pytest.mark.parametrize("activation", FAMILIES)
def test_a_whole_network_agrees_with_plain_python(activation):
    random = np.random.default_rng(1)
    network = Network.from_arrays(
        [random.normal(size=(4, 3)), random.normal(size=(2, 4))],
        [random.normal(size=4), random.normal(size=2)],
        activation=activation,
        output_activation="linear",
    )
    rows = random.normal(size=(6, 3))
    layers = activations(network, rows)
    for i, row in enumerate(rows.tolist()):
        for layer, expected in zip(layers, run(network, set(edges_of(network)), row), strict=True):
            np.testing.assert_allclose(layer[i], expected, rtol=1e-12, atol=1e-14)
    assert forward(network, rows).shape == (6, 2)


@pytest.mark.parametrize("name", NAMES)
def test_the_authors_outputs(name):
    data = golden(name)["data"]
    outputs = forward(golden_network(name).network, np.array(data["inputs"], dtype=np.float64))
    np.testing.assert_allclose(outputs, data["outputs"], atol=2e-6)


EDGE_VALUES = [-0.6, -0.5, 0.0, 0.5, 0.50001, 1.0, 1.4999, 1.5, 1.6, 2.5, float("inf"), float("nan")]


def test_decisions_round_half_to_even():
    outputs = np.array(EDGE_VALUES)
    by_rounding = [-1, 0, 0, 0, 1, 1, 1, -1, -1, -1, -1, -1]
    by_threshold = [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, -1]
    assert decide(outputs, "rounding").tolist() == by_rounding
    assert decide(outputs, "threshold").tolist() == by_threshold
    for value, decision in zip(EDGE_VALUES[:10], by_rounding[:10], strict=True):
        assert (round(value) if round(value) in (0, 1) else -1) == decision
    for rule in ("rounding", "threshold"):
        for label in (0.0, 1.0, 2.0):
            assert decided_as(outputs, label, rule).tolist() == (decide(outputs, rule) == label).tolist()


@pytest.mark.parametrize(
    ("n_rows", "threshold", "expected"),
    [(4, 0.99, 0), (4, 0.75, 0), (4, 0.74, 1), (200, 0.99, 1), (10_000, 0.99, 99), (4, 0.0, 3), (1, 0.5, 0)],
)
def test_wrong_rows_allowed(n_rows, threshold, expected):
    assert max_wrong(n_rows, threshold) == expected
