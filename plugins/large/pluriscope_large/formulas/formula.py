"""A propositional formula that holds for exactly the circuits that are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.values.digest import sha256_hex


@dataclass(frozen=True, eq=False)
class Formula:
    """Clauses in conjunctive normal form over the edges of a network and what follows from them.

    Variables 1 … ``n_edges`` are the edges in the order of mask bits: variable k + 1 is true where bit k is kept. Every
    other variable is determined by these, so that each circuit is one model.

    Args:
        n_edges: bits of a mask.
        n_variables: the edges and all others.
        literals: ``[literals]`` of all clauses as DIMACS writes them, each clause ended by 0.
    """

    n_edges: int
    n_variables: int
    literals: NDArray[np.int32]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of :attr:`dimacs`."""
        return sha256_hex(self.dimacs.encode())

    @property
    def clauses(self) -> list[list[int]]:
        """The literals of each clause."""
        ends = np.flatnonzero(self.literals == 0)
        return [part[:-1].tolist() for part in np.split(self.literals, ends + 1)[:-1]]

    @property
    def n_clauses(self) -> int:
        return int(np.count_nonzero(self.literals == 0))

    @cached_property
    def dimacs(self) -> str:
        """The formula as a file of DIMACS, the edges named as those that models are counted by."""
        clauses = (" ".join(map(str, (*clause, 0))) for clause in self.clauses)
        shown = " ".join(map(str, range(1, self.n_edges + 1)))
        return "\n".join((f"p cnf {self.n_variables} {self.n_clauses}", f"c p show {shown} 0", *clauses, ""))

    def with_clauses(self, clauses: Iterable[Sequence[int]], n_more: int = 0) -> Formula:
        """Add clauses over ``n_more`` further variables that the edges determine."""
        more = [literal for clause in clauses for literal in (*clause, 0)]
        literals = np.concatenate([self.literals, np.array(more, dtype=np.int32)])
        return Formula(self.n_edges, self.n_variables + n_more, literals)
