"""What criteria are given to judge circuits of a model of any kind: their masks, and how any mask is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.work import DEFAULT_WORK, Work

Masks = NDArray[np.bool_]
Array = NDArray[np.float64]
Roles = tuple[Masks, Masks]
"""Which roles nodes have: in the whole model ``[roles, nodes]``, and in each circuit ``[circuits, roles, nodes]``."""
SPENT: Final = "The runs that one criterion may take were spent on smaller circuits."
"""Why a circuit beyond the limit is undecided."""


@dataclass(frozen=True, eq=False)
class CutContext:
    """Valid circuits of one model under one set of rules, to be judged.

    Args:
        masks: ``[circuits, bits]``, those with the fewest bits first.
        max_wrong: rows on which a valid circuit may be wrong.
        n_rows: rows of the task.
        margins: ``[circuits]`` the smallest distance of a gap from 0.
        minimal: ``[circuits]`` 1 where no valid circuit has a proper subset of the bits, 0 where one has, NaN unknown.
        fewest: bits of the smallest valid circuit of the model; None if that is not known.
        whole: outputs of the whole model ``[rows, outputs]``.
        outputs: masks → outputs ``[masks, rows, outputs]``, with what is cut carrying what the rules say.
        gaps: outputs → by how much the right one is above the largest other, ``[masks, rows]``.
        outputs_from: masks and a row → outputs where what is cut carries what it does in the whole model on that row;
            None where the kind of model has no such run.
        valid: masks → whether the circuit that each means is valid.
        listed: whether ``valid`` only looks that up among all valid circuits, instead of running masks.
        active: ``[circuits, nodes]`` the removable nodes that take part.
        roles: of those nodes; None where finding them takes too long, or the kind knows none.
        batch: masks that are run at once.
        runs: masks that one criterion may run on all rows; circuits beyond that stay undecided.
        work: told how far long criteria are.
    """

    masks: Masks
    max_wrong: int
    n_rows: int
    margins: Array
    minimal: Array
    fewest: int | None
    whole: Array
    outputs: Callable[[Masks], Array]
    gaps: Callable[[Array], Array]
    outputs_from: Callable[[Masks, int], Array] | None
    valid: Callable[[Masks], NDArray[np.bool_]]
    listed: bool
    active: Masks
    roles: Roles | None
    batch: int
    runs: int
    work: Work = DEFAULT_WORK

    def __len__(self) -> int:
        return len(self.masks)

    def n_wrong(self, outputs: Array) -> NDArray[np.int64]:
        """On how many rows each of some outputs ``[masks, rows, outputs]`` is wrong."""
        wrong: NDArray[np.int64] = (self.gaps(outputs) <= 0).sum(axis=1)
        return wrong

    def within(self, runs: NDArray[np.int64]) -> int:
        """How many of the circuits, from the first, a criterion can decide that needs so many runs of each."""
        return len(runs) if self.listed else int(np.searchsorted(np.cumsum(runs), self.runs, side="right"))

    def batches(self, n: int) -> Iterator[NDArray[np.intp]]:
        """The positions of the first so many circuits, some at a time."""
        for start in range(0, n, self.batch):
            self.work.check()
            yield np.arange(start, min(start + self.batch, n))
