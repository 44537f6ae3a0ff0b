"""Interchange interventions: run ``base``, but with a site set to what it is on ``source`` (spec §4).

A site is a set of neurons or a subspace of a layer's activations. Neurons are set exactly; subspaces by a swap along
their directions (:mod:`pluriscope.analysis.interventions.swaps`).

Geiger et al., "Causal Abstractions of Neural Networks". Every pair is computed at once; sums are taken in the same
fixed order as by :func:`pluriscope.analysis.subjects.perceptron.mlp.activations`, so a swap with source = base gives
exactly the network's output.

Within one layer, to give S its values on s while the others keep theirs on b is to give the others theirs on b while S
keeps its on s: the layer holds the same numbers. So the outputs for a set and for its complement are each other's
transpose over source and base, and only one of the two is run (the glossary's "Duality of places").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.interventions.swaps import swap_outputs, swapped_layers
from pluriscope.analysis.subjects.perceptron.mlp import activations, next_layer
from pluriscope.analysis.subjects.perceptron.network import Network

Site = NeuronSet | Subspace
"""Where an intervention writes and a variable may live."""
_CELLS = 4_000_000  # largest number of values of one layer held at once


def interchange_outputs(network: Network, sites: Sequence[Site], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The network's output under every interchange of every site by itself.

    Args:
        network: cut to one output.
        sites: each in one hidden layer.
        rows: ``[rows, n0]`` inputs that serve as sources and as bases.

    Returns:
        ``[sites, source, base]`` raw outputs.
    """
    n_rows = len(rows)
    clean = activations(network, rows)
    outputs = np.empty((len(sites), n_rows, n_rows))
    step = max(1, _CELLS // (n_rows * n_rows * max(network.sizes)))
    for layer in sorted({site.layer for site in sites if isinstance(site, NeuronSet)}):
        whole = (1 << network.sizes[layer]) - 1
        # by each set that is run, where it or its complement stands, and whether that is the set itself
        numbers: dict[int, list[tuple[int, bool]]] = {}
        for number, site in enumerate(sites):
            if isinstance(site, NeuronSet) and site.layer == layer:
                run_bits = min(site.bits, whole ^ site.bits)
                numbers.setdefault(run_bits, []).append((number, site.bits == run_bits))
        swapped = np.array(
            [[bits >> neuron & 1 for neuron in range(network.sizes[layer])] for bits in numbers], dtype=bool
        )
        for start in range(0, len(numbers), step):
            runs = run_with_swaps(network, {layer: swapped[start : start + step]}, clean)
            for bits, run in zip(list(numbers)[start : start + step], runs, strict=True):
                for number, is_itself in numbers[bits]:
                    outputs[number] = run if is_itself else run.T
    subspaces = {number: site for number, site in enumerate(sites) if isinstance(site, Subspace)}
    if subspaces:
        outputs[[*subspaces]] = swap_outputs(network, clean, [*subspaces.values()])
    return outputs


def joint_outputs(
    network: Network,
    clean: Sequence[NDArray[np.float64]],
    placements: Sequence[Sequence[Any]],
    sources: NDArray[np.int64],
) -> NDArray[np.float64]:
    """The network's outputs with all sites of a placement interchanged at once; layers above recompute.

    Args:
        network: cut to one output.
        clean: its own activations ``[rows, n_l]`` for layers 0 … L.
        placements: as many sites each, all neuron sets or all subspaces, that can be set at once.
        sources: ``[choices, sites]`` the row that each site takes its values from.

    Returns:
        ``[placements, choices, base]`` raw outputs.
    """
    if any(isinstance(site, Subspace) for site in placements[0]):
        return np.stack([swapped_layers(network, clean, sites, sources)[-1][..., 0] for sites in placements])
    owners = [np.full((len(placements), n), -1) for n in network.sizes]
    for number, sites in enumerate(placements):
        for column, site in enumerate(sites):
            owners[site.layer][number, list(site.neurons)] = column
    used = [layer for layer, owner in enumerate(owners) if (owner >= 0).any()]
    first = min(used, default=len(network.weights))  # below nothing is changed
    n_rows = len(clean[0])
    values = np.broadcast_to(clean[first], (len(placements), len(sources), n_rows, network.sizes[first]))
    for layer in range(first, len(network.weights) + 1):
        if layer > first:
            values = next_layer(network, layer, values)
        if layer in used:
            owner = owners[layer]
            given = clean[layer][sources[:, owner], np.arange(owner.shape[1])].swapaxes(0, 1)[:, :, None]
            kept = (owner < 0)[:, None, None, :] | np.isnan(given)
            values = np.where(kept, values, given)
    return values[..., 0]


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
