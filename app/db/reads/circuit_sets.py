"""What is stored of the valid circuits of one analysis as a set: their backbone, and how many there are by size."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.circuit_sets.backbone import Backbone, Coverage, backbone_of, coverage_of
from analysis.circuit_sets.chance import KnownSizes
from analysis.circuits.result import CircuitMethod, CircuitSearch
from analysis.networks.circuit import EdgeLayout
from app.db.distributions import distribution_in, smallest_in
from app.db.reads.circuits import masks_of
from app.db.rows import columns_of
from app.db.tables import AnalysisRow


def stored_coverage(row: AnalysisRow) -> Coverage:
    """Which circuits the stored distribution is of."""
    return coverage_of(cast(CircuitMethod, row.circuits_method), row.circuits_truncated_at)


def stored_backbone(row: AnalysisRow) -> Backbone | None:
    """The backbone of the valid circuits, as far as they are known; None of no circuit."""
    return backbone_of(distribution_in(row.distributions), stored_coverage(row))


def search_of(
    row: AnalysisRow,
    layout: EdgeLayout,
    masks: NDArray[Any],
    outputs: NDArray[np.float64],
    margins: NDArray[np.float64],
) -> CircuitSearch:
    """The search that found the circuits of an analysis, with these of them."""
    interval = None
    if row.circuits_low is not None and row.circuits_high is not None:
        interval = (row.circuits_low, row.circuits_high)
    return CircuitSearch(
        layout,
        row.circuits_possible,
        masks,
        outputs,
        margins,
        truncated_at=row.circuits_truncated_at,
        method=cast(CircuitMethod, row.circuits_method),
        count=row.circuits_valid,
        interval=interval,
        confidence=row.circuits_confidence,
        n_tested=row.circuits_tested,
        known_distribution=distribution_in(row.distributions),
        n_drawn=row.distributions.get("drawn"),
        smallest=smallest_in(row.distributions),
    )


def stored_search(session: Session, row: AnalysisRow, layout: EdgeLayout, *, with_masks: bool = True) -> CircuitSearch:
    """The stored circuits of an analysis as the search that found them, without their outputs and margins.

    Args:
        row: the analysis.
        layout: of its network cut to the output.
        with_masks: whether masks are read; without, only what is known of all valid circuits can be asked.
    """
    masks = masks_of(session, row) if with_masks else np.empty(0, dtype=np.uint64)
    return search_of(row, layout, masks, np.empty((len(masks), 0)), np.empty(len(masks)))


def stored_sizes(session: Session, row: AnalysisRow) -> KnownSizes:
    """What is known of the sizes of the valid circuits."""
    coverage = stored_coverage(row)
    listed = () if coverage == "all" else columns_of(session, row, "circuit")["edges"]
    return KnownSizes(
        row.circuits_possible,
        coverage,
        distribution_in(row.distributions).by_edges,
        Counter(listed),
        row.circuits_tested,
        row.circuits_confidence,
        smallest_in(row.distributions),
    )
