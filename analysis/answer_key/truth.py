"""The truth about one network under one condition: every valid circuit, or what is proved where they are not listed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from analysis.answer_key.condition import Condition


@dataclass(frozen=True, eq=False)
class Truth:
    """All right answers.

    Args:
        condition: under which.
        n_edges: E, edges (bits) of the network.
        n_valid: how many circuits are valid, exact.
        smallest: s*, the edges of a smallest valid circuit, proved; None where none is valid.
        backbone: mask of the edges that every valid circuit has; of no circuit 0.
        minimal: the valid circuits no proper part of which is valid, ascending; None where they are not known.
        masks: ``[n_valid]`` every valid circuit, ascending; None where they are not listed.
    """

    condition: Condition
    n_edges: int
    n_valid: int
    smallest: int | None
    backbone: int
    minimal: tuple[int, ...] | None
    masks: NDArray[Any] | None
