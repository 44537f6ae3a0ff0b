"""Derivatives of a network's output, summed in the order of :mod:`pluriscope.analysis.subjects.perceptron.mlp`.

Where an activation has a kink, its derivative there is the one that torch takes: 0 for relu, the negative slope for
leaky relu.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.numerics.fixed_order import inner
from pluriscope.analysis.subjects.perceptron.mlp import forward_pass, pre_activations
from pluriscope.analysis.subjects.perceptron.network import Network

Array = NDArray[np.float64]


def backward(
    network: Network,
    sums: Sequence[Array],
    layers: Sequence[Array],
    output_slope: Array,
    carried: Sequence[Array] | None = None,
) -> tuple[Array, ...]:
    """Derivatives of a metric by pre-activations.

    Args:
        network: of one output or several.
        sums: pre-activations ``[n_l, rows]`` for layers 1 … L.
        layers: activations ``[n_l, rows]`` for layers 0 … L.
        output_slope: ``[rows]`` the metric's derivative by the output, or ``[outputs, rows]``.
        carried: ``[n_l, n_(l−1)]`` for layers 1 … L, how much of its source's activation each edge carries; all of it
            if not given.

    Returns:
        ``[n_l, rows]`` for layers 1 … L.
    """
    n_layers = len(network.weights)
    slopes = [network.function_of(layer).slope(sums[layer - 1], layers[layer]) for layer in range(1, n_layers + 1)]
    found = [output_slope * slopes[-1]]
    for layer in range(n_layers - 1, 0, -1):
        above, weights = found[0], network.weights[layer]
        if carried is not None:
            weights = weights * carried[layer]
        total = np.zeros(layers[layer].shape)
        for out in range(len(weights)):
            total = total + weights[out][:, None] * above[out]
        found.insert(0, total * slopes[layer - 1])
    return tuple(found)


def input_slopes(network: Network, rows: Array) -> Array:
    """Derivatives ``[rows, n0]`` of the output by each input.

    Args:
        network: cut to one output.
        rows: ``[rows, n0]``.
    """
    sums, layers = ([one.T for one in found] for found in forward_pass(network, rows))
    above = backward(network, sums, layers, np.ones(len(rows)))[0]
    total = np.zeros((len(rows), network.n_inputs))
    for out, weights in enumerate(network.weights[0]):
        total = total + weights * above[out][:, None]
    return total


def site_slopes(network: Network, values: Mapping[str, Array], by_outputs: Array) -> dict[str, Array]:
    """Derivatives by every site of :func:`~pluriscope.analysis.subjects.perceptron.mlp.run_sites`; arguments as of
    :meth:`~pluriscope.analysis.subjects.subject.Subject.site_slopes`.
    """
    names = ["x", *(f"h{layer}" for layer in range(1, len(network.weights)))]
    later, found = by_outputs, dict[str, Array]()
    for layer in range(len(network.weights), 0, -1):
        known, sums = network.function_of(layer), pre_activations(network, layer, values[names[layer - 1]][:, 0])
        later = inner(later * known.slope(sums, known.value(sums)), np.ascontiguousarray(network.weights[layer - 1].T))
        found[names[layer - 1]] = later[:, None]
    return found
