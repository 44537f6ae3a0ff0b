"""The networks that predicted and measured costs are compared on: bundled, trained, and drawn at random."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np

from analysis.data import clean_data
from analysis.network_files.files import NetworkFile, network_file_json
from analysis.networks.mlp import forward
from analysis.networks.network import Activation, Network
from analysis.networks.training import train_networks
from analysis.networks.training_spec import TrainingSpec
from analysis.tasks import Task
from app.bundled import bundled_networks

_RANDOM_SEED: Final = 20_261


@dataclass(frozen=True)
class Case:
    """One output of one network under one protocol.

    Args:
        name: for the table.
        document: the network file's values.
        output: the analysed one.
        protocol: "complete" or "paper".
    """

    name: str
    document: dict[str, Any]
    output: int = 0
    protocol: str = "complete"


_TRAINED: Final[tuple[tuple[tuple[str, ...], int, tuple[int, ...], Activation], ...]] = (
    (("XOR",), 2, (2, 2), "relu"),
    (("XOR",), 2, (3, 3), "leaky_relu"),
    (("XOR",), 2, (3, 3), "tanh"),
    (("XOR",), 2, (3, 3), "sigmoid"),
    (("XOR",), 2, (4, 4), "leaky_relu"),
    (("AND",), 2, (4, 4), "leaky_relu"),
    (("XOR",), 2, (5, 5), "leaky_relu"),
    (("OR",), 2, (4,), "relu"),
    (("XOR",), 2, (8,), "tanh"),
    (("XOR", "AND"), 2, (3, 3), "leaky_relu"),
    (("MAJORITY",), 3, (3, 3), "leaky_relu"),
    (("PARITY",), 3, (3, 3), "tanh"),
    (("PARITY",), 3, (4, 4), "leaky_relu"),
    (("MAJORITY",), 3, (4, 4), "relu"),
    (("XOR",), 2, (3, 3, 3), "leaky_relu"),
    (("AND",), 2, (2, 2, 2, 2), "tanh"),
    (("MAJORITY",), 3, (3, 2, 2), "leaky_relu"),
    (("PARITY",), 4, (6,), "tanh"),
    (("AND",), 4, (3, 3), "leaky_relu"),
    (("MAJORITY",), 5, (4,), "tanh"),
)
"""Tasks, inputs, hidden sizes and activation."""

_DRAWN: Final[tuple[tuple[tuple[int, ...], Activation, float], ...]] = (
    ((2, 3, 3, 1), "relu", 1.0),
    ((2, 3, 3, 1), "tanh", 3.0),
    ((2, 4, 1), "sigmoid", 5.0),
    ((2, 4, 3, 1), "tanh", 2.0),
    ((3, 3, 3, 1), "leaky_relu", 1.5),
    ((3, 5, 1), "relu", 2.0),
    ((3, 2, 3, 1), "sigmoid", 8.0),
    ((4, 4, 1), "tanh", 2.0),
    ((4, 3, 2, 1), "relu", 2.0),
    ((2, 2, 2, 2, 1), "sigmoid", 10.0),
    ((2, 6, 1), "leaky_relu", 1.0),
    ((2, 3, 2, 2), "tanh", 3.0),
    ((6, 3, 1), "tanh", 2.0),
)
"""Sizes, activation and the scale of the weights; the task is what the network decides."""


def cases() -> Iterator[Case]:
    """Every case; trained networks are the first of three seeds that converges, else the last."""
    for bundled in bundled_networks():
        document = network_file_json(bundled.file)
        for output in range(bundled.network.n_outputs):
            yield Case(f"{bundled.slug}/{output}", document, output)
        yield Case(f"{bundled.slug}/0 paper", document, 0, "paper")
    for tasks, n_inputs, hidden, activation in _TRAINED:
        specs = [
            TrainingSpec(tasks=tasks, n_inputs=n_inputs, hidden=hidden, activation=activation, seed=seed, epochs=300)
            for seed in range(3)
        ]
        outcomes = train_networks(specs)
        best = next((outcome for outcome in outcomes if outcome.converged), outcomes[-1])
        if best.network is None:
            continue
        sizes = "-".join(map(str, best.network.sizes))
        label = f"{'+'.join(tasks)} {sizes} {activation}{'' if best.converged else ' (not converged)'}"
        file = NetworkFile(label, best.network, best.spec.resolved_tasks())
        yield Case(label, network_file_json(file))
    for sizes, activation, scale in _DRAWN:
        yield _drawn(sizes, activation, scale)
    yield _constant((3, 1, 4, 1))
    yield _constant((2, 3, 3, 1))


def _drawn(sizes: tuple[int, ...], activation: Activation, scale: float) -> Case:
    """A network with normal weights and a sigmoid output; every output's task is what it decides."""
    random = np.random.default_rng([_RANDOM_SEED, *sizes])
    weights = [random.normal(0, scale, (b, a)) for a, b in pairwise(sizes)]
    biases = [random.normal(0, scale / 2, b) for b in sizes[1:]]
    network = Network.from_arrays(weights, biases, activation=activation, output_activation="sigmoid")
    return _deciding(f"random {'-'.join(map(str, sizes))} {activation}", network)


def _constant(sizes: tuple[int, ...]) -> Case:
    """A network that decides 0 on every input, whatever is ablated or interchanged."""
    random = np.random.default_rng([_RANDOM_SEED, *sizes])
    weights = [random.normal(0, 0.1, (b, a)) for a, b in pairwise(sizes)]
    biases = [*(np.zeros(b) for b in sizes[1:-1]), np.full(sizes[-1], -3.0)]
    network = Network.from_arrays(weights, biases, activation="tanh", output_activation="sigmoid")
    return _deciding(f"constant {'-'.join(map(str, sizes))}", network)


def _deciding(name: str, network: Network) -> Case:
    outputs = forward(network, clean_data(network.n_inputs).representatives)
    tasks = tuple(Task(tuple(int(value > 0.5) for value in column), "") for column in outputs.T)
    return Case(name, network_file_json(NetworkFile(name, network, tasks)))
