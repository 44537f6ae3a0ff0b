"""Stored verdicts: which criteria have been computed, how many explanations pass, which of them, in any combination.

Explanations stand in the store's order: circuits by ascending mask; algorithms by position; valid alignments by row.
:func:`count_of` counts them. Interpretations are not listed; for them every circuit has exact numbers, see
:mod:`pluriscope.analysis.criteria.interpretation_tallies`.

To survive is to pass. Failed, undecided and not applicable explanations do not, and every count has them apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pluriscope.analysis.criteria.criterion import KINDS, Kind
from pluriscope.analysis.criteria.judging import budget_that_ended
from pluriscope.analysis.criteria.registry import EVERY
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.criteria.verdict import OUTCOMES, Outcome
from pluriscope.analysis.results.result import CriterionTally
from pluriscope.app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow
from pluriscope.app.db.verdicts import LETTERS, NOT_JUDGED, outcomes_of, step_of, verdict_rows

_ORDER = {key: number for number, key in enumerate(EVERY)}


@dataclass(frozen=True)
class VerdictSet:
    """Verdicts of one criterion on all explanations of one kind, as numbers by outcome.

    Args:
        step: the criterion with its settings.
        tally: how many explanations have each outcome; of interpretations all of them, whatever their number.
        note: why some are undecided, if a limit or the budget is the reason; "" otherwise.
    """

    kind: Kind
    step: CriterionStep
    tally: CriterionTally
    note: str


def count_of(session: Session, analysis: AnalysisRow, kind: Kind) -> int:
    """Number of stored explanations of a kind: listed circuits (with all their interpretations), listed algorithms,
    kept valid alignments.
    """
    if kind in ("circuit", "interpretation"):
        return analysis.circuits_listed
    table = AlgorithmRow if kind == "algorithm" else AlignmentRow
    query = select(func.count()).select_from(table).where(table.analysis_id == analysis.id)
    if kind == "alignment":
        query = query.where(AlignmentRow.valid)
    return session.scalar(query) or 0


def verdict_sets(session: Session, analysis: AnalysisRow) -> tuple[VerdictSet, ...]:
    """Stored verdicts on an analysis, by kind, then in the registry's order, default settings first."""
    found = []
    for row in verdict_rows(session, analysis):
        step = step_of(row)
        if step is None:
            continue
        tally = CriterionTally(row.passed, row.failed, row.undecided, row.not_applicable)
        found.append(VerdictSet(row.kind, step, tally, row.note))
    return tuple(sorted(found, key=lambda one: (KINDS.index(one.kind), _ORDER[one.step.key], str(one.step))))


def kinds_and_steps(steps: Iterable[CriterionStep]) -> tuple[tuple[Kind, CriterionStep], ...]:
    """Pairs of a step and a kind of explanation that it judges."""
    return tuple((kind, step) for step in steps for kind in step.criterion.kinds)


def missing_steps(
    session: Session, analysis: AnalysisRow, steps: Iterable[tuple[Kind, CriterionStep]], *, budget: float = 0.0
) -> tuple[tuple[Kind, CriterionStep], ...]:
    """Steps that are not stored, in the order of ``steps``.

    Args:
        analysis: that the verdicts are about.
        steps: each with the kind of explanation that it judges.
        budget: seconds for one criterion; verdicts that a shorter budget ended count as missing.
    """
    stored = {
        (row.kind, row.criterion, row.settings_digest)
        for row in verdict_rows(session, analysis)
        if (ended := budget_that_ended(row.note)) is None or ended >= budget
    }
    return tuple((kind, step) for kind, step in steps if (kind, step.key, step.settings_digest) not in stored)


def verdicts_in(session: Session, analysis: AnalysisRow, kind: Kind, letters: str) -> dict[CriterionStep, Outcome]:
    """Every stored criterion's verdict on one explanation (not for interpretations, which have none each).

    Args:
        analysis: what the explanation belongs to.
        letters: of its row.
    """
    answer = ((step_of(row), letters[row.position : row.position + 1]) for row in verdict_rows(session, analysis, kind))
    found = {step: OUTCOMES[LETTERS.index(one)] for step, one in answer if step is not None and one and one in LETTERS}
    return dict(sorted(found.items(), key=lambda one: (_ORDER[one[0].key], str(one[0]))))


def judged_outcomes(session: Session, analysis: AnalysisRow, kind: Kind) -> dict[CriterionStep, NDArray[np.uint8]]:
    """``[explanations]`` of each stored step positions in OUTCOMES, in the order of verdicts."""
    found = outcomes_of(session, analysis, kind)
    return {step: outcomes[outcomes != NOT_JUDGED] for step, outcomes in found.items()}
