"""How well a direction of a layer reads a Boolean variable: the affine map of w·h that comes closest to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.placements.directions import DirectionPlacement
from pluriscope.analysis.questions.tasks import pattern_bits

Array = NDArray[np.float64]

INTEGER_RESIDUAL: Final = 1e-3
"""Largest residual with which a small integer direction reads a variable."""


@dataclass(frozen=True)
class ReadOut:
    """How a direction w reads a variable: ``gain · w·h + constant``, with the difference that is left.

    Args:
        gain: 1 for a read-out made for the variable.
        constant: of the reading.
        residual: largest |gain · w·h + constant − v| over the inputs; 1/2 is what a constant reads of any variable.
    """

    gain: float
    constant: float
    residual: float


def read_out(weights: Array, activations: Array, values: Array) -> ReadOut:
    """How well one direction reads a variable: the affine map of w·h that comes closest to it at worst.

    Args:
        weights: ``[width]`` w.
        activations: ``[rows, width]``.
        values: ``[rows]`` of 0 and 1.
    """
    gains, constants, residuals = affine_fits(fixed_order.inner(weights[None], activations), values)
    return ReadOut(float(gains[0]), float(constants[0]), float(residuals[0]))


def read_outs(
    clean: Sequence[Array], algorithm: HighLevelModel, alignment: DirectionPlacement
) -> tuple[ReadOut | None, ...]:
    """How each variable's direction reads it, by path in order; None for subspaces of several dimensions.

    Args:
        clean: activations ``[2^n, n_l]`` of the network on the inputs, for layers 0 … L.
    """
    found: list[ReadOut | None] = []
    for path, site in alignment.places:
        values = pattern_bits(algorithm.responses[path].function, algorithm.n_inputs).astype(np.float64)
        found.append(read_out(site.matrix[0], clean[site.layer], values) if site.dimension == 1 else None)
    return tuple(found)


def affine_fits(reads: Array, values: Array) -> tuple[Array, Array, Array]:
    """Gain, constant and residual ``[directions]`` of the affine maps that bring readings closest to a variable.

    Closest at worst: the readings of each value are an interval; its middle is sent to the value, and the residual is
    half of the longer interval, as a share of the distance of the middles.

    Args:
        reads: ``[directions, rows]`` w·h.
        values: ``[rows]`` of 0 and 1.

    Returns:
        A direction that reads nothing (equal middles, or a constant variable) has gain 0 and residual 1/2.
    """
    on = values > 0.5
    if on.all() or not on.any():
        n = len(reads)
        return np.zeros(n), np.full(n, float(on.all())), np.zeros(n)
    high, low = reads[:, on], reads[:, ~on]
    middles = (high.max(axis=1) + high.min(axis=1)) / 2, (low.max(axis=1) + low.min(axis=1)) / 2
    widest = np.maximum(np.ptp(high, axis=1), np.ptp(low, axis=1)) / 2
    apart = middles[0] - middles[1]
    reads_something = np.abs(apart) > np.finfo(float).tiny
    safe = np.where(reads_something, apart, 1.0)
    gains = np.where(reads_something, 1.0 / safe, 0.0)
    constants = np.where(reads_something, -middles[1] / safe, 0.5)
    residuals = np.where(reads_something, widest / np.abs(safe), 0.5)
    return gains, constants, residuals
