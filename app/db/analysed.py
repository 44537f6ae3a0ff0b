"""Stored networks and analyses, read as the values that further analyses take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from pluriscope.analysis.criteria.criterion import KINDS
from pluriscope.analysis.criteria.funnel import Judged, Wanted
from pluriscope.analysis.criteria.interpretation_tallies import Reading
from pluriscope.analysis.criteria.judged_on_sites import judged_on_sites
from pluriscope.analysis.criteria.margins import MARGIN
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.criteria.verdict import FAILED, PASSED
from pluriscope.analysis.methods.report import Analysed
from pluriscope.analysis.placements.report import PlacementsReport
from pluriscope.analysis.planted.circuit import PlantedExplanation
from pluriscope.analysis.readings.report import InterpretationsReport
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.app.db.codecs import planted_of
from pluriscope.app.db.reads.algorithms import places_of_owners
from pluriscope.app.db.reads.analyses import analysed_question
from pluriscope.app.db.reads.circuits import masks_of, stored_outcomes, stored_search, whole_counts
from pluriscope.app.db.reads.results import load_algorithms
from pluriscope.app.db.reads.verdicts import count_of, judged_outcomes, verdict_sets
from pluriscope.app.db.reports import report_of, reports_of
from pluriscope.app.db.rows import column_of, columns_of
from pluriscope.app.db.tables import AnalysisRow, NetworkRow, VerdictRow
from pluriscope.app.db.verdicts import outcomes_of, readings_in, step_of, verdict_rows


def _observed(session: Session, row: AnalysisRow, _: Question) -> Sequence[int]:
    return whole_counts(session, row, "observed") if row.interpretations_truncated_at is None else ()


def _judged(session: Session, analysis: AnalysisRow, _: Question) -> Judged:
    sets = verdict_sets(session, analysis)
    counts = columns_of(session, analysis, "circuit", ("interpretations", "observed"))
    valid = column_of(session, analysis, "alignment", "valid")
    return Judged(
        {kind: count_of(session, analysis, kind) for kind in KINDS},
        partial(_outcomes_of_steps, session, analysis),
        partial(readings_of_steps, session, analysis),
        list(map(int, counts["interpretations"])),
        list(map(int, counts["observed"])),
        places_of_owners(session, analysis)[valid],
        analysis.algorithms_candidates,
        {(one.kind, one.step): one.note for one in sets if one.note},
        analysis.interpretations_truncated_at is None,
    )


_READERS: Final[Mapping[str, Callable[[Session, AnalysisRow, Question], Any]]] = {
    "observed": _observed,
    "formulas": load_algorithms,
    "planted": lambda _, analysis, question: planted_in(analysis.network, question),
    "classes": lambda session, row, _: whole_counts(session, row, "observed"),
    "judged": _judged,
}
"""Fields of :class:`pluriscope.analysis.methods.report.Analysed` that few analyses look at: how each is read."""


def read_analysed(session: Session, row: AnalysisRow, reads: Iterable[str] = ()) -> Analysed[SubjectQuestion]:
    """Read a stored analysis as the value that further analyses take: its question, and its circuits as they are
    stored.

    Args:
        reads: further fields that are looked at.
    """
    question = analysed_question(session, row)
    found = stored_search(session, row, question)
    if question.kind.refuses("formulas"):
        outcomes = None if found is None else stored_outcomes(session, row)
        more = _on_sites(session, row, question) if "placements" in reads else {}
        return Analysed(question, found, planted=planted_in(row.network, question), stored=outcomes, **more)
    more = {name: _READERS[name](session, row, question) for name in reads if name in _READERS}
    return Analysed(question, found, **more)


def _on_sites(session: Session, row: AnalysisRow, question: SubjectQuestion) -> dict[str, Any]:
    """What was placed on the sites of a network, how its circuits are read, and what criteria say of all that."""
    kept = reports_of(session, row, ("algorithms", "interpretations"))
    if "algorithms" not in kept:
        return {}
    placed = report_of(kept["algorithms"], PlacementsReport)
    read = report_of(kept["interpretations"], InterpretationsReport) if "interpretations" in kept else None
    masks, outcomes = masks_of(session, row).tolist(), outcomes_of(session, row, "circuit")
    margins = column_of(session, row, "circuit", "margin")

    def judged(step: CriterionStep) -> NDArray[np.uint8] | None:
        if step.criterion == MARGIN:  # which the search itself knows
            return np.where(margins >= step.settings["least"], PASSED, FAILED).astype(np.uint8)
        return outcomes.get(step)

    named = [question.graph.to_hex(mask) for mask in masks]
    return {"placements": placed, "readings": read, "judged": judged_on_sites(question, named, judged, placed, read)}


def planted_in(row: NetworkRow, question: SubjectQuestion) -> PlantedExplanation | None:
    """What was planted in a stored network, as analyses of a question have it; None if nothing was."""
    if not question.kind.refuses("formulas"):
        return planted_of(row)
    planted: PlantedExplanation | None = question.kind.explaining.planted(question.subject, question)
    return planted


def _outcomes_of_steps(
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
    """Verdicts of some steps on the interpretations of each circuit, by step; steps that are not stored are left
    out.
    """
    wanted = set(wanted)
    steps = {row.id: step_of(row) for row in verdict_rows(session, analysis, "interpretation")}
    steps = {number: step for number, step in steps.items() if step in wanted}
    if not steps:
        return {}
    sizes = whole_counts(session, analysis, "interpretations"), whole_counts(session, analysis, "observed")
    answer = session.execute(select(VerdictRow.id, VerdictRow.by_circuit).where(VerdictRow.id.in_(steps)))
    return {step: readings_in(text, *sizes) for number, text in answer if (step := steps[number]) is not None}
