"""What analyses of a network look at, read from the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any, Final, cast

import numpy as np
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from analysis.algorithms.high_level_model import Form
from analysis.algorithms.parsing import parse_algorithm
from analysis.criteria.criterion import KINDS
from analysis.criteria.funnel_report import Judged
from analysis.interventions.neuron_set import NeuronSet
from analysis.lenses.functions import without_sign
from analysis.network_files.planted_record import PlantedRecord
from analysis.question import Question
from analysis.report import Analysed, Carried, Irredundant, Placed
from app.db.codecs import planted_of
from app.db.reads.algorithms import placements_untried
from app.db.reads.analyses import analysed_question
from app.db.reads.circuit_sets import stored_search
from app.db.reads.circuits import whole_counts
from app.db.reads.funnel import algorithm_positions, algorithms_of_alignments, outcomes_of_steps, readings_of_steps
from app.db.reads.verdicts import count_of, verdict_sets
from app.db.recorded import stored_searches
from app.db.rows import columns_of
from app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow


def _observed(session: Session, row: AnalysisRow, _: Question) -> Sequence[int]:
    return whole_counts(session, row, "observed") if row.interpretations_truncated_at is None else ()


def _carried(session: Session, analysis: AnalysisRow, question: Question) -> Carried:
    form, n_inputs = question.protocol.algorithm_form, question.model.n_inputs
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
            places |= {(layer, without_sign(functions[path], n_inputs)) for path, layer, _ in placed}
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
    form, n_inputs = question.protocol.algorithm_form, question.model.n_inputs
    n_listed = session.scalar(select(func.count()).where(of_analysis))
    return Irredundant(
        tuple(parse_algorithm(text, form, n_inputs) for text in texts),
        analysis.algorithms_candidates,
        n_listed == analysis.algorithms_candidates,
    )


def _planted(_: Session, analysis: AnalysisRow, __: Question) -> PlantedRecord | None:
    return planted_of(analysis.network)


def _placed(session: Session, analysis: AnalysisRow, question: Question) -> Placed:
    of_analysis = select(AlgorithmRow.id, AlgorithmRow.text, AlgorithmRow.form)
    texts = {row.id: row for row in session.execute(of_analysis.where(AlgorithmRow.analysis_id == analysis.id))}
    columns = select(AlignmentRow.algorithm_row_id, AlignmentRow.valid, AlignmentRow.places)
    kept = session.execute(columns.where(AlignmentRow.analysis_id == analysis.id).order_by(AlignmentRow.id))
    groups = [(number, list(rows)) for number, rows in groupby(kept, key=lambda row: row.algorithm_row_id)]
    n_inputs = question.model.n_inputs
    return Placed(
        [parse_algorithm(texts[one].text, cast(Form, texts[one].form), n_inputs) for one, _ in groups],
        [[[(path, NeuronSet(at, tuple(some))) for path, at, some in row.places] for row in rows] for _, rows in groups],
        [[row.valid for row in rows] for _, rows in groups],
        whole_counts(session, analysis, "observed"),
    )


def _judged(session: Session, analysis: AnalysisRow, _: Question) -> Judged:
    sets = verdict_sets(session, analysis)
    searched = tuple(kind for kind, one in stored_searches(session, analysis.id).items() if one.n)
    counts = columns_of(session, analysis, "circuit", ("interpretations", "observed"))
    positions = algorithm_positions(session, analysis)
    return Judged(
        {kind: count_of(session, analysis, kind) for kind in (*KINDS, *searched)},
        partial(outcomes_of_steps, session, analysis),
        partial(readings_of_steps, session, analysis),
        list(map(int, counts["interpretations"])),
        list(map(int, counts["observed"])),
        np.searchsorted(positions, algorithms_of_alignments(session, analysis)),
        analysis.algorithms_candidates,
        {(one.kind, one.step): one.note for one in sets if one.note},
        searched,
    )


_READERS: Final[Mapping[str, Callable[[Session, AnalysisRow, Question], Any]]] = {
    "observed": _observed,
    "carried": _carried,
    "irredundant": _irredundant,
    "planted": _planted,
    "placed": _placed,
    "judged": _judged,
}
"""Fields of :class:`analysis.report.Analysed` that few analyses look at: how each is read."""


def read_analysed(session: Session, row: AnalysisRow, reads: Iterable[str] = ()) -> Analysed:
    """What analyses look at, of one that is stored.

    Args:
        session: open session.
        row: the analysis.
        reads: further fields that are looked at.
    """
    question = analysed_question(session, row)
    more = {name: _READERS[name](session, row, question) for name in reads}
    return Analysed(question, stored_search(session, row, question.layout), **more)
