"""Affine read-outs: the direction of a layer on which a Boolean variable can be read, in closed form.

A variable v has a read-out on a layer if w·h + c = v on every input, within 1e-6 (spec §4). With H the layer's
activations on the inputs less their mean, all read-outs are w₀ + null space of H, and w₀ = H⁺ (v − mean v) is the
shortest. Where the activations are affinely independent every variable has one; where there are more neurons than
affinely independent activations, read-outs are many, and their dimension is told.

w₀ is computed in a fixed order (:mod:`pluriscope.analysis.numerics.fixed_order`), so every machine has the same bits,
and rounded at the twelfth digit of its largest number: where the layer is well conditioned, another way to compute it
names the same direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.alignments.on_directions import DirectionAlignment
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.questions.tasks import pattern_bits

Array = NDArray[np.float64]

RESIDUAL: Final = 1e-6
_DIGITS: Final = 12
_RANK: Final = 1e-10  # singular values below this share of the largest count as 0


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


@dataclass(frozen=True)
class MinimumNorm:
    """The shortest affine read-out of one variable on one layer, or that there is none.

    Args:
        place: the direction with the orthogonal swap; None if there is no read-out.
        read_out: its constant and residual; where there is none, those of the best in the sense of least squares.
        n_free: dimension of the family of all read-outs with the same values on the inputs, 0 if it is the only one.
    """

    place: Subspace | None
    read_out: ReadOut
    n_free: int


@dataclass(frozen=True, eq=False)
class Spread:
    """How a layer's activations spread about their mean, decomposed once for all variables.

    Args:
        left: ``[rank, rows]`` orthonormal.
        singular: ``[rank]``.
        right: ``[rank, width]`` orthonormal.
    """

    left: Array
    singular: Array
    right: Array

    @classmethod
    def of(cls, activations: Array) -> Spread:
        """That of ``[rows, width]`` activations on the inputs."""
        return cls(*fixed_order.decomposed(activations - fixed_order.mean(activations), _RANK))


def minimum_norm(layer: int, activations: Array, values: Array, *, spread: Spread | None = None) -> MinimumNorm:
    """The shortest read-out of a variable on one layer.

    Args:
        layer: 1 for the first hidden layer.
        activations: ``[rows, width]`` of the layer on the inputs.
        values: ``[rows]`` of 0 and 1. A constant variable has none: there is no direction to move along.
        spread: of the activations, where it is known.
    """
    known = spread or Spread.of(activations)
    centred = values[None] - fixed_order.mean(values[:, None])
    weights = fixed_order.inner(fixed_order.inner(centred, known.left) / known.singular, known.right.T)
    row = rounded(weights)[0]
    read = fixed_order.inner(activations, row[None])[:, 0]
    constant = float(fixed_order.mean(values - read))
    out = ReadOut(1.0, constant, float(np.abs(read + constant - values).max()))
    usable = out.residual <= RESIDUAL and bool(row.any())
    place = Subspace.of(layer, [row]) if usable else None
    return MinimumNorm(place, out, activations.shape[1] - len(known.singular))


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
    clean: Sequence[Array], algorithm: HighLevelModel, alignment: DirectionAlignment
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


def rounded(rows: Array) -> Array:
    """Numbers rounded at the twelfth significant digit of their row's largest: what is smaller is rounding error."""
    largest = np.abs(rows).max(axis=-1, initial=0.0)
    places = [0 if size == 0 else _DIGITS - 1 - Decimal(size).adjusted() for size in largest.ravel().tolist()]
    flat = rows.reshape(-1, rows.shape[-1]).tolist()
    return np.array([[round(number, n) for number in row] for row, n in zip(flat, places, strict=True)]).reshape(
        rows.shape
    )
