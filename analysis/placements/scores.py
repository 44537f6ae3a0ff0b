"""The scores of all variables of causal models on sets of places: one table of decisions for a set serves all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.causal_model import CausalModel
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.placements.families import Bounds, Family
from pluriscope.analysis.placements.interchange import AskedModel, Interchange, Places, Table
from pluriscope.analysis.placements.recombination import Recombination
from pluriscope.analysis.placements.report import Map
from pluriscope.analysis.running.work import Work

STAGE: Final = "placements"
MAX_PREDICTIONS: Final = 1 << 25
"""Pairs of rows of all variables that predict different answers: 100 MB."""
_KEPT: Final = 1 << 26  # bytes of tables


@dataclass(frozen=True, eq=False)
class ScoredSet:
    """A set of places with the agreements of all variables.

    Args:
        family: that it is of.
        places: the set.
        agreed, changed_agreed: ``[variables]``.
        gap: as of :class:`pluriscope.analysis.placements.interchange.Table`.
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
        self.joint_left = bounds.all_joint_runs
        self._tables: dict[Places, Table] = {}
        self._room = _KEPT

    @cached_property
    def parts(self) -> Recombination:
        """What is computed from which inputs."""
        return Recombination(self.there, self.table)

    @cached_property
    def _behaviours(self) -> tuple[NDArray[np.intp], NDArray[np.int16], NDArray[np.bool_]]:
        """The number of the behaviour of each variable, and of the different ones the answers ``[behaviours, pairs]``
        with which of them are changed: many models have variables that predict the same.
        """
        different, which = dict[bytes, int](), list[int]()
        kept = list[tuple[NDArray[np.int16], NDArray[np.bool_]]]()
        for asked, name in self.columns:
            expected, changed, _ = asked.expected(name)
            key = sha256(expected.tobytes()).digest()
            if key not in different:
                kept.append((expected.ravel(), changed.ravel()))
                if len(kept) * expected.size > MAX_PREDICTIONS:
                    cause = f"are variables of more than {len(kept) - 1} behaviours on {len(expected):,} rows"
                    raise BeyondLimits("the algorithms", cause, "give fewer, or use a task of fewer rows")
            which.append(different.setdefault(key, len(different)))
        width = self.there.n_rows**2
        return (
            np.array(which, dtype=np.intp),
            np.array([one for one, _ in kept], dtype=np.int16).reshape(-1, width),
            np.array([one for _, one in kept], dtype=np.bool_).reshape(-1, width),
        )

    def table(self, places: Places) -> Table:
        """The decisions under every exchange of a set of places; the first ones made are kept."""
        if places in self._tables:
            return self._tables[places]
        return self._kept(places, self.there.table(places))

    def _kept(self, places: Places, table: Table) -> Table:
        self._room -= table.decided.nbytes
        if self._room > 0:
            self._tables[places] = table
        return table

    def score(self, some: Sequence[Family]) -> None:
        """Score all variables on every set of some families."""
        which, expected, changed = self._behaviours
        sets = [(family, places) for family in some for places in family.sets]
        tables = chain.from_iterable(self.there.tables(family.sets, self.table) for family in some)
        for (family, places), table in zip(self.work.each(STAGE, sets, every=16), tables, strict=True):
            if places not in self._tables:
                self._kept(places, table)
            right = expected == table.pairs.ravel()
            agreed, changed_agreed = (np.count_nonzero(one, axis=1)[which] for one in (right, right & changed))
            mask = footprint(self.there, places)
            self.scored.append(ScoredSet(family, places, agreed, changed_agreed, table.gap, table.digest, mask))


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
