"""How well rows of numbers tell two kinds of networks apart: ridge regression by nested cross-validation.

1. The numbers, as they are (linear) or with all products of two of them (quadratic), are scaled to mean 0 and deviation
   1 over the training part; those that do not vary there are left out.
2. Ridge regression (Hoerl and Kennard 1970) of ±1 on them, in closed form from the rows' products; the sign tells.
3. The penalty is the one that tells most rows of the training part right by five folds of its own, the larger one of
   equals; the outer folds are told by regressions that have not seen them.

Folds take the rows of each kind by turns, so nothing is drawn.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

FOLDS: Final = 5
PENALTIES: Final = tuple(10.0**power for power in range(2, -6, -1))
"""Of the squared slopes, in units of rows times columns; the largest first."""
_STILL: Final = 1e-12  # a deviation below this much of the largest number is rounding

Array = NDArray[np.float64]


def told(numbers: Array, labels: NDArray[np.bool_], *, quadratic: bool) -> NDArray[np.bool_]:
    """``[rows]`` what each row is told to be by a regression on other rows.

    Args:
        numbers: ``[rows, columns]``.
        labels: ``[rows]``, both kinds among them.
        quadratic: whether products of two columns take part.
    """
    found = np.zeros(len(labels), dtype=bool)
    fold = folds_of(labels)
    for number in range(FOLDS):
        train, test = fold != number, fold == number
        penalty = _best_penalty(numbers[train], labels[train], quadratic)
        scores = _scores(numbers[train], labels[train], numbers[test], (penalty,), quadratic)
        found[test] = scores[0] > 0.0
    return found


def folds_of(labels: NDArray[np.bool_]) -> NDArray[np.int64]:
    """``[rows]`` the fold of each row: rows of one kind by turns, in their order."""
    fold = np.zeros(len(labels), dtype=np.int64)
    for kind in (False, True):
        rows = np.flatnonzero(labels == kind)
        fold[rows] = np.arange(len(rows)) % FOLDS
    return fold


def _best_penalty(numbers: Array, labels: NDArray[np.bool_], quadratic: bool) -> float:
    fold, right = folds_of(labels), np.zeros(len(PENALTIES), dtype=np.int64)
    for number in range(FOLDS):
        train, test = fold != number, fold == number
        scores = _scores(numbers[train], labels[train], numbers[test], PENALTIES, quadratic)
        right += ((scores > 0.0) == labels[test]).sum(axis=1)
    return PENALTIES[int(np.argmax(right))]


def _scores(
    train: Array, labels: NDArray[np.bool_], test: Array, penalties: tuple[float, ...], quadratic: bool
) -> Array:
    """``[penalties, rows]`` what regressions on some rows say of others; above 0 where they tell the true kind."""
    known, asked = _scaled(train, test)
    if quadratic:
        known, asked = _scaled(_with_products(known), _with_products(asked))
    target = np.where(labels, 1.0, -1.0)
    middle = target.mean()
    size = max(1, known.shape[1])
    values, vectors = np.linalg.eigh(known @ known.T / size)
    turned = vectors.T @ (target - middle)
    across = asked @ known.T / size @ vectors
    return np.array([across @ (turned / (values + penalty * len(labels))) + middle for penalty in penalties])


def _scaled(train: Array, test: Array) -> tuple[Array, Array]:
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    varies = deviation > _STILL * np.maximum(1.0, np.abs(train).max(axis=0))
    mean, deviation = mean[varies], deviation[varies]
    return (train[:, varies] - mean) / deviation, (test[:, varies] - mean) / deviation


def _with_products(rows: Array) -> Array:
    first, second = np.triu_indices(rows.shape[1])
    return np.hstack([rows, rows[:, first] * rows[:, second]])
