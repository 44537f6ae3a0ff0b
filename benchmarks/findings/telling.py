"""How well rows of numbers tell two kinds of networks apart: ridge regression by nested cross-validation.

1. The numbers are scaled to mean 0 and deviation 1 over the training part; those that do not vary there are left out.
2. Ridge regression (Hoerl and Kennard 1970) of ±1 on them, as they are or through the kernel exp(−g d²), d² the squared
   distance over the number of columns; in closed form from the rows' products. The sign tells.
3. Penalty and g are those that tell most rows of the training part right by five folds of its own, of equals the
   smaller g, then the larger penalty; the outer folds are told by regressions that have not seen them.

Folds take the rows of each kind by turns, so nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

FOLDS: Final = 5
PENALTIES: Final = tuple(10.0**power for power in range(2, -6, -1))
"""Of the squared slopes, in units of rows; the largest first."""
LINE: Final = (None,)
KERNELS: Final = tuple(4.0**power for power in range(-3, 3))
"""The g of kernels, the smoothest first."""
_STILL: Final = 1e-12  # a deviation below this much of the largest number is rounding

Array = NDArray[np.float64]
Kernels = Sequence[float | None]
"""What is chosen among: each a g, or None for the numbers as they are."""


def told(numbers: Array, labels: NDArray[np.bool_], kernels: Kernels) -> NDArray[np.bool_]:
    """``[rows]`` what each row is told to be by a regression on other rows.

    Args:
        numbers: ``[rows, columns]``.
        labels: ``[rows]``, both kinds among them.
        kernels: at least one.
    """
    found = np.zeros(len(labels), dtype=bool)
    fold = folds_of(labels)
    for number in range(FOLDS):
        train, test = fold != number, fold == number
        kernel, penalty = _best(numbers[train], labels[train], kernels)
        scores = _scores(numbers[train], labels[train], numbers[test], kernel, (penalty,))
        found[test] = scores[0] > 0.0
    return found


def folds_of(labels: NDArray[np.bool_]) -> NDArray[np.int64]:
    """``[rows]`` the fold of each row: rows of one kind by turns, in their order."""
    fold = np.zeros(len(labels), dtype=np.int64)
    for kind in (False, True):
        rows = np.flatnonzero(labels == kind)
        fold[rows] = np.arange(len(rows)) % FOLDS
    return fold


def _best(numbers: Array, labels: NDArray[np.bool_], kernels: Kernels) -> tuple[float | None, float]:
    fold, right = folds_of(labels), np.zeros((len(kernels), len(PENALTIES)), dtype=np.int64)
    for number in range(FOLDS):
        train, test = fold != number, fold == number
        for place, kernel in enumerate(kernels):
            scores = _scores(numbers[train], labels[train], numbers[test], kernel, PENALTIES)
            right[place] += ((scores > 0.0) == labels[test]).sum(axis=1)
    place, at = divmod(int(np.argmax(right)), len(PENALTIES))
    return kernels[place], PENALTIES[at]


def _scores(
    train: Array, labels: NDArray[np.bool_], test: Array, kernel: float | None, penalties: Sequence[float]
) -> Array:
    """``[penalties, rows]`` what regressions on some rows say of others; above 0 where they tell the true kind."""
    known, asked = _scaled(train, test)
    target = np.where(labels, 1.0, -1.0)
    middle = target.mean()
    values, vectors = np.linalg.eigh(_alike(known, known, kernel))
    turned = vectors.T @ (target - middle)
    across = _alike(asked, known, kernel) @ vectors
    return np.array([across @ (turned / (values + penalty * len(labels))) + middle for penalty in penalties])


def _alike(rows: Array, others: Array, kernel: float | None) -> Array:
    """``[rows, others]`` products over the number of columns, or the kernel of distances."""
    size = max(1, rows.shape[1])
    products: Array = rows @ others.T / size
    if kernel is None:
        return products
    squares = [(one * one).sum(axis=1) / size for one in (rows, others)]
    return np.asarray(np.exp(-kernel * np.maximum(0.0, squares[0][:, None] + squares[1] - 2.0 * products)))


def _scaled(train: Array, test: Array) -> tuple[Array, Array]:
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    varies = deviation > _STILL * np.maximum(1.0, np.abs(train).max(axis=0))
    mean, deviation = mean[varies], deviation[varies]
    return (train[:, varies] - mean) / deviation, (test[:, varies] - mean) / deviation
