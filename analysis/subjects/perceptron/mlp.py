"""Forward evaluation of a network and of its circuits, in float64.

Every pre-activation is summed in one fixed order: the bias, then source after source by index. So a circuit evaluated
alone, in a batch, or inside the circuit search gives the same bits, and keeping every edge gives exactly the network.
Activations are made of the four basic operations (:mod:`pluriscope.analysis.subjects.perceptron.activations`), so every
machine agrees.

An absent edge into an active neuron carries 0 (zero ablation, as by Méloux et al., ICLR 2025), or the mean activation
of its source neuron in the full network over the clean inputs (mean ablation). Edges that leave an inactive neuron
count as absent. Biases of active neurons stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.enumeration import number_bits
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, EdgeLayout
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.subject import Change

Ablation = Literal["zero", "mean"]


def zeros(sizes: Sequence[int]) -> tuple[NDArray[np.float64], ...]:
    """Zero ablation: ``[n_l]`` for layers 0 … L − 1 of a network with these layer sizes."""
    return tuple(np.zeros(width) for width in sizes[:-1])


def means(layers: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], ...]:
    """Return the values of mean ablation.

    Args:
        layers: ``[rows, n_l]`` activations of the full network for layers 0 … L, on the rows to average over.

    Returns:
        ``[n_l]`` for layers 0 … L − 1.
    """
    return tuple(layer.mean(axis=0) for layer in layers[:-1])


MAX_ACTIVATION: Final = 1e300  # what sums and means of a few thousand still leave below float64's largest


def activations(network: Network, inputs: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Activations of every layer.

    Args:
        inputs: ``[rows, n0]``.

    Returns:
        ``[rows, n_l]`` for layers 0 … L.
    """
    return forward_pass(network, inputs)[1]


def forward_pass(
    network: Network, inputs: NDArray[np.float64]
) -> tuple[tuple[NDArray[np.float64], ...], tuple[NDArray[np.float64], ...]]:
    """Pre-activations ``[rows, n_l]`` of layers 1 … L, and activations ``[rows, n_l]`` of layers 0 … L.

    Args:
        inputs: ``[rows, n0]``.
    """
    sums, layers = [], [np.asarray(inputs, dtype=np.float64)]
    for layer in range(1, len(network.weights) + 1):
        sums.append(pre_activations(network, layer, layers[-1]))
        layers.append(network.function_of(layer).value(sums[-1]))
    return tuple(sums), tuple(layers)


def run_sites(network: Network, data: NDArray[np.float64], change: Change) -> NDArray[np.float64]:
    """Run a network site by site: ``x`` the inputs, ``h1`` the first hidden layer, and so on; arguments as of
    :meth:`~pluriscope.analysis.subjects.subject.Subject.run_sites`.
    """
    values = change("x", data[:, None])[:, 0]
    for layer in range(1, network.n_hidden_layers + 1):
        values = change(f"h{layer}", next_layer(network, layer, values)[:, None])[:, 0]
    return next_layer(network, len(network.weights), values)


