"""Interchange interventions: run ``base``, but with some neurons set to what they are on ``source`` (spec §4).

Geiger et al., "Causal Abstractions of Neural Networks". Every pair is computed at once; sums are taken in the same
fixed order as by :func:`analysis.subjects.perceptron.mlp.activations`, so a swap with source = base gives exactly the
network's output.

Within one layer, to give S its values on s while the others keep theirs on b is to give the others theirs on b while S
keeps its on s: the layer holds the same numbers. So the outputs for a set and for its complement are each other's
transpose over source and base, and only one of the two is run (the glossary's "Duality of places").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.interventions.neuron_set import NeuronSet
from analysis.subjects.perceptron.mlp import activations, next_layer
from analysis.subjects.perceptron.network import Network

_CELLS = 4_000_000  # largest number of values of one layer held at once


def interchange_outputs(network: Network, sites: Sequence[NeuronSet], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The network's output under every interchange of every neuron set.

    Args:
        network: cut to one output.
        sites: neuron sets, each in one hidden layer.
        rows: ``[rows, n0]`` inputs that serve as sources and as bases.

    Returns:
        ``[sites, source, base]`` raw outputs.
    """
    n_rows = len(rows)
    clean = activations(network, rows)
    outputs = np.empty((len(sites), n_rows, n_rows))
    step = max(1, _CELLS // (n_rows * n_rows * max(network.sizes)))
    for layer in sorted({site.layer for site in sites}):
        whole = (1 << network.sizes[layer]) - 1
        places: dict[int, list[int]] = {}  # of each set that is run, or of its complement
        for place, site in enumerate(sites):
            if site.layer == layer:
                places.setdefault(min(site.bits, whole ^ site.bits), []).append(place)
        swapped = np.array(
            [[bits >> neuron & 1 for neuron in range(network.sizes[layer])] for bits in places], dtype=bool
        )
        for start in range(0, len(places), step):
            runs = run_with_swaps(network, {layer: swapped[start : start + step]}, clean)
            for bits, run in zip(list(places)[start : start + step], runs, strict=True):
                for place in places[bits]:
                    outputs[place] = run if sites[place].bits == bits else run.T
    return outputs


def run_with_swaps(
    network: Network, swapped: Mapping[int, NDArray[np.bool_]], clean: Sequence[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Run every base with the marked neurons, in any hidden layers, set to their clean values on every source.

    Args:
        network: cut to one output.
        swapped: for each layer with swapped neurons, ``[cases, n_l]`` true where a neuron is swapped.
        clean: the network's own activations ``[rows, n_l]`` for layers 0 … L.

    Returns:
        ``[cases, source, base]`` raw outputs.
    """
    first = min(swapped)
    n_cases, n_rows = len(swapped[first]), len(clean[0])
    values = np.broadcast_to(clean[first][None, None], (n_cases, n_rows, n_rows, network.sizes[first]))
    for layer in range(first, len(network.weights) + 1):
        if layer > first:
            values = next_layer(network, layer, values)
        if layer in swapped:
            values = np.where(swapped[layer][:, None, None, :], clean[layer][None, :, None, :], values)
    return values[..., 0]
