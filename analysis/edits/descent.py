"""Plain gradient descent on a loss of the outputs: full batch, no momentum, sums in one order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from analysis.edits.edit import Array
from analysis.errors import InvalidEdit
from analysis.fixed_order import inner
from analysis.method_settings import Setting, Settings
from analysis.subjects.perceptron.gradients import backward
from analysis.subjects.perceptron.mlp import forward_pass
from analysis.subjects.perceptron.network import Network

ROOM: Final = 0.25
"""How far beyond the edge of a decision, 0.5, an output has to be for a descent to end: half of the way to 0 or 1."""
MAX_OUTPUT: Final = 1e6
"""Above it a descent has diverged."""
STEPS: Final = Setting("steps", 10_000, "most steps of the descent", low=1, high=20_000)
RATE: Final = Setting("rate", 0.01, "step along the gradient", low=0.0, high=1e3, above=True)


def gradients(
    network: Network, sums: Sequence[Array], layers: Sequence[Array], slopes: Array
) -> list[tuple[Array, Array]]:
    """Derivatives of a loss by weights and biases ``[n_l, n_(l-1)]``, ``[n_l]``, for layers 1 … L.

    Args:
        network: cut to one output.
        sums: pre-activations ``[rows, n_l]`` for layers 1 … L.
        layers: activations ``[rows, n_l]`` for layers 0 … L.
        slopes: ``[rows]`` the loss's derivative by the output on each row.
    """
    above = backward(network, [one.T for one in sums], [one.T for one in layers], slopes)
    ones = np.ones((1, len(slopes)))
    return [(inner(by, below.T), inner(by, ones)[:, 0]) for by, below in zip(above, layers[:-1], strict=True)]


def descended(
    network: Network,
    rows: Array,
    settings: Settings,
    slopes: Callable[[Array], Array],
    done: Callable[[Array], bool],
    moving: tuple[int, ...] = (),
) -> tuple[Network, int]:
    """A network after gradient descent, and how many steps that took.

    Args:
        network: cut to one output.
        rows: ``[rows, n0]`` on which the loss is taken.
        settings: with steps and rate.
        slopes: the loss's derivatives ``[rows]`` by the outputs ``[rows]``.
        done: whether outputs ``[rows]`` end it.
        moving: layers whose weights and biases move, from 1; () for all.

    Raises:
        InvalidEdit: it diverges.
    """
    rate = float(settings["rate"])
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(int(settings["steps"]) + 1):
            sums, layers = forward_pass(network, rows)
            outputs = layers[-1][:, 0]
            if not np.abs(outputs).max() < MAX_OUTPUT:
                cause = f"diverges: after {step:,} steps an output is beyond {MAX_OUTPUT:,.0f}"
                raise InvalidEdit("gradient descent", cause, f"give a rate below {rate:g}")
            if step == settings["steps"] or done(outputs):
                break
            weights, biases = list(network.weights), list(network.biases)
            for at, (by_weight, by_bias) in enumerate(gradients(network, sums, layers, slopes(outputs))):
                if not moving or at + 1 in moving:
                    weights[at], biases[at] = weights[at] - rate * by_weight, biases[at] - rate * by_bias
            network = replace(network, weights=tuple(weights), biases=tuple(biases))
    return network, step
