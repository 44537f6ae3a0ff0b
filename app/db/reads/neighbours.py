"""Stored circuits closest to one and most different from it: one against all by the edges that they share.

Jaccard's index of two circuits is the number of edges that both keep over the number that one of them keeps. All stored
masks are one column of 64-bit integers, so a million are compared in some hundredths of a second.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.networks.circuit import EdgeLayout
from app.db.reads.circuit_scan import locate_in
from app.db.reads.circuits import StoredCircuit, circuits_at, whole_column
from app.db.tables import AnalysisRow


@dataclass(frozen=True)
class EdgeNeighbour:
    """A stored circuit beside a given one.

    Args:
        circuit: the stored one.
        shared: edges that both keep.
        either: edges that one of them keeps.
    """

    circuit: StoredCircuit
    shared: int
    either: int


@dataclass(frozen=True)
class EdgeNeighbours:
    """The stored circuits at both ends.

    Args:
        closest: largest index first, ties by mask.
        farthest: smallest index first, ties by mask.
        of: stored circuits that were compared.
    """

    closest: tuple[EdgeNeighbour, ...]
    farthest: tuple[EdgeNeighbour, ...]
    of: int


def neighbours_by_edges(
    session: Session, analysis: AnalysisRow, layout: EdgeLayout, mask: int, leave_out: Collection[int], limit: int
) -> EdgeNeighbours:
    """The stored circuits closest to a circuit and those most different from it.

    Args:
        analysis: whose circuits are looked at.
        layout: of its network.
        mask: the given circuit, stored or not.
        leave_out: masks that are not wanted, the given one among them.
        limit: how many at each end.
    """
    masks = whole_column(session, analysis.id, "mask")
    if not len(masks):
        return EdgeNeighbours((), (), 0)
    kept = np.ones(len(masks), dtype=bool)
    for other in leave_out:
        position, found = locate_in(masks, other)
        if found:
            kept[position] = False
    given = masks.dtype.type(mask)
    shared = np.bitwise_count(masks & given).astype(np.int64)
    either = np.bitwise_count(masks | given).astype(np.int64)
    index = shared / either
    ends = [_first(np.where(kept, -index, np.inf), limit), _first(np.where(kept, index, np.inf), limit)]
    places = [[int(p) for p in end if kept[p]] for end in ends]
    positions = sorted({position for end in places for position in end})
    rows = dict(zip(positions, circuits_at(session, analysis.id, layout, positions), strict=True))
    closest, farthest = (tuple(EdgeNeighbour(rows[p], int(shared[p]), int(either[p])) for p in end) for end in places)
    return EdgeNeighbours(closest, farthest, int(np.count_nonzero(kept)))


def masks_beside(session: Session, analysis: AnalysisRow, mask: int) -> tuple[int | None, int | None]:
    """The stored circuits before and after a circuit, stored or not, by fewest edges, then by mask.

    Args:
        analysis: whose circuits are looked at.
        mask: the given circuit.

    Returns:
        Masks; None where there is none, and in networks of more than 64 edges.
    """
    masks = whole_column(session, analysis.id, "mask")
    if not len(masks) or masks.dtype == object:  # object: more edges than an integer of a column has bits
        return None, None
    given = masks.dtype.type(mask)
    edges, own = np.bitwise_count(masks), mask.bit_count()
    before = (edges < own) | ((edges == own) & (masks < given))
    after = (edges > own) | ((edges == own) & (masks > given))
    previous = masks[before & (edges == edges[before].max())].max() if before.any() else None
    following = masks[after & (edges == edges[after].min())].min() if after.any() else None
    return None if previous is None else int(previous), None if following is None else int(following)


def _first(values: NDArray[np.float64], limit: int) -> NDArray[np.int64]:
    """Positions of the smallest values, in order, ties by position."""
    if len(values) > limit:
        bound = np.partition(values, limit - 1)[limit - 1]
        positions = np.flatnonzero(values <= bound)
    else:
        positions = np.arange(len(values))
    return positions[np.argsort(values[positions], kind="stable")][:limit]
