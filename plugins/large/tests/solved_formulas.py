"""Solver's answers about formulas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest

from pluriscope_large.formulas.formula import Formula

pytest.importorskip("z3")
Solver = pytest.importorskip("pysat.solvers").Solver


def solver_of(formula: Formula) -> Any:
    ends = np.flatnonzero(formula.literals == 0)
    return Solver("cadical195", [part[part != 0].tolist() for part in np.split(formula.literals, ends[:-1] + 1)])


def literals_of(formula: Formula, mask: int) -> list[int]:
    """The edges of a circuit, as assumptions."""
    return [k + 1 if int(mask) >> k & 1 else -k - 1 for k in range(formula.n_edges)]


def fulfilled(formula: Formula, masks: Iterable[int]) -> list[bool]:
    """Test which circuits are models."""
    with solver_of(formula) as solver:
        return [solver.solve(literals_of(formula, mask)) for mask in masks]


def models(formula: Formula) -> Iterator[int]:
    """The masks of all models; one that is not determined by its edges comes twice."""
    with solver_of(formula) as solver:
        while solver.solve():
            model = solver.get_model()
            yield sum(1 << k for k, literal in enumerate(model[: formula.n_edges]) if literal > 0)
            solver.add_clause([-literal for literal in model[: formula.n_variables]])
