"""A condition on circuits, such as at most 20 edges: which circuits meet it, as masks and as clauses of a formula."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Facet:
    """A condition on the circuits of one network.

    Args:
        most_edges: a circuit has at most so many; None for any number.
        keeps: masks; of each a circuit keeps at least one edge. That of a neuron has the edges that lead to it.
    """

    most_edges: int | None = None
    keeps: tuple[int, ...] = ()

    def holds(self, edges: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Decide which circuits, by the edges ``[circuits, edges]`` that they keep, meet the condition,
        ``[circuits]``.
        """
        met = np.ones(len(edges), dtype=np.bool_)
        if self.most_edges is not None:
            met &= edges.sum(axis=1) <= self.most_edges
        for clause in self.clauses:
            met &= edges[:, np.array(clause) - 1].any(axis=1)
        return met

    @property
    def clauses(self) -> Sequence[Sequence[int]]:
        """The sets of edges of which one must be kept, as clauses in which edge k is variable k + 1."""
        return [[bit + 1 for bit in range(mask.bit_length()) if mask >> bit & 1] for mask in self.keeps]
