"""Compiling: exact weights for an algorithm, one neuron for each gate.

A literal of a Boolean value x is x or 1 − x; a neuron that is the AND of k literals sums them:

    relu, leaky_relu   act(l₁ + … + l_k − (k − 1))          k = 1 carries a value on
    sigmoid            σ(λ(l₁ + … + l_k − k + 1/2))

and the output reads the root or its negation by the same rule (k = 1; a linear output takes it as it is). All weights
off the planted circuit are 0. Therefore, with relu, by induction over layers: whatever inputs the planted neurons were
given their values from, each is exactly 0 or 1, and the AND of what its sources are; so the output is exactly what the
algorithm says if the gates at these neurons are fixed to these values. Hence the planted alignment passes every
interchange, alone and jointly. An edge off the circuit has weight 0 and says nothing whatever it carries, hence the
planted circuit decides as the network does under zero, mean and resample ablation alike. With sigmoid and leaky_relu
values are near 0 and 1; how near, and so the margin that is left, is bounded by
:mod:`pluriscope_edits.planting.certificate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.errors import InvalidPlanting
from pluriscope.analysis.planted.record import PlantedRecord, Source, Unit
from pluriscope.analysis.subjects.made import Made
from pluriscope.analysis.subjects.perceptron.activations import Activation, activation_of, usual_activations
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope_edits.planting.placement import placed_units
from pluriscope_edits.planting.planted import Planted

SCALE: Final = 25.0
"""λ of sigmoid neurons: the analytic XORNet's."""


def compile_algorithm(
    algorithm: HighLevelModel,
    hidden: Sequence[int],
    *,
    activation: str = "relu",
    output_activation: str = "linear",
    scale: float = SCALE,
) -> Planted:
    """A network that carries an algorithm on known neurons.

    Args:
        algorithm: of 1 to 6 inputs, all of which it uses.
        hidden: widths of the hidden layers.
        activation: relu, leaky_relu or sigmoid.
        output_activation: linear, or the hidden one.
        scale: λ of sigmoid neurons, more than 4: below, a gate of two sources is no gate.

    Raises:
        InvalidPlanting: it does not fit, with what it needs and what there is; or an argument is not possible.
        BeyondLimits: more ways to choose layers than are tried.
    """
    _check(hidden, activation, output_activation, scale)
    sizes = (algorithm.n_inputs, *hidden, 1)
    units, output = placed_units(algorithm, sizes)
    weights = [np.zeros((n_out, n_in)) for n_in, n_out in pairwise(sizes)]
    biases = [np.zeros(n_out) for n_out in sizes[1:]]
    readers = [*(unit for unit in units if unit.layer), Unit(len(sizes) - 1, (0,), (output,))]
    for reader in readers:
        layer, (neuron,) = reader.layer, reader.neurons
        own = output_activation if layer == len(sizes) - 1 else activation
        row, bias = _row(reader.sources, own, scale)
        for unit, weight in row.items():
            weights[layer - 1][neuron, units[unit].neurons[0]] += weight
        biases[layer - 1][neuron] = bias
    network = Network.from_arrays(weights, biases, activation=activation, output_activation=output_activation)
    settings = (("activation", activation), *((("scale", scale),) if _is_step(activation_of(activation)) else ()))
    return Planted(network, PlantedRecord(sizes, algorithm, units, output, (Made("compile", settings),)))


def _row(sources: Sequence[Source], activation: str, scale: float) -> tuple[dict[int, float], float]:
    """Weights by unit, and the bias, of a neuron that is the AND of literals."""
    steep = _is_step(activation_of(activation))
    factor, threshold = (scale, len(sources) - 0.5) if steep else (1.0, len(sources) - 1.0)
    weights: dict[int, float] = {}
    for source in sources:  # a gate may read one value twice
        weights[source.unit] = weights.get(source.unit, 0.0) + factor * (-1.0 if source.negated else 1.0)
    return weights, factor * (sum(source.negated for source in sources) - threshold)


def _is_step(activation: Activation) -> bool:
    """Whether it rises from 0 to 1; what else has gates is nearly 0 below 0 and gives what it is given above."""
    return activation.monotone and (activation.low, activation.high) == (0.0, 1.0)


def _has_gates(activation: Activation) -> bool:
    return _is_step(activation) or activation.below not in (None, 1.0)


def _check(hidden: Sequence[int], activation: str, output_activation: str, scale: float) -> None:
    if not _has_gates(activation_of(activation)):
        known = ", ".join(one.name for one in usual_activations() if _has_gates(one))
        raise InvalidPlanting(f"activation {activation!r}", "has no gates here", f"use {known}")
    if output_activation not in ("linear", activation):
        raise InvalidPlanting(
            f"output activation {output_activation!r}", "is neither linear nor the hidden one", "use one of these"
        )
    if not hidden or min(hidden) < 1:
        raise InvalidPlanting("hidden layers", "are missing or empty", "give widths such as 3, 3")
    if not 4 < scale < 1e6:
        raise InvalidPlanting(f"scale {scale:g}", "is not between 4 and a million", "use 25, or more for more layers")
