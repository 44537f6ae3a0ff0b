"""Running a network under an intervention made by hand.

Every pre-activation is summed as everywhere (the bias, then source after source by index), so that a run without
changes gives exactly the network's output, and a run that patches neurons from one source exactly the answer of the
common ground.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.sandbox.intervention import Change, Intervention
from pluriscope.analysis.subjects.perceptron.mlp import activations, means
from pluriscope.analysis.subjects.perceptron.network import Network


@dataclass(frozen=True, eq=False)
class Bench:
    """A network with the inputs that it is tried on.

    Args:
        network: cut to one output.
        rows: ``[2^n, n]`` one real-valued row for each Boolean input, in binary order; bases and sources.
            ``mean`` is taken over them.
    """

    network: Network
    rows: NDArray[np.float64]

    @cached_property
    def clean(self) -> tuple[NDArray[np.float64], ...]:
        """The network's own activations ``[2^n, n_l]`` for layers 0 … L."""
        return activations(self.network, self.rows)

    @cached_property
    def means(self) -> tuple[NDArray[np.float64], ...]:
        """Mean activations ``[n_l]`` for layers 0 … L − 1."""
        return means(self.clean)

    def value_of(self, change: Change) -> float:
        """The number that a change writes."""
        layer, neuron = change.carrier
        match change.written:
            case "zero":
                return 0.0
            case "mean":
                return float(self.means[layer][neuron])
            case "source":
                return float(self.clean[layer][change.source or 0, neuron])
            case "value":
                return float(change.value or 0.0)

    def run(self, intervention: Intervention) -> tuple[NDArray[np.float64], ...]:
        """Activations ``[n_l]`` of layers 0 … L under an intervention; values beyond float64 are infinite or NaN."""
        network, base = self.network, intervention.base
        layers = [self.clean[0][base]]
        neurons = {site: self.value_of(change) for site, change in intervention.neurons.items()}
        edges = {site: self.value_of(change) for site, change in intervention.edges.items()}
        with np.errstate(over="ignore", invalid="ignore"):
            for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
                arriving = np.broadcast_to(layers[-1], weights.shape)
                changed = [(out, origin, v) for (at, out, origin), v in edges.items() if at == layer]
                if changed:
                    arriving = arriving.copy()
                    for out, origin, value in changed:
                        arriving[out, origin] = value
                total = biases
                for index in range(weights.shape[1]):
                    total = total + arriving[:, index] * weights[:, index]
                values = network.function_of(layer).value(total)
                for (at, neuron), value in neurons.items():
                    if at == layer:
                        values[neuron] = value
                layers.append(values)
        return tuple(layers)
