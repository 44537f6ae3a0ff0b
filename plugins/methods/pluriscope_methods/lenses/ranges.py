"""Range of each neuron of a network on a box of inputs: an interval that surely holds all of it, and one attained.

Pre-activations are bounded by bisection: boxes that cannot go beyond what has been attained are dropped, the others are
halved, until they are close or the budget is spent. The image of a box is connected, so everything between two attained
values is attained too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.subjects.perceptron.activations import refuse_falling
from pluriscope_methods.robustness.intervals import bounds
from pluriscope_methods.robustness.programs import Program

_CLOSE: Final = 1e-9  # relative to the size of the values
_TINY: Final = 1e-12

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ValueRange:
    """The values of one neuron on a box.

    Args:
        low: nothing below this is attained.
        high: nothing above this is attained.
        inner_low: attained, to the last float.
        inner_high: attained, to the last float; everything between the two is.
        at_low: a point at which ``inner_low`` is attained.
        at_high: likewise.
    """

    low: float
    high: float
    inner_low: float
    inner_high: float
    at_low: tuple[float, ...] = ()
    at_high: tuple[float, ...] = ()


def range_of(whole: Program, layer: int, neuron: int, low: Array, high: Array, *, budget: int) -> ValueRange:
    """The values of one neuron on the box ``low ≤ x ≤ high``.

    Args:
        whole: the full network, as :func:`pluriscope_methods.robustness.programs.network_program` gives it.
        layer: from 1.
        neuron: from 0.
        low: lower corner ``[n0]``.
        high: upper corner ``[n0]``.
        budget: boxes looked at for each of the two ends.

    Raises:
        BeyondLimits: an activation that falls somewhere.
    """
    refuse_falling("range of values", whole.activation)
    ends = []
    for sign in (-1, 1):
        attained, limit, at = _largest(neuron_program(whole, layer, neuron, sign), low, high, budget)
        ends.append((sign * attained, sign * limit, at))
    inner = whole.activation.value(np.array([ends[0][0], ends[1][0]])).tolist()
    outer = whole.activation.values_between(np.array([ends[0][1]]), np.array([ends[1][1]]))
    return ValueRange(float(outer[0][0]), float(outer[1][0]), inner[0], inner[1], ends[0][2], ends[1][2])


def neuron_program(program: Program, layer: int, neuron: int, sign: int = 1) -> Program:
    """The pre-activation of one neuron of a layer 1 … L, times 1 or −1."""
    k, f, b = program.layers[layer - 1]
    last = ((tuple(sign * w for w in k[neuron]),), (tuple(sign * w for w in f[neuron]),), (sign * b[neuron],))
    return Program((*program.layers[: layer - 1], last), program.activation)


def _largest(program: Program, low: Array, high: Array, budget: int) -> tuple[float, float, tuple[float, ...]]:
    """A value attained on the box, one that none exceeds, as close as the budget allows, and where it is attained."""
    lows, highs = low[None], high[None]
    attained, settled, n_boxes = -np.inf, -np.inf, 0
    at: tuple[float, ...] = ()
    while True:
        known = bounds(program, lows, highs)
        rising = known.slopes_low + known.slopes_high >= 0
        middle = lows + (highs - lows) / 2
        for points in (middle, np.where(rising, highs, lows)):
            values = bounds(program, points, points).low
            best = int(np.argmax(values))
            if values[best] > attained:
                attained, at = float(values[best]), tuple(points[best].tolist())
        n_boxes += len(lows)
        close = known.high <= attained + _CLOSE * max(abs(attained), _TINY)
        settled = max(settled, float(known.high[close].max(initial=-np.inf)))
        if close.all():
            return attained, max(attained, settled), at
        lows, highs, middle, bend = lows[~close], highs[~close], middle[~close], known.bend[~close]
        if n_boxes + 2 * len(lows) > budget:
            return attained, max(settled, float(known.high[~close].max())), at
        widest = np.argmax((highs - lows) * (bend + _TINY), axis=1)
        which = np.arange(len(widest))
        left_high, right_low = highs.copy(), lows.copy()
        left_high[which, widest] = right_low[which, widest] = middle[which, widest]
        lows, highs = np.concatenate([lows, right_low]), np.concatenate([left_high, highs])