def next_layer(network: Network, layer: int, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Activations ``[…, n_layer]`` of a layer from those ``[…, n_(layer−1)]`` of the layer below, in a fixed order."""
    return network.function_of(layer).value(pre_activations(network, layer, values))


def pre_activations(network: Network, layer: int, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the sums to which :func:`next_layer` applies the activation."""
    weights, biases = network.weights[layer - 1], network.biases[layer - 1]
    total = np.broadcast_to(biases, (*values.shape[:-1], len(biases)))
    for index in range(values.shape[-1]):
        total = total + values[..., index, None] * weights[:, index]
    return total


def activation_bound(network: Network, largest_input: float = 1.0) -> float:
    """A bound on every activation and pre-activation, whatever is ablated or interchanged; inf if float64 may overflow.

    Args:
        largest_input: largest absolute value of any input.
    """
    bound, largest = largest_input, largest_input
    with np.errstate(over="ignore"):
        for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
            bound = float((np.abs(weights).sum(axis=1) * bound + np.abs(biases)).max())
            largest = max(largest, bound)
            bound = network.function_of(layer).largest(bound)
            largest = max(largest, bound)
    return largest


def forward(network: Network, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """The network's outputs ``[rows, nL]`` on ``inputs [rows, n0]``."""
    return activations(network, inputs)[-1]


def circuit_activations(
    network: Network, circuit: Circuit, inputs: NDArray[np.float64], ablation: Ablation = "zero"
) -> tuple[NDArray[np.float64], ...]:
    """Activations of every layer with all edges outside the circuit ablated.

    Args:
        network: the network cut to the analysed output.
        circuit: the edges kept.
        inputs: ``[rows, n0]``.
        ablation: what an absent edge into an active neuron carries
            (:mod:`pluriscope.analysis.subjects.perceptron.mlp`).

    Returns:
        ``[rows, n_l]`` for layers 0 … L; an inactive neuron shows the value that it is ablated to.
    """
    absent = ablation_values(network, ablation)
    keep = [matrix[None] for matrix in circuit.keep]
    return tuple(layer[0].T for layer in batch_activations(network, keep, inputs, absent))


def ablation_values(
    network: Network, ablation: Ablation, reference_rows: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], ...]:
    """Return the values of absent edges, ``[n_l]`` for layers 0 … L − 1; means over the clean inputs unless rows are
    passed.
    """
    if ablation == "zero":
        return zeros(network.sizes)
    return means(activations(network, input_table(network.n_inputs) if reference_rows is None else reference_rows))


def batch_activations(
    network: Network,
    keep: Sequence[NDArray[np.bool_]],
    inputs: NDArray[np.float64],
    absent: Sequence[NDArray[np.float64]],
) -> tuple[NDArray[np.float64], ...]:
    """Activations of many circuits at once.

    Args:
        network: the network cut to the analysed output.
        keep: kept edges ``[circuits, n_l, n_(l-1)]`` for layers 1 … L.
        inputs: ``[rows, n0]``.
        absent: ``[n_l]`` for layers 0 … L − 1, from :func:`ablation_values`; or ``[n_l, rows]``, for each row its own.

    Returns:
        ``[circuits, n_l, rows]`` for layers 0 … L; an inactive neuron shows the value that it is ablated to.
    """
    n_circuits, n_rows = len(keep[0]), len(inputs)
    layers = [np.broadcast_to(np.asarray(inputs, dtype=np.float64).T, (n_circuits, network.n_inputs, n_rows))]
    for layer in range(1, len(network.weights) + 1):
        layers.append(next_circuit_layer(network, layer, keep[layer - 1], layers[-1], absent))
    return tuple(layers)


def next_circuit_layer(
    network: Network,
    layer: int,
    kept: NDArray[np.bool_],
    source: NDArray[np.float64],
    absent: Sequence[NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Compute a layer's activations ``[circuits, n_layer, runs]`` in many circuits, from those of the layer below.

    Args:
        network: the network cut to the analysed output.
        layer: from 1 to L.
        kept: edges into the layer, ``[circuits, n_layer, n_(layer−1)]``.
        source: ``[circuits, n_(layer−1), runs]``.
        absent: ``[n_l]`` for layers 0 … L − 1, from :func:`ablation_values`; or ``[n_l, runs]``, for each run its own.
    """
    weights, biases, carried = network.weights[layer - 1], network.biases[layer - 1], absent[layer - 1]
    total = np.broadcast_to(biases[:, None], (len(kept), len(biases), source.shape[2]))
    for index in range(source.shape[1]):
        value = np.where(kept[:, :, index, None], source[:, index, None, :], carried[index])
        value *= weights[:, index, None]
        value += total  # into the array at hand; a sum of two is the same either way round
        total = value
    values = network.function_of(layer).value(total)
    if layer == len(network.weights):
        return values
    active = np.any(kept, axis=2, keepdims=True)
    return np.where(active, values, absent[layer].reshape(len(biases), -1))


def keep_matrices(masks: NDArray[Any], layout: EdgeLayout) -> tuple[NDArray[np.bool_], ...]:
    """The kept edges of many masks.

    Args:
        masks: ``[circuits]`` edge masks, as :func:`~pluriscope.analysis.subjects.perceptron.circuit.mask_array` gives
            them.

    Returns:
        ``[circuits, n_l, n_(l-1)]`` for layers 1 … L.
    """
    bits, sizes, offsets = number_bits(masks, layout.n_edges), layout.sizes, layout.offsets
    return tuple(
        bits[:, offsets[i] : offsets[i + 1]].reshape(len(masks), sizes[i + 1], sizes[i]) for i in range(len(sizes) - 1)
    )
