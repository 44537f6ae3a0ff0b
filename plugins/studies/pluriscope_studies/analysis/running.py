"""Running part of a study: some networks of one cell, from their making to their rows; loads torch by its sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from functools import partial
from typing import Final

from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.circuits.strategy import find_circuits
from pluriscope.analysis.errors import AnalysisError, Cancelled
from pluriscope.analysis.explaining.pipeline import analyse_output, unsearched
from pluriscope.analysis.explaining.preflight import preflight, refuse
from pluriscope.analysis.interpretations.result import InterpretationCounts
from pluriscope.analysis.placements.result import AlgorithmSearch
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import Protocol
from pluriscope.analysis.results.result import OutputAnalysis
from pluriscope.analysis.running.progress import silent
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.values.late_functions import function_at
from pluriscope_studies.analysis.cells import cells_of
from pluriscope_studies.analysis.design import StudyDesign
from pluriscope_studies.analysis.measures.measure import Measure, Measured, Need, Studied
from pluriscope_studies.analysis.measures.registry import measures_of
from pluriscope_studies.analysis.rows import Row, rows_of
from pluriscope_studies.analysis.sources import CONVERGED, REFUSED, SOURCES, Produced

_TOGETHER: Final = 100  # networks trained at a time: fewer take longer each, more take memory
_COUNTED: Final = {"n_near_misses": 0, "max_alignments": 1}
"""Which alignments are listed changes no count, and listing is most of the time; those that fail are no measure's."""


def run_chunk(
    design: StudyDesign,
    position: int,
    seeds: Sequence[int],
    files: Mapping[int, bytes] | None = None,
    work: Work = DEFAULT_WORK,
) -> list[Row]:
    """The rows of some networks of one cell; whatever becomes of a network, there is one at least.

    Args:
        design: checked.
        position: of the cell in the grid.
        seeds: which of its networks.
        files: seed → content, of a source that is given its networks as files.
        work: gets the progress; without a clock nothing is measured.

    Raises:
        InvalidStudy: what the source needs is not there.
        Cancelled: the report asked to stop.
    """
    cell, rows, measures = cells_of(design)[position], list[Row](), measures_of(design.measures, design.methods)
    make = partial(function_at(SOURCES[design.source].maker), **({} if files is None else {"files": files}))
    together = (seeds[start : start + _TOGETHER] for start in range(0, len(seeds), _TOGETHER))
    for produced in (produced for some in together for produced in make(cell, some, work)):
        start = work.clock()
        state, message, values = _measured(design, produced, measures, work)
        facts = {name: getattr(produced, name) for name in ("seed", "epochs", "loss", "accuracy")}
        facts |= {"state": state, "message": message, "seconds": round(produced.seconds + work.clock() - start, 4)}
        rows += rows_of(cell, facts, produced, values)
    return rows


def _measured(
    design: StudyDesign, produced: Produced, measures: Mapping[str, Measure], work: Work
) -> tuple[str, str, dict[str, list[dict[str, Measured]]]]:
    """State, message and values of one network; a refusal is its outcome and no other network's."""
    values: dict[str, list[dict[str, Measured]]] = {}
    problems: list[str] = []
    needs = {need for measure in measures.values() for need in measure.needs}
    see = partial(Studied, methods=design.methods, draws=produced.draws)
    for protocol in design.protocols if produced.state == CONVERGED else ():
        try:
            values[protocol.name] = [
                {key: measure.of(studied) for key, measure in measures.items()}
                for studied in map(see, _analyses(produced, protocol, needs, work))
            ]
        except Cancelled:
            raise
        except AnalysisError as problem:
            problems.append(f"under {protocol.name}: {problem}")
    return (REFUSED, "; ".join(problems), values) if problems else (produced.state, produced.message, values)


def _analyses(produced: Produced, protocol: Protocol, needs: Set[Need], work: Work) -> list[OutputAnalysis]:
    """The analyses of every output of one network, as far as its study needs them."""
    if produced.network is None:
        return []
    data = produced.data or clean_data(produced.network.n_inputs)
    tasks = enumerate(produced.tasks)
    questions = [Question(produced.network, output, task, protocol, data) for output, task in tasks]
    if not data.boolean:  # nothing but circuits has a meaning there
        return [circuits_alone(question, find_circuits(question, work)) for question in questions]
    refuse(tuple(problem for question in questions for problem in preflight(question)))
    return [_analysis(question, needs, work) for question in questions]


def _analysis(question: Question, needs: Set[Need], work: Work) -> OutputAnalysis:
    asked = replace(question, protocol=question.protocol.model_copy(update=_COUNTED))
    if needs & {"circuits", "interpretations"}:
        found = analyse_output(asked, work)
    elif "algorithms" in needs:
        found = analyse_output(asked, work.reporting_to(silent), circuits=unsearched(question))
    else:
        found = circuits_alone(question, unsearched(question))
    return replace(found, question=question)


def circuits_alone(question: Question, circuits: CircuitSearch) -> OutputAnalysis:
    """An analysis of which only the circuits were searched, or nothing; what is left out says that it was not."""
    return OutputAnalysis(
        question=question,
        circuits=circuits,
        interpretations=InterpretationCounts((), (), truncated_at=0, complete=False),
        algorithms=AlgorithmSearch((), 0, truncated_at=0),
        criteria={},
        seconds={},
    )
