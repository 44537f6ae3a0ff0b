"""From an answer to nested masks: edges ranked by their importance, in several drawn orders where some are tied."""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.answer_key.submission import Submission
from analysis.discovery.selection import KEY_DECIMALS, strengths
from analysis.subjects.graph import Graph

N_ORDERS: Final = 20
"""Orders over which the scores of an answer with ties are averaged."""


def importance(submission: Submission, graph: Graph) -> NDArray[np.float64]:
    """``[edges]`` how important an answer calls each edge, larger first.

    Scores are shares of the largest magnitude, rounded to 9 decimals. An edge of a mask has 1, another 0; an edge of a
    family has the share of the members that keep it.
    """
    if submission.scores is not None:
        shares: NDArray[np.float64] = np.round(strengths(-np.array(submission.scores), signed=True), KEY_DECIMALS)
        return shares
    members = nested(submission, graph)[0]
    kept: NDArray[np.float64] = graph.bits(members).sum(axis=0) / len(members)
    return kept


def orders(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """``[orders, edges]`` the edges from the most important on: 20 seeded orders where some are equal, else the one."""
    drawn = _drawn(len(values))[: N_ORDERS if len(np.unique(values)) < len(values) else 1]
    return np.array([np.lexsort((places, -values)) for places in drawn])


def nested(submission: Submission, graph: Graph) -> tuple[tuple[int, ...], ...]:
    """The raw masks of an answer, ascending: for each order of its scores the beginnings from none of the edges to all
    of them, else its family, or its mask alone.
    """
    if submission.mask is not None:
        return ((submission.mask,),)
    if submission.family is not None:
        return (submission.family,)
    ranked = orders(importance(submission, graph)).tolist()
    return tuple(tuple(accumulate((1 << edge for edge in order), initial=0)) for order in ranked)


@lru_cache(maxsize=64)
def _drawn(n_edges: int) -> NDArray[np.intp]:
    """``[orders, edges]`` the place of each edge in drawn orders."""
    return np.array([np.random.Generator(np.random.PCG64(seed)).permutation(n_edges) for seed in range(N_ORDERS)])
