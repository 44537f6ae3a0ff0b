"""Stored circuits beside a given one: those before and after it in order."""

from __future__ import annotations

import numpy as np
from sqlalchemy.orm import Session

from analysis.networks.circuit import MAX_EDGES
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
    if analysis.network.layout.n_edges > MAX_EDGES:
        return None, None
    columns = columns_of(session, analysis, "circuit", ("mask", "edges"))
    masks, edges = np.asarray(columns["mask"]), np.asarray(columns["edges"])
    size, given = mask.bit_count(), np.uint64(mask)
    before = np.flatnonzero((edges < size) | (edges == size) & (masks < given))
    after = np.flatnonzero((edges > size) | (edges == size) & (masks > given))  # masks ascend
    previous = before[edges[before] == edges[before].max()][-1:] if len(before) else before
    following = after[edges[after] == edges[after].min()][:1] if len(after) else after
    first, last = (int(masks[place[0]]) if len(place) else None for place in (previous, following))
    return first, last
