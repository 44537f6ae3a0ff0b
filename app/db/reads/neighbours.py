"""Stored circuits beside a given one: those before and after it in order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.networks.circuit import MAX_EDGES
from app.db.reads.circuits import circuits_at, locate_mask
from app.db.rows import columns_of
from app.db.tables import AnalysisRow


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
    edges, own = _edges(session, analysis), mask.bit_count()
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


def _edges(session: Session, analysis: AnalysisRow) -> NDArray[np.int64]:
    return np.asarray(columns_of(session, analysis, "circuit")["edges"])


def _first(which: NDArray[np.bool_], start: int) -> int | None:
    """The first position, counted from a start, of which something holds."""
    place = int(which.argmax()) if len(which) else 0
    return start + place if len(which) and which[place] else None


def _last(which: NDArray[np.bool_]) -> int | None:
    """The last position of which something holds."""
    found = _first(which[::-1], 0)
    return None if found is None else len(which) - 1 - found
