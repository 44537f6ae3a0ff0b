"""Stored networks and analyses, read as the values that further analyses take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.alignments.alignment import Alignment
from pluriscope.analysis.criteria.criterion import KINDS
from pluriscope.analysis.criteria.funnel import Judged, Wanted
from pluriscope.analysis.criteria.interpretation_tallies import Reading
from pluriscope.analysis.criteria.judged_on_sites import judged_on_sites
from pluriscope.analysis.criteria.margins import MARGIN
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.criteria.verdict import FAILED, PASSED
from pluriscope.analysis.methods.report import Analysed, Carried, Irredundant, Placed
from pluriscope.analysis.placements.report import PlacementsReport
from pluriscope.analysis.planted.circuit import PlantedExplanation
from pluriscope.analysis.readings.report import InterpretationsReport
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.app.db.codecs import planted_of
from pluriscope.app.db.reads.algorithms import placements_untried, places_of_owners
from pluriscope.app.db.reads.analyses import analysed_question
from pluriscope.app.db.reads.circuits import masks_of, stored_outcomes, stored_search, whole_counts
from pluriscope.app.db.reads.verdicts import count_of, judged_outcomes, verdict_sets
from pluriscope.app.db.recorded import stored_searches
from pluriscope.app.db.reports import report_of, reports_of
from pluriscope.app.db.rows import column_of, columns_of
from pluriscope.app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow, NetworkRow, VerdictRow
from pluriscope.app.db.verdicts import outcomes_of, readings_in, step_of, verdict_rows


def _observed(session: Session, row: AnalysisRow, _: Question) -> Sequence[int]:
    return whole_counts(session, row, "observed") if row.interpretations_truncated_at is None else ()


def _carried(session: Session, analysis: AnalysisRow, question: Question) -> Carried:
    form, n_inputs = question.protocol.algorithm_form, question.subject.n_inputs
    of_analysis = AlgorithmRow.analysis_id == analysis.id, AlgorithmRow.n_variables > 0
    undecided = select(AlgorithmRow.id).where(*of_analysis, AlgorithmRow.irredundant_literals.is_(None)).limit(1)
    rows = session.execute(
        select(AlgorithmRow.id, AlgorithmRow.text, AlgorithmRow.n_valid)
        .where(*of_analysis, AlgorithmRow.irredundant_literals.is_(True))
        .order_by(AlgorithmRow.position)
    ).all()
    algorithms = {number: parse_algorithm(text, form, n_inputs) for number, text, _ in rows}
    places: set[tuple[int, int]] = set()
    aligned = [number for number, _, n_valid in rows if n_valid]
    for number in aligned:
        functions = {variable.path: variable.function for variable in algorithms[number].variables}
        valid = AlignmentRow.algorithm_row_id == number, AlignmentRow.valid.is_(True)
        for placed in session.scalars(select(AlignmentRow.places).where(*valid)):
            places |= {(layer, functions[path]) for path, layer, _ in placed}
    decided = session.scalar(undecided) is None and analysis.algorithms_truncated_at is None
    return Carried(
        tuple(algorithms[number] for number in aligned),
        tuple(algorithms[number] for number in algorithms if number not in set(aligned)),
        frozenset(places),
        len(rows),
        decided and not placements_untried(session, analysis),
    )


def _irredundant(session: Session, analysis: AnalysisRow, question: Question) -> Irredundant:
    of_analysis, irredundant = AlgorithmRow.analysis_id == analysis.id, AlgorithmRow.irredundant_literals
    texts = session.scalars(
        select(AlgorithmRow.text)
        .where(of_analysis, or_(irredundant.is_(True), irredundant.is_(None)))  # not known: the search looks
        .order_by(AlgorithmRow.position)
    )
    form, n_inputs = question.protocol.algorithm_form, question.subject.n_inputs
    n_listed = session.scalar(select(func.count()).where(of_analysis))
    return Irredundant(
        tuple(parse_algorithm(text, form, n_inputs) for text in texts),
        analysis.algorithms_candidates,
        n_listed == analysis.algorithms_candidates,
    )


def _placed(session: Session, analysis: AnalysisRow, question: Question) -> Placed:
    of_analysis = select(AlgorithmRow.id, AlgorithmRow.text, AlgorithmRow.form)
    texts = {row.id: row for row in session.execute(of_analysis.where(AlgorithmRow.analysis_id == analysis.id))}
    columns = select(AlignmentRow.algorithm_row_id, AlignmentRow.valid, AlignmentRow.places)
    kept = session.execute(columns.where(AlignmentRow.analysis_id == analysis.id).order_by(AlignmentRow.id))
    groups = [(number, list(rows)) for number, rows in groupby(kept, key=lambda row: row.algorithm_row_id)]
    n_inputs = question.subject.n_inputs
    return Placed(
        [parse_algorithm(texts[one].text, texts[one].form, n_inputs) for one, _ in groups],
        [[list(Alignment.read("", row.places).places) for row in rows] for _, rows in groups],
        [[row.valid for row in rows] for _, rows in groups],
        whole_counts(session, analysis, "observed"),
    )


def _judged(session: Session, analysis: AnalysisRow, _: Question) -> Judged:
    sets = verdict_sets(session, analysis)
    searched = tuple(kind for kind, one in stored_searches(session, analysis.id).items() if one.n)
    counts = columns_of(session, analysis, "circuit", ("interpretations", "observed"))
    valid = column_of(session, analysis, "alignment", "valid")
    return Judged(
        {kind: count_of(session, analysis, kind) for kind in (*KINDS, *searched)},
        partial(_outcomes_of_steps, session, analysis),
        partial(readings_of_steps, session, analysis),
        list(map(int, counts["interpretations"])),
        list(map(int, counts["observed"])),
        places_of_owners(session, analysis)[valid],
        analysis.algorithms_candidates,
        {(one.kind, one.step): one.note for one in sets if one.note},
        searched,
        analysis.interpretations_truncated_at is None,
    )


_READERS: Final[Mapping[str, Callable[[Session, AnalysisRow, Question], Any]]] = {
    "observed": _observed,
    "carried": _carried,
    "irredundant": _irredundant,
    "planted": lambda _, analysis, question: planted_in(analysis.network, question),
    "placed": _placed,
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
    return {"placements": placed, "readings": read, "judged": judged_on_sites(named, judged, placed, read)}


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
