"""Stored circuits closest to one and most different from it: one against all by the edges that they share.

Jaccard's index of two circuits is the number of edges that both keep over the number that one of them keeps. The edges
that each stored circuit shares with the given one are counted from which circuits keep an edge, 64 of them at a time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.networks.circuit import MAX_EDGES, EdgeLayout
from app.db.circuit_columns import EDGE_BITS, count_shared, mask_at, nearest_in
from app.db.reads.circuit_scan import locate_mask
from app.db.reads.circuits import StoredCircuit, circuits_at
from app.db.reads.explanation_shelves import CircuitShelf
from app.db.reads.kept_columns import kept_column
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
    closest, farthest = _Least(limit), _Least(limit)
    n_left_out = 0
    for positions, columns in CircuitShelf(session, analysis, "circuit").steps(("edges", EDGE_BITS)):
        kept = columns[EDGE_BITS]
        shared = count_shared(kept, mask, len(positions))
        either = np.add(columns["edges"], mask.bit_count(), dtype=np.int16) - shared
        # fractions of numbers up to 510 that differ do so by more than the rounding of 24 bits
        index = np.divide(shared, either, dtype=np.float32)
        here = _places_of(leave_out, kept, len(positions))
        n_left_out += len(here)
        index[here] = np.nan  # sorts behind everything, in either direction
        closest.add(-index, positions)
        farthest.add(index, positions)
    ends = closest.positions, farthest.positions
    wanted = sorted({*ends[0], *ends[1]})
    rows = dict(zip(wanted, circuits_at(session, analysis, layout, wanted), strict=True))

    def beside(position: int) -> EdgeNeighbour:
        other = int(rows[position].mask, 16)
        return EdgeNeighbour(rows[position], (other & mask).bit_count(), (other | mask).bit_count())

    return EdgeNeighbours(
        tuple(map(beside, ends[0])), tuple(map(beside, ends[1])), analysis.circuits_listed - n_left_out
    )


def _places_of(masks: Collection[int], kept: NDArray[np.uint64], n: int) -> list[int]:
    """Where those of some masks stand that are among circuits in ascending order."""
    at = partial(mask_at, kept)
    first, last = at(0), at(n - 1)
    places = {mask: bisect_left(range(n), mask, key=at) for mask in masks if first <= mask <= last}
    return [place for mask, place in places.items() if at(place) == mask]


class _Least:
    """The positions of the least of all values seen so far, in order, ties by position; NaN is none of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values, self._positions = np.empty(0, dtype=np.float32), np.empty(0, dtype=np.int64)

    @property
    def positions(self) -> list[int]:
        return self._positions.tolist()

    def add(self, values: NDArray[np.float32], positions: range) -> None:
        """See more, at higher positions than all before."""
        full = len(self._values) == self._limit
        chosen = np.flatnonzero(values < (self._values[-1] if full else np.inf))
        if len(chosen) > self._limit:
            some = values[chosen]
            chosen = chosen[some <= np.partition(some, self._limit - 1)[self._limit - 1]]
        values = np.concatenate([self._values, values[chosen]])
        order = np.argsort(values, kind="stable")[: self._limit]
        places = np.concatenate([self._positions, positions.start + chosen])
        self._values, self._positions = values[order], places[order]


def nearest_stored(session: Session, analysis: AnalysisRow, mask: int) -> tuple[int, int] | None:
    """The stored circuit with fewest edges to add or remove, of several the lowest mask, and how many these are.

    Args:
        analysis: whose circuits are looked at.
        mask: the given circuit, stored or not.

    Returns:
        None where no circuit is stored.
    """
    found: tuple[int, int] | None = None
    for positions, columns in CircuitShelf(session, analysis, "circuit").steps((EDGE_BITS,)):
        place, distance = nearest_in(columns[EDGE_BITS], mask, len(positions))
        if found is None or distance < found[1]:
            found = mask_at(columns[EDGE_BITS], place), distance
    return found


def smallest_stored(session: Session, analysis: AnalysisRow) -> str:
    """The lowest mask among the stored circuits with the fewest edges, in hex; "" where none is stored."""
    edges = kept_column(session, analysis, "edges")
    if not len(edges):
        return ""
    return circuits_at(session, analysis, analysis.network.layout, [int(edges.argmin())])[0].mask


def masks_beside(session: Session, analysis: AnalysisRow, mask: int) -> tuple[int | None, int | None]:
    """The stored circuits before and after a circuit, stored or not, by fewest edges, then by mask.

    Args:
        analysis: whose circuits are looked at.
        mask: the given circuit.

    Returns:
        Masks; None where there is none, and in networks of more than 64 edges.
    """
    layout = analysis.network.layout
    if layout.n_edges > MAX_EDGES:
        return None, None
    edges, own = kept_column(session, analysis, "edges"), mask.bit_count()
    position, found = locate_mask(session, analysis.id, layout.to_hex(mask))
    previous = _last(edges[:position] == own)
    if previous is None and (edges < own).any():
        previous = _last(edges == edges[edges < own].max())
    after = position + found
    following = _first(edges[after:] == own, after)
    if following is None and (edges > own).any():
        following = _first(edges == edges[edges > own].min(), 0)
    wanted = sorted({place for place in (previous, following) if place is not None})
    masks = dict(zip(wanted, circuits_at(session, analysis, layout, wanted), strict=True))
    before, behind = (None if place is None else int(masks[place].mask, 16) for place in (previous, following))
    return before, behind


def _first(which: NDArray[np.bool_], start: int) -> int | None:
    """The first position, counted from a start, of which something holds."""
    place = int(which.argmax()) if len(which) else 0
    return start + place if len(which) and which[place] else None


def _last(which: NDArray[np.bool_]) -> int | None:
    """The last position of which something holds."""
    found = _first(which[::-1], 0)
    return None if found is None else len(which) - 1 - found
