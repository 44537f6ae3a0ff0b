"""What analyses of a network look at, read from the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.algorithms.parsing import parse_algorithm
from analysis.lenses.functions import without_sign
from analysis.question import Question
from analysis.report import Analysed, Carried
from app.db.reads.algorithms import placements_untried
from app.db.reads.analyses import analysed_question
from app.db.reads.circuit_sets import stored_search
from app.db.reads.circuits import whole_counts
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


_READERS: Final[Mapping[str, Callable[[Session, AnalysisRow, Question], Any]]] = {
    "observed": _observed,
    "carried": _carried,
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
