"""The stored circuits of one analysis: some of them by their places, and whole columns of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from pluriscope.analysis.circuits.result import CircuitMethod, CircuitSearch
from pluriscope.analysis.criteria.verdict import OUTCOMES
from pluriscope.analysis.network_files.result_file import read_parts
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.app.db.distributions import distribution_in
from pluriscope.app.db.rows import column_of
from pluriscope.app.db.tables import AnalysisRow, CircuitRow
from pluriscope.app.db.verdicts import NOT_JUDGED, outcomes_of


def masks_of(session: Session, analysis: AnalysisRow) -> NDArray[Any]:
    """The masks of all stored circuits, ascending."""
    masks: NDArray[Any] = column_of(session, analysis, "circuit", "mask")
    return masks


def whole_counts(session: Session, analysis: AnalysisRow, name: str) -> tuple[int, ...]:
    """The interpretations, or observed classes, of every stored circuit, in the order of masks."""
    values = column_of(session, analysis, "circuit", name)
    return tuple(values.tolist() if isinstance(values, np.ndarray) else values)


_LOCATED: Final = text("""
    WITH RECURSIVE span(low, high) AS (
        SELECT CAST(0 AS BIGINT), coalesce(max("position") + 1, 0) FROM circuits WHERE analysis = :analysis
        UNION ALL
        SELECT CASE WHEN mask < :mask THEN "position" + 1 ELSE low END,
            CASE WHEN mask < :mask THEN high ELSE "position" END
        FROM span JOIN circuits ON analysis = :analysis AND "position" = (low + high) / 2
        WHERE low < high
    )
    SELECT place, mask FROM (SELECT max(low) AS place FROM span) AS found
    LEFT JOIN circuits ON analysis = :analysis AND "position" = place
""")
"""The first place with no smaller mask, by halving: nothing says that masks ascend, so a search would read them all."""


def locate_mask(session: Session, analysis_id: int, mask: str) -> tuple[int, bool]:
    """Number of stored masks of an analysis that are smaller, and whether this one is stored."""
    place, found = session.execute(_LOCATED, {"analysis": analysis_id, "mask": mask}).one()
    return place, found == mask


def find_circuit(session: Session, analysis_id: int, mask: str) -> CircuitRow | None:
    """The row of the circuit with this mask; None if it is not stored."""
    position, found = locate_mask(session, analysis_id, mask)
    return session.get_one(CircuitRow, (analysis_id, position)) if found else None


def is_counted(row: AnalysisRow) -> bool:
    """Whether every circuit was judged, so that the stored number and distribution are of all valid ones."""
    return row.circuits_method == "counted" or row.circuits_truncated_at is None


def search_of(row: AnalysisRow, masks: NDArray[Any], layout: EdgeLayout | None = None, **more: Any) -> CircuitSearch:
    """The search that found the circuits of an analysis, with these of them.

    Args:
        layout: of a perceptron.
        more: further fields.
    """
    stored, interval = row.distributions, None
    if row.circuits_low is not None and row.circuits_high is not None:
        interval = (row.circuits_low, row.circuits_high)
    return CircuitSearch(
        layout,
        row.circuits_possible,
        masks,
        truncated_at=row.circuits_truncated_at,
        method=cast(CircuitMethod, row.circuits_method),
        count=row.circuits_valid,
        interval=interval,
        confidence=row.circuits_confidence,
        n_tested=row.circuits_tested,
        known_distribution=distribution_in(stored),
        n_drawn=stored.get("drawn"),
        **read_parts(stored, row.circuits_possible),
        by_size={size: (int(low), int(high)) for size, low, high in stored.get("by_size", ())},
        why=stored.get("why", ""),
        **more,
    )


def stored_search(session: Session, row: AnalysisRow, question: SubjectQuestion) -> CircuitSearch | None:
    """The stored circuits of an analysis as the search that found them, without their outputs and margins; None where
    they were neither searched nor drawn.
    """
    if row.circuits_method == "refused":
        return None
    return search_of(row, masks_of(session, row), getattr(question, "layout", None))


def stored_sizes(session: Session, row: AnalysisRow) -> CircuitSearch:
    """The search for circuits as far as it bounds their sizes: with the listed ones where these say more."""
    return search_of(row, np.empty(0, np.uint64) if is_counted(row) else masks_of(session, row))


def stored_outcomes(session: Session, row: AnalysisRow) -> Callable[[int], Mapping[str, str] | None]:
    """Circuit → the outcomes of criteria that were stored with it, by key; None of one that is not stored."""
    places = {mask: place for place, mask in enumerate(masks_of(session, row).tolist())}
    outcomes = {step.key: codes for step, codes in outcomes_of(session, row, "circuit").items()}

    return partial(_outcomes_at, places, outcomes)  # which is sent to a process


def _outcomes_at(
    places: Mapping[int, int], outcomes: Mapping[str, NDArray[np.uint8]], mask: int
) -> Mapping[str, str] | None:
    if mask not in places:
        return None
    codes = {key: int(own[places[mask]]) for key, own in outcomes.items()}
    return {key: OUTCOMES[code] for key, code in codes.items() if code != NOT_JUDGED}
