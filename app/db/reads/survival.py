"""What survives a sequence of stored criteria, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.criteria.criterion import Kind
from analysis.criteria.funnel import funnel_rows
from analysis.criteria.reading_combination import Combination
from analysis.criteria.steps import CriterionStep
from analysis.errors import InvalidCriterion
from app.db.reads.circuits import whole_counts
from app.db.reads.verdicts import count_of, counts_in, outcomes, verdict_column, verdict_row
from app.db.tables import AnalysisRow


@dataclass(frozen=True)
class SurvivalStep:
    """One step of a sequence of criteria.

    Args:
        step: the criterion with its settings.
        survivors: explanations that pass it and all steps before; None if this or a step before is not computed yet.
        failed: of those that survived so far, how many fail here; None likewise.
        undecided: and how many are undecided here.
        not_applicable: and of how many the question does not arise.
    """

    step: CriterionStep
    survivors: int | None
    failed: int | None
    undecided: int | None
    not_applicable: int | None


@dataclass(frozen=True, eq=False)
class Survival:
    """A sequence of criteria on all explanations of one kind.

    Args:
        kind: of the explanations.
        n: explanations before the first step; of interpretations exactly, whatever their number.
        steps: what is left after each step.
        bits: ``[explanations]`` which survive all steps; None if some step is not computed yet, and for
            interpretations, which are not listed.
        by_circuit: of interpretations, how many of each circuit survive all steps, in the order of circuits; None if
            some step is not computed, and for the other kinds.
    """

    kind: Kind
    n: int
    steps: tuple[SurvivalStep, ...]
    bits: NDArray[np.bool_] | None
    by_circuit: tuple[int, ...] | None

    @property
    def survivors(self) -> int | None:
        """How many survive all steps; None if some step is not computed yet."""
        return self.steps[-1].survivors if self.steps else self.n

    @property
    def missing(self) -> tuple[CriterionStep, ...]:
        """The steps from the first that is not computed yet."""
        return tuple(one.step for one in self.steps if one.survivors is None)


def surviving(session: Session, analysis: AnalysisRow, kind: Kind, steps: Sequence[CriterionStep]) -> Survival:
    """How many explanations survive a sequence of criteria, step by step, and which.

    Every step must apply to the kind.

    Raises:
        InvalidCriterion: one does not.
    """
    for step in steps:
        if kind not in step.kinds:
            cure = f"use it for {' or '.join(step.kinds)}"
            raise InvalidCriterion(f"criterion {step.key}", f"does not apply to kind {kind!r}", cure)
    if kind == "interpretation":
        return _surviving_interpretations(session, analysis, steps)
    n = count_of(session, analysis, kind)
    every = np.ones(n, dtype=np.bool_)
    rows = funnel_rows([outcomes(session, analysis, kind, step) for step in steps], every)
    told = [
        SurvivalStep(step, None, None, None, None)
        if row.tally is None or not row.whole
        else SurvivalStep(step, row.n_left, row.tally.failed, row.tally.undecided, row.tally.not_applicable)
        for step, row in zip(steps, rows, strict=True)
    ]
    left = every if not rows else rows[-1].left if rows[-1].whole else None
    return Survival(kind, n, tuple(told), left, None)


def _surviving_interpretations(session: Session, analysis: AnalysisRow, steps: Sequence[CriterionStep]) -> Survival:
    combined = Combination(whole_counts(session, analysis.id, "interpretations"))
    n = combined.total
    told: list[SurvivalStep] = []
    before, complete = n, True
    for step in steps:
        row = verdict_row(session, analysis, "interpretation", step) if complete else None
        if row is None:
            complete = False
            told.append(SurvivalStep(step, None, None, None, None))
            continue
        beside = combined.take(step, counts_in(session, row), verdict_column(session, row, "outcomes"))
        if not told:
            n = before = combined.total
        passed, undecided = combined.passed, combined.undecided
        told.append(SurvivalStep(step, passed, before - passed - undecided - beside, undecided, beside))
        before = passed
    return Survival("interpretation", n, tuple(told), None, tuple(combined.by_circuit) if complete else None)
