"""The truth about one network under one condition: every valid circuit, or what is proved where they are not listed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluriscope_bench.key.condition import Condition


@dataclass(frozen=True, eq=False)
class Truth:
    """All right answers.

    A circuit is a mask that pruning leaves as it is, under "strict" and "free" alike as that condition prunes, and V is
    the set of the valid ones. Counts, sizes, backbone, minimal circuits and distances are all about the edges of these;
    a raw mask is held against V by its pruned circuit.

    Args:
        condition: under which.
        n_edges: E, edges (bits) of the network.
        n_valid: how many circuits are valid, exact: the size of V.
        smallest: s*, the edges of a smallest valid circuit, proved; None where none is valid.
        backbone: mask of the edges that every valid circuit has; of no circuit 0.
        minimal: the valid circuits no proper part of which is a valid circuit, ascending; None where they are not
            known.
        masks: ``[n_valid]`` every valid circuit, ascending; None where they are not listed.
        by_size: number of edges → valid circuits, exact, ascending; sizes that no valid circuit has are left out.
    """

    condition: Condition
    n_edges: int
    n_valid: int
    smallest: int | None
    backbone: int
    minimal: tuple[int, ...] | None
    masks: NDArray[Any] | None
    by_size: Mapping[int, int]

    @classmethod
    def of_masks(
        cls, condition: Condition, n_edges: int, masks: NDArray[Any], minimal: NDArray[Any] | None = None
    ) -> Truth:
        """Count the truth from a list of all valid circuits.

        Args:
            masks: ascending.
            minimal: those of them that are, in any order.
        """
        counts = np.bincount(np.bitwise_count(masks)).tolist()
        by_size = {n: count for n, count in enumerate(counts) if count}
        return cls(
            condition,
            n_edges,
            n_valid=len(masks),
            smallest=min(by_size, default=None),
            backbone=int(np.bitwise_and.reduce(masks)) if len(masks) else 0,
            minimal=None if minimal is None else tuple(sorted(minimal.tolist())),
            masks=masks,
            by_size=by_size,
        )
