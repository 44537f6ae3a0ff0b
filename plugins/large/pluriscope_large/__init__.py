"""Sets of circuits too large to list, as models of a formula: counted by hashing, searched by solvers, with proofs."""

from __future__ import annotations

from typing import Final

from pluriscope.analysis.circuits.formula_solver import FormulaSolver

SOLVER: Final = FormulaSolver(
    obstacle="pluriscope_large.formulas.hashing:obstacle",
    count="pluriscope_large.formulas.hashing:count_by_hashing",
    bracket="pluriscope_large.formulas.hashing:bracket_of",
    smallest="pluriscope_large.formulas.searching:with_solver",
    edge_use="pluriscope_large.formulas.searching:edge_use_of",
)


def load_loops() -> None:
    """Compile what checks proofs, or load it."""
    from pluriscope_large.formulas.refutation import wrong_step

    wrong_step((), (), 0)
