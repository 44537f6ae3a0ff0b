"""Linear probes: the affine read-out with the largest margin that separates some inputs in a layer from the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.subjects.perceptron.question import Question

_APART: Final = 1e-9
_ROUNDING: Final = 1e-11
_MOST_STEPS: Final = 50  # for each bound; few take more than one


def table_text(function: int, n_inputs: int) -> str:
    """The values of a function in the order of inputs, as 0 and 1."""
    return "".join(str(function >> row & 1) for row in range(1 << n_inputs))


@dataclass(frozen=True)
class Hyperplane:
    """An affine read-out w·h + c.

    Args:
        weights: w, each between −1 and 1.
        constant: c.
        margin: the least distance of w·h + c from 0.
    """

    weights: NDArray[np.float64]
    constant: float
    margin: float


def separation(points: NDArray[np.float64], signs: Sequence[int], least: float) -> Hyperplane | None:
    """The hyperplane with the largest margin that has points on these sides; None where that is ``least`` or less.

    Args:
        points: ``[points, width]``.
        signs: 1 or −1 for each point.
        least: what counts as no margin.
    """
    sides = np.array(signs, dtype=np.float64)
    if len(set(signs)) == 1:  # everything on one side: no margin can be too large, and none is required
        return Hyperplane(np.zeros(points.shape[1]), float(sides[0]), np.inf)
    weights = _widest(points, sides)
    reads = fixed_order.inner(weights[None], points)[0]
    low, high = float(reads[sides < 0].max()), float(reads[sides > 0].min())
    return Hyperplane(weights, -(low + high) / 2, (high - low) / 2) if (high - low) / 2 > least else None


def _widest(points: NDArray[np.float64], sides: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weights of the hyperplane with the largest margin, by the simplex method on a table.

    Weights and the constant are differences of numbers between 0 and 1, and start at 0. Bounds are moved apart by
    little, each by another amount, to choose the next vertex: so none is met twice. The bounds as they are give w.
    """
    n, width = points.shape
    signed = sides[:, None] * np.column_stack([points / (np.abs(points).max() or 1.0), np.full(n, width)])
    size = 2 * width + 2
    table = np.zeros((n + size + 1, size + 3))  # the last row is of the margin, the last columns of the bounds
    table[:n, : size + 1] = np.column_stack([-signed, signed, np.ones(n)])
    table[n:-1, :size], table[n:-1, -2], table[-1, size] = np.eye(size), 1.0, 1.0
    table[:-1, -1] = table[:-1, -2] + _APART * np.sqrt(np.arange(2, n + size + 2))
    free, bound = np.arange(size + 1), np.arange(size + 1, n + 2 * size + 1)
    for _ in range(_MOST_STEPS * len(table)):
        into = int(table[-1, :-2].argmax())
        if table[-1, into] <= _ROUNDING:
            break
        column = table[:, into].copy()
        some = np.flatnonzero(column[:-1] > _ROUNDING)
        out = some[(table[some, -1] / column[some]).argmin()]
        row = table[out] / column[out]
        table -= column[:, None] * row
        table[out], table[:, into] = row, -column / column[out]
        table[out, into] = 1.0 / column[out]
        free[into], bound[out] = bound[out], free[into]
    found = np.zeros(n + 2 * size + 1)
    found[bound] = table[:-1, -2]
    return np.asarray(found[:width] - found[width + 1 : size - 1])


def hidden_layers(question: Question) -> range:
    """The layers that can be probed, from 1."""
    return range(1, len(question.network.sizes) - 1)
