"""Affine read-outs: the direction of a layer on which a Boolean variable can be read, in closed form.

A variable v has a read-out on a layer if w·h + c = v on every input, within 1e-6 (spec §4). With H the layer's
activations on the inputs less their mean, all read-outs are w₀ + null space of H, and w₀ = H⁺ (v − mean v) is the
shortest. Where the activations are affinely independent every variable has one; where there are more neurons than
affinely independent activations, read-outs are many, and their dimension is reported.

w₀ is computed in a fixed order (:mod:`pluriscope.analysis.numerics.fixed_order`), so every machine has the same bits,
and rounded at the twelfth digit of its largest number: where the layer is well conditioned, another way to compute it
names the same direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.directions.readouts import ReadOut
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.numerics import fixed_order

Array = NDArray[np.float64]

RESIDUAL: Final = 1e-6
_DIGITS: Final = 12
_RANK: Final = 1e-10  # singular values below this share of the largest count as 0


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


def rounded(rows: Array) -> Array:
    """Numbers rounded at the twelfth significant digit of their row's largest: what is smaller is rounding error."""
    largest = np.abs(rows).max(axis=-1, initial=0.0)
    places = [0 if size == 0 else _DIGITS - 1 - Decimal(size).adjusted() for size in largest.ravel().tolist()]
    flat = rows.reshape(-1, rows.shape[-1]).tolist()
    return np.array([[round(number, n) for number in row] for row, n in zip(flat, places, strict=True)]).reshape(
        rows.shape
    )
