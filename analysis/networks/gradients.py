"""Derivatives of a network's output, summed in the order of :mod:`analysis.networks.mlp`.

Where an activation has a kink, its derivative there is the one from below, as torch has it: 0 for relu, the negative
slope for leaky relu.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.networks.mlp import activations
from analysis.networks.network import Activation, Network

Array = NDArray[np.float64]


def slope_of(values: Array, activation: Activation, negative_slope: float | None) -> Array:
    """The derivative of an activation, from what it gave; at a kink the one from below, as torch has it."""
    match activation:
        case "leaky_relu":
            return np.where(values > 0, 1.0, negative_slope or 0.0)
        case "relu":
            return np.where(values > 0, 1.0, 0.0)
        case "tanh":
            return 1.0 - values * values
        case "sigmoid":
            return values * (1.0 - values)
        case "linear":
            return np.ones_like(values)


def backward(network: Network, layers: Sequence[Array], output_slope: Array, carried: float = 1.0) -> tuple[Array, ...]:
    """Derivatives of a metric by pre-activations.

    Args:
        network: cut to one output.
        layers: activations ``[n_l, rows]`` for layers 0 … L.
        output_slope: ``[rows]`` the metric's derivative by the output.
        carried: how much of a source's activation each edge carries.

    Returns:
        ``[n_l, rows]`` for layers 1 … L.
    """
    n_layers = len(network.weights)
    slopes = [
        slope_of(layers[layer], network.activation_of(layer), network.negative_slope)
        for layer in range(1, n_layers + 1)
    ]
    found = [output_slope[None] * slopes[-1]]
    for layer in range(n_layers - 1, 0, -1):
        above, weights = found[0], network.weights[layer]
        total = np.zeros(layers[layer].shape)
        for out in range(len(weights)):
            total = total + weights[out][:, None] * carried * above[out]
        found.insert(0, total * slopes[layer - 1])
    return tuple(found)


def input_slopes(network: Network, rows: Array) -> Array:
    """Derivatives ``[rows, n0]`` of the output by each input.

    Args:
        network: cut to one output.
        rows: ``[rows, n0]``.
    """
    layers = [layer.T for layer in activations(network, rows)]
    above = backward(network, layers, np.ones(len(rows)))[0]
    total = np.zeros((len(rows), network.n_inputs))
    for out, weights in enumerate(network.weights[0]):
        total = total + weights * above[out][:, None]
    return total
