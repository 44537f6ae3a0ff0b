"""What a search for circuits found: those listed, or what is known of those that are counted or estimated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.distribution import CircuitDistribution, distribution_of
from analysis.networks.circuit import MAX_EDGES, EdgeLayout

FRAGILE_MARGIN: Final = 1e-6
CircuitMethod = Literal["listed", "counted", "estimated"]


@dataclass(frozen=True)
class SmallestCircuits:
    """The smallest valid circuits that were found where not every valid one is listed.

    Args:
        masks: fewest edges first, ties by mask.
        proved: whether no valid circuit that is left out has fewer edges than one of these.
        searched_up_to: no valid circuit with at most so many edges is unknown, apart from ties beyond those kept.
        n_tried: circuits judged in order of size.
        n_descended: circuits tried in a descent from larger ones.
        undrawn: those of ``masks`` that no draw hit, ascending: every other listed circuit was drawn uniformly.
    """

    masks: tuple[int, ...]
    proved: bool
    searched_up_to: int
    n_tried: int
    n_descended: int = 0
    undrawn: tuple[int, ...] = ()

    @property
    def n_edges(self) -> int | None:
        """Edges of the smallest; None if no valid circuit was found."""
        return self.masks[0].bit_count() if self.masks else None


@dataclass(frozen=True)
class CircuitSearch:
    """The valid circuits of one output, listed or told by their number.

    Args:
        layout: edge layout of the network cut to the output.
        possible: circuits of the protocol's space, all of them judged if listed (unless truncated) or counted.
        masks: ``[listed]``, ascending, as :func:`~analysis.networks.circuit.mask_array` gives them: every valid circuit
            if ``truncated_at`` is None; else the first ones that a listing found, or distinct ones drawn uniformly and
            the smallest where they were counted or estimated.
        outputs: ``[listed, 2^n]`` output of each of these on the data record's representatives.
        margins: ``[listed]`` smallest distance of any tested output from the decision's edge.
        truncated_at: circuits kept when a limit was reached, else None.
        method: how their number was found: by listing them, exactly without listing, or from a uniform sample.
        count: valid circuits: exact unless estimated or a listing was truncated; −1 stands for as many as are listed.
        interval: an estimate's numbers of valid circuits, both ends included; None otherwise.
        confidence: with which the interval holds the truth; None without one.
        n_tested: circuits judged, those of an estimate with repetition; None if that was not told.
        known_distribution: None to read it off the masks.
        n_drawn: listed circuits that were drawn, where they were counted or estimated; None if that was not told.
        smallest: the smallest valid circuits, which are listed too; None where every valid circuit is listed, and where
            none were looked for.
    """

    layout: EdgeLayout
    possible: int
    masks: NDArray[Any]
    outputs: NDArray[np.float64]
    margins: NDArray[np.float64]
    truncated_at: int | None = None
    method: CircuitMethod = "listed"
    count: int = -1
    interval: tuple[int, int] | None = None
    confidence: float | None = None
    n_tested: int | None = None
    known_distribution: CircuitDistribution | None = None
    n_drawn: int | None = None
    smallest: SmallestCircuits | None = None

    def __post_init__(self) -> None:
        if self.count < 0:
            object.__setattr__(self, "count", len(self.masks))
        if self.layout.n_edges > MAX_EDGES:  # also an empty list, which is combined with masks that are longer
            object.__setattr__(self, "masks", self.masks.astype(object))

    @property
    def n_valid(self) -> int:
        return self.count

    @property
    def n_listed(self) -> int:
        """Circuits in ``masks``."""
        return len(self.masks)

    @cached_property
    def distribution(self) -> CircuitDistribution:
        """Sizes and use of edges and neurons, of the circuits that ``distribution.of`` counts."""
        return self.known_distribution or distribution_of(self.masks, self.layout)
