"""The seam of plugins that count, search and prove with the formula whose models are the valid circuits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pluriscope.analysis.plugins import brought

MISSING: Final = "no plugin that counts by formulas is installed"


@dataclass(frozen=True)
class FormulaSolver:
    """A solver of formulas: its functions, each as "module:function".

    Args:
        obstacle: question → why circuits cannot be counted by hashing, a clause; "" if they can.
        count: question, work, n_draws, seed → a :class:`~pluriscope.analysis.circuits.result.CircuitSearch`.
        bracket: question, work, seed, :class:`~pluriscope.analysis.circuits.facet.Facet` → the
            bracket of those that meet a condition.
        smallest: question, :class:`~pluriscope.analysis.circuits.result.SmallestCircuits`, work → the same with what
            is found beyond a search.
        edge_use: question, masks of valid circuits, work → the edges that all keep and that none does; None where that
            cannot be decided.
    """

    obstacle: str
    count: str
    bracket: str
    smallest: str
    edge_use: str


def formula_solver() -> FormulaSolver | None:
    """The one that a plugin brings, if any does."""
    return next(iter(brought("solvers").values()), None)
