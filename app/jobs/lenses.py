"""The work of a "lenses" job: what lenses say about a stored analysis, beside what valid alignments carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.algorithms.parsing import parse_algorithm
from analysis.errors import BeyondLimits
from analysis.interpretations.given_functions import given_functions
from analysis.lenses.functions import function_rows, functions_asked, without_sign
from analysis.lenses.lens import Lens
from analysis.lenses.registry import LENSES as REGISTERED
from analysis.method_settings import Settings
from analysis.question import Question
from analysis.stories.search import uniform_sample
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.lenses import LENSES as KIND
from app.db.lenses import LensesReport, StoredNeurons, stored_carried, stored_function, stored_neurons, stored_view
from app.db.reads.algorithms import AlgorithmFilter, n_algorithms, placements_untried
from app.db.reads.analyses import analysed_question
from app.db.reads.circuits import masks_of
from app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow
from app.jobs.stored_analysis import report_handler

MAX_CIRCUITS: Final = 10_000
"""Valid circuits up to which all are asked for the functions of neurons; of more a uniform sample."""


@dataclass(frozen=True)
class CarriedInputs:
    """What is stored of the irredundant algorithms with variables.

    Args:
        carried: those with a valid alignment.
        others: those without; where candidates are too many, only some of them are stored.
        places: layers and functions, 0 on the first input, of the variables in valid alignments.
        of: irredundant algorithms with variables.
        known: whether the search came to its end and decided redundancy.
    """

    carried: tuple[HighLevelModel, ...]
    others: tuple[HighLevelModel, ...]
    places: frozenset[tuple[int, int]]
    of: int
    known: bool


@dataclass(frozen=True)
class LensInputs:
    """What lenses are asked about.

    Args:
        masks: ``[circuits]`` listed valid circuits.
        n_valid: how many are valid.
        thorough: whether those that learn are asked too.
    """

    question: Question
    carried: CarriedInputs
    masks: NDArray[Any]
    n_valid: int
    thorough: bool


def read_carried(session: Session, row: AnalysisRow, arguments: Mapping[str, Any]) -> LensInputs:
    """The network, its rules and what its alignments carry."""
    question = analysed_question(session, row)
    masks = masks_of(session, row)
    return LensInputs(
        question, _carried(session, row, question), masks, row.circuits_valid, bool(arguments["thorough"])
    )


def _carried(session: Session, analysis: AnalysisRow, question: Question) -> CarriedInputs:
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
    irredundant = ("irredundant-literals",)
    without = n_algorithms(analysis, AlgorithmFilter(irredundant=irredundant, variables=0))
    return CarriedInputs(
        tuple(algorithms[number] for number in aligned),
        tuple(algorithms[number] for number in algorithms if number not in set(aligned)),
        frozenset(places),
        n_algorithms(analysis, AlgorithmFilter(irredundant=irredundant)) - without,
        decided and not placements_untried(session, analysis),
    )


def look(inputs: LensInputs, work: Work = DEFAULT_WORK) -> LensesReport:
    """Ask every lens; only those that learn load torch, and are asked under the settings of requests."""
    question, carried = inputs.question, inputs.carried
    asked = [lens for lens in REGISTERED if inputs.thorough or not _trains(lens, question)]
    views = [
        stored_view(question, lens, lens.answer(question, _settings(lens, inputs), work))
        for lens in work.each("lenses", asked, "lenses")
    ]
    functions = functions_asked(question, (*carried.carried, *carried.others))
    rows = function_rows(question, functions, carried.places if carried.known else None, work)
    return LensesReport(
        thorough=inputs.thorough,
        lenses=views,
        carried=stored_carried(carried.carried, carried.others, carried.of, known=carried.known),
        functions=[stored_function(row, question.cut.n_inputs) for row in rows],
        neurons=_neurons(inputs, work),
    )


def _neurons(inputs: LensInputs, work: Work) -> StoredNeurons | None:
    """The functions that interpretations give neurons; None where no circuit is valid, or where they are too many."""
    masks = uniform_sample(inputs.masks, MAX_CIRCUITS)
    if not len(masks):
        return None
    try:
        found = given_functions(inputs.question, masks, work)
    except BeyondLimits:
        return None
    return stored_neurons(found, inputs.question.cut.n_inputs, exact=found.of == inputs.n_valid)


def _settings(lens: Lens, inputs: LensInputs) -> Settings:
    degenerate = lens.fit(inputs.question, lens.defaults)[1].status == "degenerate"
    return lens.filled(lens.on_request if inputs.thorough and degenerate else {})


def _trains(lens: Lens, question: Question) -> bool:
    """Whether an answer under default settings would be fitted by gradient descent."""
    return lens.learns and lens.fit(question, lens.defaults)[1].answered


def _words(report: LensesReport) -> str:
    answered = sum(one.outcome == "found" for one in report.lenses)
    return f"{answered} of {len(report.lenses)} lenses answered"


LENSES = report_handler(KIND, read_carried, look, Addresses.lenses, _words, graded=True)
