"""Sound bounds on programs over boxes, for any activation, and proofs by bisection.

1. Natural bounds: each layer's interval from the one before, by the activation's own bounds of its values.
2. Mean-value bounds: with an interval that holds all derivatives on the box, the value differs from that at the centre
   by at most derivative times distance. Both bounds hold, so the tighter end is taken.
3. Bisection: a box whose bounds prove the claim is done; one whose centre, or the corner where the value should be
   largest or smallest, refutes it ends the search; others are halved where that helps most, until the budget is spent.
   Three answers: proved, refuted with a witness, undecided.

Floats round, so every sum is widened by more than the largest error that it can have made, and every value of an
activation by more than it may be wrong. The answers hold for the real-number function of the stored float64 numbers;
a witness is one because bounds at that very point say so. The three answers are those of the verification of networks,
e.g. Wang et al. 2021 (β-CROWN); the bounds here are plain interval arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.numerics.fixed_order import inner
from pluriscope.analysis.subjects.perceptron.activations import Activation
from pluriscope_methods.robustness.programs import ArrayLayer

Array = NDArray[np.float64]
Answer = Literal["proved", "refuted", "undecided"]

_UNIT: Final = float(np.finfo(np.float64).eps)
_TINY: Final = 1e-300
_BOXES_AT_ONCE: Final = 1 << 11
_STEEPNESS_MATTERS: Final = 1e-2


class Layered(Protocol):
    """A function of free numbers, as :class:`pluriscope_methods.robustness.programs.Program` is one."""

    @property
    def arrays(self) -> tuple[ArrayLayer, ...]: ...

    @property
    def activation(self) -> Activation: ...


@dataclass(frozen=True)
class Certificate:
    """The result of bisection.

    Args:
        answer: about the whole box.
        witness: a point that refutes, else None.
        n_boxes: boxes looked at.
    """

    answer: Answer
    witness: tuple[float, ...] | None
    n_boxes: int


@dataclass(frozen=True, eq=False)
class Bounds:
    """The bounds of a program on some boxes.

    Args:
        low: ``[boxes]`` lower bound of the output's pre-activation.
        high: ``[boxes]`` upper bound.
        slopes_low: ``[boxes, free]`` lower bounds of the derivatives.
        slopes_high: ``[boxes, free]`` upper bounds of the derivatives.
    """

    low: Array
    high: Array
    slopes_low: Array
    slopes_high: Array

    @property
    def bend(self) -> Array:
        """The uncertainty of each derivative, ``[boxes, free]``; where all is known, halving helps little."""
        steepness = np.maximum(np.abs(self.slopes_low), np.abs(self.slopes_high))
        return (self.slopes_high - self.slopes_low) + _STEEPNESS_MATTERS * steepness


def bounds(program: Layered, low: Array, high: Array) -> Bounds:
    """Bounds over the boxes ``low ≤ z ≤ high``, both ``[boxes, free]``."""
    natural_low, natural_high, slopes_low, slopes_high = _through(program, low, high)
    middle = low + (high - low) / 2
    at_low, at_high, _, _ = _through(program, middle, middle)
    steepness = np.maximum(np.abs(slopes_low), np.abs(slopes_high))
    reach = np.maximum(high - middle, middle - low) * (1 + 4 * _UNIT)
    swing = (steepness * reach).sum(axis=1) * (1 + 4 * (reach.shape[1] + 2) * _UNIT) + _TINY
    swing_low, swing_high = (np.nextafter(at_low - swing, -np.inf), np.nextafter(at_high + swing, np.inf))
    return Bounds(np.fmax(natural_low, swing_low), np.fmin(natural_high, swing_high), slopes_low, slopes_high)


def natural_bounds(program: Layered, low: Array, high: Array) -> tuple[Array, Array]:
    """Natural bounds of the value over boxes alone, ``[boxes]``: a fifth of the time, and as tight at points."""
    h_low = h_high = np.empty((len(low), 0))
    for k, f, b in program.arrays[:-1]:
        sums = _affine(np.hstack([h_low, low]), np.hstack([h_high, high]), np.hstack([k, f]), b)
        h_low, h_high = program.activation.values_between(*sums)
    k, f, b = program.arrays[-1]
    a_low, a_high = _affine(np.hstack([h_low, low]), np.hstack([h_high, high]), np.hstack([k, f]), b)
    return a_low[:, 0], a_high[:, 0]


def _through(program: Layered, low: Array, high: Array) -> tuple[Array, Array, Array, Array]:
    """Natural bounds of the value ``[boxes]`` and of its derivatives ``[boxes, free]``."""
    n_boxes, n_free = low.shape
    h_low = h_high = np.empty((n_boxes, 0))
    j_low = j_high = np.empty((n_boxes, n_free, 0))
    for number, (k, f, b) in enumerate(program.arrays):
        a_low, a_high = _affine(np.hstack([h_low, low]), np.hstack([h_high, high]), np.hstack([k, f]), b)
        d_low, d_high = _affine(j_low, j_high, k, f.T)
        if number == len(program.arrays) - 1:
            return a_low[:, 0], a_high[:, 0], d_low[:, :, 0], d_high[:, :, 0]
        h_low, h_high = program.activation.values_between(a_low, a_high)
        steep = [one[:, None] for one in program.activation.slopes_between(a_low, a_high)]
        products = np.array([one * other for one in steep for other in (d_low, d_high)])
        j_low, j_high = _down(products.min(axis=0)), _up(products.max(axis=0))
    raise AssertionError  # a program has at least one layer


def _affine(low: Array, high: Array, weights: Array, constants: Array) -> tuple[Array, Array]:
    """Bounds of ``W x + c`` for ``low ≤ x ≤ high``, widened by more than its rounding error."""
    plus, minus = np.maximum(weights, 0.0), np.minimum(weights, 0.0)
    size = inner(np.maximum(np.abs(low), np.abs(high)), np.abs(weights)) + np.abs(constants)
    error = size * ((2 * weights.shape[1] + 8) * _UNIT) + _TINY
    return (
        inner(low, plus) + inner(high, minus) + constants - error,
        inner(high, plus) + inner(low, minus) + constants + error,
    )


def _down(values: Array) -> Array:
    return values - np.abs(values) * (2 * _UNIT) - _TINY


def _up(values: Array) -> Array:
    return values + np.abs(values) * (2 * _UNIT) + _TINY


Judged = Callable[[Array, Array], tuple[NDArray[np.bool_], NDArray[np.bool_], Bounds]]
"""From boxes to: which are proved, which are refuted throughout, and bounds that say where to look and halve next."""


def bisect(judge: Judged, low: Array, high: Array, budget: int) -> Certificate:
    """Prove or refute something on the box ``low ≤ z ≤ high``, both ``[free]``.

    Args:
        judge: sound in both directions; called with boxes and with single points.
        low: lower corner.
        high: upper corner.
        budget: boxes looked at before it gives up.
    """
    lows, highs = low[None], high[None]
    n_boxes = 0
    while len(lows):
        now, later = slice(0, _BOXES_AT_ONCE), slice(_BOXES_AT_ONCE, None)
        part_low, part_high, lows, highs = lows[now], highs[now], lows[later], highs[later]
        n_boxes += len(part_low)
        proved, refuted, known = judge(part_low, part_high)
        rest = ~proved
        if not rest.any():
            continue
        part_low, part_high = part_low[rest], part_high[rest]
        middle = part_low + (part_high - part_low) / 2
        rising = (known.slopes_low + known.slopes_high)[rest] >= 0
        for points in (middle, np.where(rising, part_high, part_low), np.where(rising, part_low, part_high)):
            _, refuted, _ = judge(points, points)
            if refuted.any():
                return Certificate("refuted", tuple(points[int(np.argmax(refuted))].tolist()), n_boxes)
        if n_boxes + 2 * len(part_low) + len(lows) > budget or not part_low.shape[1]:
            return Certificate("undecided", None, n_boxes)
        widest = np.argmax((part_high - part_low) * (known.bend[rest] + _TINY), axis=1)
        which = np.arange(len(widest))
        left_high, right_low = part_high.copy(), part_low.copy()
        left_high[which, widest] = right_low[which, widest] = middle[which, widest]
        lows, highs = np.concatenate([part_low, right_low, lows]), np.concatenate([left_high, part_high, highs])
    return Certificate("proved", None, n_boxes)
