"""The scores of all variables of causal models on sets of places: one table of decisions for a set serves all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.causal_model import CausalModel
from pluriscope.analysis.alignments.on_sites import AskedModel, Interchange, Places, Table
from pluriscope.analysis.placements.families import Bounds, Family
from pluriscope.analysis.placements.recombination import Recombination
from pluriscope.analysis.placements.report import Map
from pluriscope.analysis.running.work import Work

STAGE: Final = "placements"
_KEPT: Final = 1 << 28  # bytes of tables


@dataclass(frozen=True, eq=False)
class ScoredSet:
    """A set of places with the agreements of all variables.

    Args:
        family: that it is of.
        places: the set.
        agreed, changed_agreed: ``[variables]``.
        gap: the smallest distance of the two largest outputs in any run.
        digest: of its decisions.
        mask: its coordinates as bits.
    """

    family: Family
    places: Places
    agreed: NDArray[np.int64]
    changed_agreed: NDArray[np.int64]
    gap: float
    digest: str
    mask: int

    @cached_property
    def condition(self) -> float:
        """The largest condition number of its places."""
        return max(one.condition for one in self.places)

    @cached_property
    def map(self) -> Map:
        """What of the places is exchanged."""
        directions = [one.directions for one in self.places if one.directions is not None]
        return "coordinates" if not directions else "oblique" if any(one.swaps for one in directions) else "orthogonal"


class Search:
    """The scores of all variables of some causal models on sets of places.

    Args:
        there: the network on the rows of its task.
        models: that compute the task.
        bounds: of the search.
        work: reports :data:`STAGE`; may cancel.
    """

    def __init__(self, there: Interchange, models: Sequence[CausalModel], bounds: Bounds, work: Work) -> None:
        self.there, self.bounds, self.work = there, bounds, work
        self.asked = [AskedModel(model, there.inputs) for model in models]
        self.columns = [(one, name) for one in self.asked for name in one.model.variables]
        self.scored: list[ScoredSet] = []
        self._tables: dict[Places, Table] = {}
        self._room = _KEPT

    @cached_property
    def parts(self) -> Recombination:
        """What is computed from which inputs."""
        return Recombination(self.there)

    def table(self, places: Places) -> Table:
        """The decisions under every exchange of a set of places; the first ones made are kept."""
        if places in self._tables:
            return self._tables[places]
        found = self.there.table(places)
        self._room -= found.decided.nbytes
        if self._room > 0:
            self._tables[places] = found
        return found

    def score(self, some: Sequence[Family]) -> None:
        """Score all variables on every set of some families."""
        sets = [(family, places) for family in some for places in family.sets]
        for family, places in self.work.each(STAGE, sets, every=16):
            table = self.table(places)
            mask = footprint(self.there, places)
            scores = [one.score(name, table) for one, name in self.columns]
            agreed, changed = (np.array([getattr(one, key) for one in scores]) for key in ("agreed", "changed_agreed"))
            self.scored.append(ScoredSet(family, places, agreed, changed, table.gap, table.digest, mask))


def footprint(there: Interchange, places: Places) -> int:
    """The coordinates of places as bits of a number."""
    found, offset = 0, 0
    sites = {one.site for one in places}
    for site, values in there.clean.items():
        _, positions, width = values.shape
        for one in places if site in sites else ():
            if one.site == site:
                bits = (1 << width) - 1 if one.coordinates is None else sum(1 << k for k in one.coordinates)
                for at in range(positions) if one.at is None else (one.at,):
                    found |= bits << (offset + at * width)
        offset += positions * width
    return found
