"""The network under changes made by hand: against plain Python, and against the common ground to the last bit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pluriscope.analysis.interventions.experiments import decide_under_interventions, intervention_space
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.sandbox.intervention import Change, Intervention
from pluriscope.analysis.sandbox.running import Bench
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.network import Network
from tests.factories import pretrained_xor
from tests.random_networks import random_network


def bench_of(network: Network) -> Bench:
    rows = input_table(network.n_inputs)
    return Bench(network, rows)


def random_change(random: np.random.Generator, sizes, n_rows: int) -> Change:
    edge = random.random() < 0.5 or len(sizes) == 2
    layer = int(random.integers(1, len(sizes) if edge else len(sizes) - 1))
    origin = int(random.integers(sizes[layer - 1])) if edge else None
    written = str(random.choice(["zero", "mean", "source", "value"]))
    return Change(
        layer,
        int(random.integers(sizes[layer])),
        origin,
        written,
        int(random.integers(n_rows)) if written == "source" else None,
        float(random.normal()) if written == "value" else None,
    )


def random_intervention(random: np.random.Generator, sizes, n_inputs: int, most: int = 6) -> Intervention:
    drawn = (random_change(random, sizes, 1 << n_inputs) for _ in range(random.integers(most + 1)))
    each = {(one.layer, one.neuron, one.origin): one for one in drawn}
    return Intervention(int(random.integers(1 << n_inputs)), tuple(each.values()))


def plainly(network: Network, intervention: Intervention) -> list[list[float]]:
    """Run one neuron at a time, in plain Python."""
    rows = input_table(network.n_inputs)
    clean = [layer.tolist() for layer in activations(network, rows)]
    kinds = {
        "tanh": math.tanh,
        "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
        "relu": lambda z: max(z, 0.0),
        "leaky_relu": lambda z: z if z > 0 else z * (network.negative_slope or 0),
        "linear": lambda z: z,
    }

    def written(change: Change) -> float:
        layer, neuron = (change.layer, change.neuron) if change.origin is None else (change.layer - 1, change.origin)
        column = [row[neuron] for row in clean[layer]]
        return {
            "zero": lambda: 0.0,
            "mean": lambda: sum(column) / len(column),
            "source": lambda: column[change.source],
            "value": lambda: change.value,
        }[change.written]()

    layers = [rows[intervention.base].tolist()]
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
        values = []
        for out in range(len(biases)):
            total = float(biases[out])
            for source in range(weights.shape[1]):
                edge = [c for c in intervention.changes if (c.layer, c.neuron, c.origin) == (layer, out, source)]
                total += float(weights[out, source]) * (written(edge[0]) if edge else layers[-1][source])
            own = [c for c in intervention.changes if (c.layer, c.neuron, c.origin) == (layer, out, None)]
            values.append(written(own[0]) if own else kinds[network.function_of(layer).name](total))
        layers.append(values)
    return layers


@pytest.mark.parametrize(
    ("sizes", "activation"),
    [((2, 3, 3, 1), "tanh"), ((2, 2, 2, 2, 1), "leaky_relu"), ((3, 4, 1), "sigmoid"), ((2, 1), "linear")],
)
def test_any_changes_give_what_plain_python_gives(sizes, activation):
    network, random = random_network(5, sizes, activation), np.random.default_rng(1)
    bench = bench_of(network)
    for _ in range(60):
        intervention = random_intervention(random, sizes, sizes[0])
        for layer, expected in zip(bench.run(intervention), plainly(network, intervention), strict=True):
            assert layer == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("activation", ["leaky_relu", pytest.param("sigmoid", marks=pytest.mark.slow)])
def test_patching_neurons_is_the_common_ground_to_the_last_bit(activation):
    network = pretrained_xor().network if activation == "leaky_relu" else random_network(2, (2, 3, 3, 1), activation)
    bench, space = bench_of(network), intervention_space(network.hidden_sizes, 2)
    answers = decide_under_interventions(network, bench.rows, space)
    assert ((answers.outputs > 0.5) == answers.decisions.astype(bool)).all()
    assert answers.margins == pytest.approx(np.abs(answers.outputs - 0.5))
    for index, sites in enumerate(space.sets):
        for source in range(4):
            changes = [Change(layer, neuron, None, "source", source) for layer, neuron in sites]
            for base in range(4):
                ran = bench.run(Intervention(base, tuple(changes)))
                assert ran[-1][0] == answers.outputs[index, source, base]


def test_values_beyond_float64_are_reported_and_not_raised():
    network = Network.from_arrays([[[1.0]], [[1e303]]], [[0], [0]], activation="linear")
    bench = Bench(network, input_table(1))
    assert bench.run(Intervention(0, (Change(1, 0, None, "value", value=1e6),)))[-1][0] == math.inf
