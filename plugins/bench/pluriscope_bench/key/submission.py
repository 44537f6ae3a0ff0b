"""Checked answers of methods about one network: scores, a mask or a nested family; and their rankings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.discovery.selection import KEY_DECIMALS, strengths
from pluriscope.analysis.subjects.graph import Graph

N_ORDERS: Final = 20
"""Orders over which the scores of an answer with ties are averaged."""
Track = Literal["gradients", "runs", "validity"]
TRACKS: Final[tuple[Track, ...]] = ("gradients", "runs", "validity")
"""What a method may ask, each also what those before it may."""
Outcome = Literal["answered", "raised", "timeout", "memory", "unreadable", "beyond-track", "not-offered"]


@dataclass(frozen=True)
class Calls:
    """Counts of the questions that a method asked.

    Args:
        gradients: derivatives that were taken, one for each backward pass over all rows.
        runs: circuits that were run over all rows.
        validity: circuits whose validity was asked.
    """

    gradients: int = 0
    runs: int = 0
    validity: int = 0

    @property
    def track(self) -> Track:
        """The first track that allows what was asked."""
        return "validity" if self.validity else "runs" if self.runs else "gradients"


@dataclass(frozen=True)
class Submission:
    """Answer of a method; exactly one of scores, mask and family is there if the outcome is "answered", else none.

    Args:
        outcome: what became of the method on this network.
        message: why, where it did not answer; a sentence.
        scores: one for each edge, larger is more important.
        mask: edges of the circuit that it answers with.
        family: nested masks, ascending, each a part of the next.
        own: the circuit at the method's own operating point, where it has one beside its scores.
        calls: how often it asked.
        seconds: that it took.
    """

    outcome: Outcome
    message: str = ""
    scores: tuple[float, ...] | None = None
    mask: int | None = None
    family: tuple[int, ...] | None = None
    own: int | None = None
    calls: Calls = Calls()
    seconds: float = 0.0

    def importance(self, graph: Graph) -> NDArray[np.float64]:
        """``[edges]`` how important the answer calls each edge, larger first.

        Scores are shares of the largest magnitude, rounded to 9 decimals. An edge of a mask has 1, another 0; an edge
        of a family has the share of the members that keep it.
        """
        if self.scores is not None:
            shares: NDArray[np.float64] = np.round(strengths(-np.array(self.scores), signed=True), KEY_DECIMALS)
            return shares
        members = self.families(graph)[0]
        kept: NDArray[np.float64] = graph.bits(members).sum(axis=0) / len(members)
        return kept

    def families(self, graph: Graph) -> tuple[tuple[int, ...], ...]:
        """The raw masks of the answer, ascending: for each order of its scores the beginnings from none of the edges to
        all of them, else its family, or its mask alone.
        """
        if self.mask is not None:
            return ((self.mask,),)
        if self.family is not None:
            return (self.family,)
        ranked = orders(self.importance(graph)).tolist()
        return tuple(tuple(accumulate((1 << edge for edge in order), initial=0)) for order in ranked)


def orders(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """``[orders, edges]`` the edges from the most important on: 20 seeded orders where some are equal, else the one."""
    drawn = _drawn(len(values))[: N_ORDERS if len(np.unique(values)) < len(values) else 1]
    return np.array([np.lexsort((places, -values)) for places in drawn])


@lru_cache(maxsize=64)
def _drawn(n_edges: int) -> NDArray[np.intp]:
    """``[orders, edges]`` the place of each edge in drawn orders."""
    return np.array([np.random.Generator(np.random.PCG64(seed)).permutation(n_edges) for seed in range(N_ORDERS)])
