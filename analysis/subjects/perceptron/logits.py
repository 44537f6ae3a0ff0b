"""The two readings of a decision between two answers: one output that turns at an edge, or two logits.

Neither changes what is decided on any row, and each is what some circuits need: edges are those of one output, since
whatever is added to both logits changes no decision; coarser circuits are judged by the largest logit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.subjects.perceptron.activations import activation_of
from pluriscope.analysis.subjects.perceptron.network import Network


@dataclass(frozen=True, eq=False, repr=False)
class Difference(Network):
    """One output, the difference of two logits.

    Args:
        read_from: the digest of the network with both logits, by which it is known.
    """

    read_from: str = ""

    @cached_property
    def digest(self) -> str:
        return self.read_from or super().digest


def difference_of(network: Network, edge: float = 0.0, read_from: str = "") -> Difference:
    """Read two logits as one output, their difference.

    Args:
        network: with two linear outputs.
        edge: at which the output shall be decided, which is added to it.
        read_from: see :class:`Difference`.
    """
    last = np.diff(network.weights[-1], axis=0), np.diff(network.biases[-1]) + edge
    weights, biases = ((*every[:-1], one) for every, one in zip((network.weights, network.biases), last, strict=True))
    return Difference(weights, biases, network.activation, "linear", network.negative_slope, read_from)


def less_the_first(network: Network) -> Network:
    """Two logits, less the first of them: 0, and their difference."""
    weights, biases = (one[-1] - one[-1][:1] for one in (network.weights, network.biases))
    layers = (*network.weights[:-1], weights), (*network.biases[:-1], biases)
    return Network(*layers, network.activation, "linear", network.negative_slope)


def two_logits(network: Network) -> Network:
    """Read one output, decided at ½, as two logits, of which the first is the same on every row.

    Raises:
        InvalidNetwork: the output is never, or always, above ½.
    """
    return Network.from_arrays(
        (*network.weights[:-1], np.concatenate([np.zeros_like(network.weights[-1]), network.weights[-1]])),
        (*network.biases[:-1], np.array([turning_sum(network), *network.biases[-1]])),
        activation=network.activation,
        output_activation="linear",
        negative_slope=network.negative_slope,
    )


def turning_sum(network: Network) -> float:
    """Find the sum before the last activation above which the output is above ½: the largest float64 at which it is
    not. Every activation is above ½ from one sum on.

    Raises:
        InvalidNetwork: it is above ½ nowhere between −1000 and 1000, or everywhere.
    """
    function = activation_of(network.output_activation, network.negative_slope)

    def above(value: float) -> bool:
        return bool(function.value(np.array([value]))[0] > 0.5)

    low, high = -1000.0, 1000.0
    if above(low) or not above(high):
        cause = f"ends with {network.output_activation}, which is not decided at ½"
        raise InvalidNetwork("output", cause, "use circuits by edges")
    while low < (middle := (low + high) / 2) < high:
        low, high = (low, middle) if above(middle) else (middle, high)
    return low


def decision_digest(network: Network, *, classes: bool) -> str:
    """Digest of what networks have in common whose answers are decided by the very same sums: hidden layers, and the
    difference of two logits.

    Args:
        classes: whether the largest output decides; otherwise each is decided at ½.

    Returns:
        "" where more than one difference decides, or none does.
    """
    if network.n_outputs != 1 + classes:
        return ""
    try:
        return difference_of(network if classes else two_logits(network)).digest
    except InvalidNetwork:
        return ""
