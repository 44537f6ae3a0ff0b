"""Networks as functions of a few free numbers, with exact coefficients.

With free numbers z the layers are ``a_l = K_l h_(l−1) + F_l z + b_l``, ``h_l = act(a_l)``, and the value is the
output's pre-activation ``a_L``. For a network z are its inputs, read by the first layer alone. Coefficients are the
stored float64 numbers, as fractions, so that every way to look at a program looks at the same function.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.decision_intervals import decision_box
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.questions.decisions import NEITHER, DecisionRule
from pluriscope.analysis.subjects.perceptron.activations import Activation
from pluriscope.analysis.subjects.perceptron.network import Network

Row = tuple[Fraction, ...]
ProgramLayer = tuple[tuple[Row, ...], tuple[Row, ...], Row]
"""K ``[n_l][n_(l−1)]``, F ``[n_l][free]``, b ``[n_l]``."""

FloatLayer = tuple[list[list[float]], list[list[float]], list[float]]
ArrayLayer = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Program:
    """A function of free numbers.

    Args:
        layers: for layers 1 … L; the last has one neuron.
        activation: of the hidden layers.
    """

    layers: tuple[ProgramLayer, ...]
    activation: Activation

    @property
    def n_free(self) -> int:
        return len(self.layers[0][1][0])

    @cached_property
    def floats(self) -> tuple[FloatLayer, ...]:
        """The layers as nearest floats."""
        return tuple(
            ([list(map(float, row)) for row in k], [list(map(float, row)) for row in f], list(map(float, b)))
            for k, f, b in self.layers
        )

    @cached_property
    def arrays(self) -> tuple[ArrayLayer, ...]:
        """The layers as arrays; each number is the nearest float."""
        arrays = []
        for k, f, b in self.floats:
            shapes = (len(b), len(k[0])), (len(b), self.n_free)
            arrays.append((np.array(k).reshape(shapes[0]), np.array(f).reshape(shapes[1]), np.array(b)))
        return tuple(arrays)

    def values(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """The output's pre-activation ``[points]`` at ``points [points, free]``, with the usual rounding."""
        hidden: NDArray[np.float64] = np.empty((len(points), 0))
        for layer, (k, f, b) in enumerate(self.arrays):
            total = fixed_order.inner(hidden, k) + fixed_order.inner(points, f) + b
            if layer == len(self.arrays) - 1:
                return total[:, 0]
            hidden = self.activation.value(total)
        raise AssertionError  # a program has at least one layer


def network_program(network: Network) -> Program:
    """The full network, cut to one output, as a function of its inputs."""
    layers = list[ProgramLayer]()
    for weights, biases in zip(network.weights, network.biases, strict=True):
        rows, constants = tuple(tuple(map(_exact, row)) for row in weights), tuple(map(_exact, biases))
        reads_no_inputs = ((Fraction(0),) * network.n_inputs,) * len(rows)
        layers.append((rows, reads_no_inputs, constants) if layers else (((),) * len(rows), rows, constants))
    return Program(tuple(layers), network.function_of(1))


def _exact(number: np.float64) -> Fraction:
    return Fraction(float(number))


@dataclass(frozen=True)
class Region:
    """The pre-activations of the output that are decided one way; ends belong to it unless they are open.

    Args:
        decision: 0, 1 or −1 (neither).
        low: −inf if there is no lower end.
        high: +inf if there is no upper end.
        low_open: the lower end does not belong to it.
        high_open: likewise.
    """

    decision: int
    low: float
    high: float
    low_open: bool
    high_open: bool

    def holds(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Decide which intervals lie inside the region."""
        above = low > self.low if self.low_open else low >= self.low
        below = high < self.high if self.high_open else high <= self.high
        return above & below


def decision_regions(network: Network, rule: DecisionRule) -> tuple[Region, ...]:
    """Divide the line of pre-activations by decision, in ascending order; edges are right to the last float.

    Raises:
        BeyondLimits: the output's activation falls, or does on this machine around an edge.
    """
    output = network.function_of(len(network.weights))
    zero, one = (decision_box(float(label), rule, output) for label in (0, 1))
    top = np.inf if one.high == np.inf else float(np.nextafter(one.high, np.inf))
    regions = [Region(0, zero.low, zero.high, False, False), Region(1, zero.high, top, True, True)]
    if zero.low > -np.inf:
        regions.insert(0, Region(NEITHER, -np.inf, zero.low, True, True))
    if top < np.inf:
        regions.append(Region(NEITHER, top, np.inf, False, True))
    return tuple(regions)
