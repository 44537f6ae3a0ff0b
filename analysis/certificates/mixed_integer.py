"""Piecewise-linear programs over boxes by mixed-integer programming, where bisection does not settle the question.

Each neuron whose sign is open on the box gets a 0/1 variable that says which of its two pieces holds, with bounds from
interval arithmetic (the usual big-M form). To ask whether some point puts each program's value into a given region, the
distance t by which all values clear the regions' ends is maximised:

- t at least the tolerance: the point is looked at with sound bounds, and refutes if they agree;
- no solution with t above minus the tolerance: there is no such point, proved up to the solver's own tolerances;
- anything between, or the node limit reached: undecided.

The solver is HiGHS by way of SciPy. It works in floats: feasible within 1e-7 (its default for rows and integrality is
1e-6 or finer), so the tolerance here is 1e-5 on pre-activations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import scipy  # loads scipy.optimize, of which a server has no use, when it is first asked for
from numpy.typing import NDArray

from analysis.certificates.intervals import Answer, layer_bounds
from analysis.certificates.programs import Program, Region

TOLERANCE: Final = 1e-5
_INFEASIBLE: Final = 2

Array = NDArray[np.float64]


@dataclass
class _Rows:
    """Variables and rows of a mixed-integer programme under construction."""

    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    rows: list[dict[int, float]] = field(default_factory=list)
    row_low: list[float] = field(default_factory=list)
    row_high: list[float] = field(default_factory=list)

    def variable(self, low: float, high: float, *, whole: bool = False) -> int:
        self.low.append(low)
        self.high.append(high)
        self.whole.append(int(whole))
        return len(self.low) - 1

    def row(self, terms: dict[int, float], low: float = -np.inf, high: float = np.inf) -> None:
        self.rows.append(terms)
        self.row_low.append(low)
        self.row_high.append(high)

    def matrix(self) -> Array:
        matrix = np.zeros((len(self.rows), len(self.low)))
        for number, terms in enumerate(self.rows):
            for variable, factor in terms.items():
                matrix[number, variable] += factor
        return matrix


def find_point(
    programs: Sequence[Program], regions: Sequence[Region], low: Array, high: Array, *, node_limit: int
) -> tuple[Answer, tuple[float, ...] | None]:
    """Whether each program's value can lie in its region at one point of the box ``low ≤ z ≤ high``, both ``[free]``.

    Returns:
        "proved" if there is no such point; "refuted" and the point; else "undecided". The point is the solver's; the
        caller must look at it with sound bounds.
    """
    model = _Rows()
    free = [model.variable(one, other) for one, other in zip(low.tolist(), high.tolist(), strict=True)]
    clear = model.variable(-TOLERANCE, 1.0)
    for program, region in zip(programs, regions, strict=True):
        terms, constant = _value(model, program, free, low, high)
        if region.low > -np.inf:
            model.row({**terms, clear: -1.0}, low=region.low - constant)
        if region.high < np.inf:
            model.row({**terms, clear: 1.0}, high=region.high - constant)
    objective = np.zeros(len(model.low))
    objective[clear] = -1.0
    result = scipy.optimize.milp(
        objective,
        integrality=model.whole,
        bounds=scipy.optimize.Bounds(model.low, model.high),
        constraints=scipy.optimize.LinearConstraint(model.matrix(), model.row_low, model.row_high),
        options={"node_limit": node_limit},
    )
    if result.status == _INFEASIBLE:
        return "proved", None
    if result.x is not None and result.x[clear] >= TOLERANCE:
        return "refuted", tuple(np.clip(result.x[free], low, high).tolist())
    return "undecided", None


def _value(
    model: _Rows, program: Program, free: Sequence[int], low: Array, high: Array
) -> tuple[dict[int, float], float]:
    """Adds a program's hidden neurons; its value is a sum of factors times variables, and a constant."""
    slope = program.slope
    if slope is None:
        raise ValueError("mixed-integer programming needs a piecewise-linear program")
    hidden: list[int] = []
    for number, ((k, f, b), (a_low, a_high)) in enumerate(
        zip(program.arrays, layer_bounds(program, low, high), strict=True)
    ):
        sums = [dict(zip([*hidden, *free], [*k[i].tolist(), *f[i].tolist()], strict=True)) for i in range(len(b))]
        if number == len(program.arrays) - 1:
            return sums[0], float(b[0])
        hidden = [
            _neuron(model, terms, float(b[i]), slope, float(a_low[i]), float(a_high[i])) for i, terms in enumerate(sums)
        ]
    raise AssertionError  # a program has at least one layer


def _neuron(model: _Rows, terms: dict[int, float], constant: float, slope: float, low: float, high: float) -> int:
    """A variable that is the activation of ``terms + constant``, which lies between low and high."""
    ends = sorted([low if low > 0 else slope * low, high if high > 0 else slope * high])
    out = model.variable(*ends)

    def minus(factor: float) -> dict[int, float]:
        return {out: 1.0, **{variable: -factor * weight for variable, weight in terms.items()}}

    if low >= 0 or slope == 1:
        model.row(minus(1.0), constant, constant)
    elif high <= 0:
        model.row(minus(slope), slope * constant, slope * constant)
    else:
        above = model.variable(0.0, 1.0, whole=True)
        model.row(minus(1.0), low=constant)
        model.row(minus(slope), low=slope * constant)
        model.row({**minus(slope), above: -(1 - slope) * high}, high=slope * constant)
        model.row({**minus(1.0), above: -(1 - slope) * low}, high=constant - (1 - slope) * low)
    return out
