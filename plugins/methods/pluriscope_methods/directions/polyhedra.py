"""Whether linear inequalities have a common solution, proved without rounding where they have none.

A linear programme in floats (HiGHS by way of SciPy) looks for the point that clears all inequalities by the most. If
there is none, its multipliers say which few inequalities contradict each other; that contradiction (Farkas' lemma) is
then checked in exact rational arithmetic, so "none" never rests on a tolerance of the solver.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.numerics import fixed_order

Existence = Literal["some", "none", "undecided"]

CLEARANCE: Final = 1e-9  # a point must clear the inequalities by so much to count as found
_MULTIPLIER: Final = 1e-7


@dataclass(frozen=True)
class Inequality:
    """``factors · z + constant ≤ 0``, or < 0 if it is strict; exact."""

    factors: tuple[Fraction, ...]
    constant: Fraction
    strict: bool

    @property
    def holds(self) -> bool:
        """Whether it holds where z does not occur."""
        return self.constant < 0 or (self.constant == 0 and not self.strict)


def common_point(inequalities: Sequence[Inequality], dimension: int) -> tuple[Existence, NDArray[np.float64] | None]:
    """A point at which all inequalities hold.

    Args:
        inequalities: any number.
        dimension: of z, at least 1.

    Returns:
        "some" and a point that clears them all, of few digits where it can be; "none", proved; or "undecided" where
        neither was reached.
    """
    rows = []
    for inequality in inequalities:
        if any(inequality.factors):
            rows.append(inequality)
        elif not inequality.holds:
            return "none", None
    if not rows:
        return "some", np.zeros(dimension)
    factors = np.array([[float(f) for f in row.factors] for row in rows])
    lengths = np.array([fixed_order.length(row) for row in factors])
    if not (lengths > 0).all() or not np.isfinite(factors).all():
        return "undecided", None
    bounds = -np.array([float(row.constant) for row in rows]) / lengths
    matrix = np.column_stack([factors / lengths[:, None], np.ones(len(rows))])
    objective = np.zeros(dimension + 1)
    objective[-1] = -1.0
    from scipy.optimize import linprog  # of which a server has no use

    result = linprog(
        objective, A_ub=matrix, b_ub=bounds, bounds=[(None, None)] * dimension + [(None, 1.0)], method="highs-ds"
    )
    if result.status != 0:
        return "undecided", None
    if result.x[-1] > CLEARANCE:
        return "some", _plainest(result.x[:-1], rows, lengths, float(result.x[-1]) / 2)
    multipliers = -np.asarray(result.ineqlin.marginals)
    used = np.flatnonzero(multipliers > _MULTIPLIER)
    return ("none" if contradict([rows[i] for i in used]) else "undecided"), None


def _plainest(
    point: NDArray[np.float64], rows: Sequence[Inequality], lengths: NDArray[np.float64], room: float
) -> NDArray[np.float64]:
    """The point with the fewest digits behind the decimal point that still clears every inequality by so much.

    What a solver returns is a vertex up to its rounding errors; the digits that are left out are those that carry them.
    """
    for digits in (0, 1, 2, 3, 6, 9):
        plain = np.round(point, digits) + 0.0
        exact = [Fraction(x) for x in plain.tolist()]
        if all(
            sum((f * x for f, x in zip(row.factors, exact, strict=True)), row.constant) <= -room * size
            for row, size in zip(rows, lengths.tolist(), strict=True)
        ):
            return plain
    return point


def contradict(rows: Sequence[Inequality]) -> bool:
    """Whether some nonnegative combination of these inequalities reads 0 < 0 or worse, in exact arithmetic.

    True is a proof. False is none: the combination is looked for only where the factors have a single dependence, as
    those that a solver's vertex uses have.
    """
    if not rows:
        return False
    combination = _dependence([row.factors for row in rows])
    if combination is None:
        return False
    for signed in (combination, [-weight for weight in combination]):
        if min(signed) >= 0:
            total = sum((weight * row.constant for weight, row in zip(signed, rows, strict=True)), Fraction(0))
            strict = any(row.strict and weight > 0 for weight, row in zip(signed, rows, strict=True))
            if total > 0 or (total == 0 and strict):
                return True
    return False


def _dependence(vectors: Sequence[Sequence[Fraction]]) -> list[Fraction] | None:
    """Weights, not all 0, with which the vectors sum to 0, if there is one choice of them up to a factor."""
    n = len(vectors)
    matrix = [[vector[axis] for vector in vectors] for axis in range(len(vectors[0]))]
    pivots: list[int] = []
    for column in range(n):
        at = len(pivots)
        row = next((i for i in range(at, len(matrix)) if matrix[i][column] != 0), None)
        if row is None:
            continue
        matrix[at], matrix[row] = matrix[row], matrix[at]
        scale = matrix[at][column]
        matrix[at] = [value / scale for value in matrix[at]]
        for i in range(len(matrix)):
            if i != at and matrix[i][column] != 0:
                factor = matrix[i][column]
                matrix[i] = [value - factor * pivot for value, pivot in zip(matrix[i], matrix[at], strict=True)]
        pivots.append(column)
    free = [column for column in range(n) if column not in pivots]
    if len(free) != 1:
        return None
    weights = [Fraction(0)] * n
    weights[free[0]] = Fraction(1)
    for row, column in enumerate(pivots):
        weights[column] = -matrix[row][free[0]]
    return weights
