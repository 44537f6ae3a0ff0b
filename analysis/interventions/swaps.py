"""The network under interchange along linear directions.

Sums are taken in the fixed order of :func:`pluriscope.analysis.subjects.perceptron.mlp.activations`, so a swap that
changes nothing gives exactly the network's output, and a direction that is one neuron gives, up to the last bits of
that neuron's value, what interchanging the neuron gives.

A swap that sets the output to the edge of a decision does so up to rounding, on one side or the other. So an output
that the swap has changed, and that is within :data:`EDGE_WITHIN` of an edge, counts as on the edge: .5 is decided as 0,
and the margin is 0, which every page and file calls fragile.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidPlacement
from pluriscope.analysis.interventions.subspace import Subspace, swap_rows
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.questions.decisions import EDGES
from pluriscope.analysis.subjects.perceptron.mlp import next_layer
from pluriscope.analysis.subjects.perceptron.network import Network

Array = NDArray[np.float64]

EDGE_WITHIN: Final = 1e-9

_CELLS: Final = 2_000_000  # values of one layer held at once


def run_from(network: Network, layer: int, values: Array) -> Array:
    """The network's outputs from activations of one layer.

    Args:
        network: cut to one output.
        layer: whose activations are given.
        values: ``[…, n_layer]``.

    Returns:
        ``[…]`` raw outputs.
    """
    for following in range(layer + 1, len(network.weights) + 1):
        values = next_layer(network, following, values)
    return values[..., 0]


def swap_outputs(network: Network, clean: Sequence[Array], subspaces: Sequence[Subspace]) -> Array:
    """The network's output under every interchange of every place by itself.

    Args:
        network: cut to one output.
        clean: the network's own activations ``[rows, n_l]`` for layers 0 … L.
        subspaces: any number, in any hidden layers.

    Returns:
        ``[places, source, base]`` raw outputs.
    """
    n_rows = len(clean[0])
    outputs = np.empty((len(subspaces), n_rows, n_rows))
    step = max(1, _CELLS // (n_rows * n_rows * max(network.sizes)))
    numbered = sorted(enumerate(subspaces), key=lambda pair: (pair[1].layer, pair[1].dimension))
    for (layer, _), group in groupby(numbered, key=lambda pair: (pair[1].layer, pair[1].dimension)):
        same = list(group)
        for start in range(0, len(same), step):
            part = same[start : start + step]
            reads = np.array([subspace.reads for _, subspace in part])
            swaps = np.array([_swap_rows_of(subspace) for _, subspace in part])
            outputs[[number for number, _ in part]] = swapped_along(network, clean, layer, reads, swaps)
    return outputs


def swapped_along(network: Network, clean: Sequence[Array], layer: int, reads: Array, swaps: Array) -> Array:
    """Run swaps at subspaces of one layer and dimension, given as arrays.

    Args:
        network: cut to one output.
        clean: its own activations.
        layer: of all places.
        reads: ``[places, k, width]`` W.
        swaps: ``[places, k, width]`` E with W Eᵀ = 1: by how much the layer moves for each unit of each read-out.

    Returns:
        ``[places, source, base]`` raw outputs.
    """
    own = clean[layer]
    values = fixed_order.inner(reads, own)  # [places, k, rows]
    change = values[:, :, :, None] - values[:, :, None, :]  # [places, k, source, base]
    moved = np.broadcast_to(own, (len(reads), len(own), *own.shape))
    for row in range(reads.shape[1]):
        moved = moved + change[:, row, :, :, None] * swaps[:, row, None, None, :]
    return settled(run_from(network, layer, moved), clean[-1][:, 0])


def settled(outputs: Array, own: Array) -> Array:
    """Move outputs that are within :data:`EDGE_WITHIN` of a decision's edge on to the edge, unless nothing changed.

    Args:
        outputs: ``[…, base]`` raw outputs under swaps.
        own: ``[base]`` the network's own.
    """
    for edge in EDGES:
        outputs = np.where((np.abs(outputs - edge) <= EDGE_WITHIN) & (outputs != own), edge, outputs)
    return outputs


def swapped_layers(
    network: Network, clean: Sequence[Array], subspaces: Sequence[Subspace], sources: NDArray[np.int64]
) -> list[Array]:
    """The network with several places interchanged at once, each from a source of its own, layer by layer.

    In a layer with several places the change is the one along their swap directions together that gives each read-out
    its value on its source: for orthogonal swaps the shortest there is. Layers above recompute.

    Args:
        network: cut to one output.
        clean: its own activations on the rows.
        subspaces: in each layer all read-outs can be set at once.
        sources: ``[choices, places]`` rows.

    Returns:
        For layers 0 … L ``[choices, base, n_l]`` activations.
    """
    values: Array = np.broadcast_to(clean[0], (len(sources), *clean[0].shape))
    layers = [values]
    for layer in range(1, len(network.weights) + 1):
        values = next_layer(network, layer, values)
        here = [column for column, subspace in enumerate(subspaces) if subspace.layer == layer]
        if here:
            moves = swap_rows(subspaces[column] for column in here)
            if moves is None:
                raise InvalidPlacement(
                    f"layer {layer}", "has read-outs that cannot be set at once", "use linearly independent directions"
                )
            changes: list[Array] = []
            for column in here:
                reads = subspaces[column].matrix
                wanted = fixed_order.inner(clean[layer], reads)[sources[:, column]]  # [choices, k]
                changes.append(wanted[:, None, :] - fixed_order.inner(values, reads))
            change = np.concatenate(changes, axis=-1)
            for at in range(len(moves)):
                values = values + change[..., at, None] * moves[at]
        layers.append(values)
    layers[-1] = settled(values[..., 0], clean[-1][:, 0])[..., None]
    return layers


def _swap_rows_of(subspace: Subspace) -> Array:
    rows = swap_rows([subspace])
    if rows is None:  # Subspace.of has seen to it
        raise InvalidPlacement(f"place {subspace.text}"[:200], "cannot be set", "use another direction")
    return rows
