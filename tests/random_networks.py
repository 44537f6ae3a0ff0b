"""Perceptrons of drawn weights, and what they decide."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from pluriscope.analysis.questions.tasks import Task, input_table
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network


def random_network(
    seed: int,
    sizes: tuple[int, ...],
    activation: str = "leaky_relu",
    *,
    weights: float = 1.0,
    biases: float = 1.0,
    **given: Any,
) -> Network:
    """A network of normal weights and biases with these standard deviations."""
    random = np.random.default_rng(seed)
    shapes = list(zip(sizes[1:], sizes, strict=False))
    drawn = [random.normal(size=shape, scale=weights) for shape in shapes]
    added = [random.normal(size=n, scale=biases) for n, _ in shapes]
    return Network.from_arrays(drawn, added, activation=activation, **given)


def own_task(network: Network) -> Task:
    """Task that a network decides on Boolean inputs, so that some alignments are valid."""
    return Task(tuple(int(x > 0.5) for x in forward(network, input_table(network.n_inputs))[:, 0]))


def rounded_network(sizes: tuple[int, ...], seed: int) -> Network:
    """A network of normal weights and biases, rounded to float32 as trained ones are."""
    random = np.random.default_rng(seed)
    shapes = list(pairwise(sizes))
    return Network.from_arrays(
        [random.normal(size=(n_out, n_in)).astype(np.float32) for n_in, n_out in shapes],
        [random.normal(size=n_out).astype(np.float32) for _, n_out in shapes],
    )
