"""What the funnel of one analysis is made from: the outcomes of the chosen steps, and whose algorithm is whose.

Each function sends a few statements, however many steps are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.criteria.funnel_report import Wanted
from analysis.criteria.interpretation_tallies import Reading
from analysis.criteria.steps import CriterionStep
from app.db.reads.algorithms import places_of_owners
from app.db.reads.circuits import whole_counts
from app.db.reads.verdicts import judged_outcomes
from app.db.rows import columns_of
from app.db.tables import AnalysisRow, VerdictRow
from app.db.verdicts import readings_in, step_of, verdict_rows


def outcomes_of_steps(
    session: Session, analysis: AnalysisRow, wanted: Iterable[Wanted]
) -> dict[Wanted, NDArray[np.uint8]]:
    """The outcomes of some steps, each with its kind, not interpretations; those that are not stored are left out."""
    wanted = set(wanted)
    found: dict[Wanted, NDArray[np.uint8]] = {}
    for kind in {kind for kind, _ in wanted}:
        judged = judged_outcomes(session, analysis, kind).items()
        found |= {(kind, step): outcomes for step, outcomes in judged if (kind, step) in wanted}
    return found


def readings_of_steps(
    session: Session, analysis: AnalysisRow, wanted: Iterable[CriterionStep]
) -> dict[CriterionStep, list[Reading]]:
    """What some steps say of the interpretations of each circuit; those that are not stored are left out."""
    wanted = set(wanted)
    steps = {row.id: step_of(row) for row in verdict_rows(session, analysis) if row.kind == "interpretation"}
    steps = {number: step for number, step in steps.items() if step in wanted}
    if not steps:
        return {}
    sizes = whole_counts(session, analysis, "interpretations"), whole_counts(session, analysis, "observed")
    told = session.execute(select(VerdictRow.id, VerdictRow.by_circuit).where(VerdictRow.id.in_(steps)))
    return {step: readings_in(text, *sizes) for number, text in told if (step := steps[number]) is not None}


def algorithms_of_alignments(session: Session, analysis: AnalysisRow) -> NDArray[np.int64]:
    """``[valid alignments]`` in the order of verdicts: the position of each one's algorithm among the stored ones."""
    valid = np.asarray(columns_of(session, analysis, "alignment", ("algorithm_row_id", "valid"))["valid"])
    positions = np.asarray(columns_of(session, analysis, "algorithm", ("id", "position"))["position"])
    found: NDArray[np.int64] = positions[places_of_owners(session, analysis)[valid]]
    return found


def algorithm_positions(session: Session, analysis: AnalysisRow) -> NDArray[np.int64]:
    """``[algorithms]`` in the order of verdicts: positions, which leave gaps where not every candidate is stored."""
    return np.asarray(columns_of(session, analysis, "algorithm")["position"])


def verdict_contents(session: Session, analysis: AnalysisRow) -> tuple[tuple[int, str], ...]:
    """What all stored verdicts about an analysis say, as digests: equal ones give equal funnels."""
    return tuple((row.id, row.content) for row in verdict_rows(session, analysis))
