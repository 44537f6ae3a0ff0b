"""Running part of a study: some seeds of one cell, from training to measures; loads torch through its sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from analysis.alignments.result import AlgorithmSearch
from analysis.circuits.result import CircuitSearch
from analysis.circuits.strategy import find_circuits
from analysis.data import clean_data
from analysis.errors import AnalysisError, Cancelled
from analysis.interpretations.result import InterpretationCounts
from analysis.pipeline import analyse_output, refuse, unsearched
from analysis.preflight import preflight
from analysis.progress import silent
from analysis.protocol import Protocol
from analysis.question import Question
from analysis.result import OutputAnalysis
from analysis.studies.cells import Cell, cells_of
from analysis.studies.chunks import Needs, needs_of
from analysis.studies.design import StudyDesign
from analysis.studies.measures.criteria import passing
from analysis.studies.measures.measure import Measured
from analysis.studies.measures.registry import measures_of
from analysis.studies.outcome import CONVERGED, REFUSED, StudyOutcome, figures_of, flat_weights
from analysis.studies.rows import Row, RowNetwork, rows_of
from analysis.studies.sources import Produced, source_named
from analysis.studies.subject import Studied
from analysis.work import DEFAULT_WORK, Work

_TOGETHER: Final = 100  # networks trained at a time: fewer take longer each, more take memory


def run_cell(cell: Cell, seeds: Sequence[int], work: Work = DEFAULT_WORK) -> Iterator[StudyOutcome]:
    """The outcomes of some seeds of one cell, in order; whatever becomes of a network, there is one.

    Args:
        cell: of a checked design.
        seeds: which of its networks.
        work: told how far it is; without a clock nothing is measured.

    Raises:
        InvalidStudy: the design's source or a measure is unknown here.
        Cancelled: the report asked to stop.
    """
    needs = needs_of(cell.design)
    for produced in source_named(cell.design.source).load()(cell, seeds, work):
        yield outcome_of(cell, produced, needs, work)


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
        work: told how far it is; without a clock nothing is measured.

    Raises:
        InvalidStudy: the design's source or a measure is unknown here.
        Cancelled: the report asked to stop.
    """
    cell, needs, rows = cells_of(design)[position], needs_of(design), list[Row]()
    make = partial(source_named(design.source).load(), **({} if files is None else {"files": files}))
    together = (seeds[start : start + _TOGETHER] for start in range(0, len(seeds), _TOGETHER))
    for produced in (produced for some in together for produced in make(cell, some, work)):
        start = work.clock()
        state, message, values = _values(cell, produced, needs, work)
        facts = {
            "seed": produced.seed,
            "state": state,
            "message": message,
            "epochs": produced.epochs,
            "loss": produced.loss,
            "accuracy": produced.accuracy,
            "seconds": round(produced.seconds + work.clock() - start, 4),
        }
        rows += rows_of(
            cell, facts, RowNetwork(produced.network, produced.tasks, produced.data, produced.planted), values
        )
    return rows


def outcome_of(cell: Cell, produced: Produced, needs: Needs, work: Work = DEFAULT_WORK) -> StudyOutcome:
    """Analyse one network under every protocol and measure it; a refusal is its outcome and no other network's.

    Args:
        needs: what is searched.
    """
    start, network = work.clock(), produced.network
    state, message, values = _values(cell, produced, needs, work)
    return StudyOutcome(
        cell=cell.key,
        seed=produced.seed,
        state=state,
        message=message,
        network=None if network is None else network.digest,
        epochs=produced.epochs,
        loss=produced.loss,
        accuracy=produced.accuracy,
        figures=figures_of(values),
        seconds=produced.seconds + work.clock() - start,
        sizes=() if network is None else network.sizes,
        tables=tuple("".join(map(str, task.truth_table)) for task in produced.tasks),
        weights=None if network is None else flat_weights(network),
        data=produced.data,
        planted=produced.planted,
    )


def _values(
    cell: Cell, produced: Produced, needs: Needs, work: Work
) -> tuple[str, str, dict[str, tuple[dict[str, Measured], ...]]]:
    """State, message and measured values of one network; a refusal is its outcome and no other network's."""
    state, message = produced.state, produced.message
    values: dict[str, tuple[dict[str, Measured], ...]] = {}
    problems: list[str] = []
    for protocol in cell.design.protocols if state == CONVERGED and produced.network is not None else ():
        try:
            analyses = _analyses(produced, protocol, needs, work)
            values[protocol.name] = tuple(_measured(cell, produced, analysis, work) for analysis in analyses)
        except Cancelled:
            raise
        except AnalysisError as problem:
            problems.append(f"under {protocol.name}: {problem}")
    return (REFUSED, "; ".join(problems), values) if problems else (state, message, values)


def _analyses(produced: Produced, protocol: Protocol, needs: Needs, work: Work) -> list[OutputAnalysis]:
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


def _analysis(question: Question, needs: Needs, work: Work) -> OutputAnalysis:
    # which alignments are listed changes no count, and listing is most of the time; those that fail are no measure's
    counted = {"n_near_misses": 0} | ({} if needs.lists else {"max_alignments": 1})
    asked = replace(question, protocol=question.protocol.model_copy(update=counted))
    if needs.circuits:
        found = analyse_output(asked, work)
    elif needs.algorithms:
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


def _measured(cell: Cell, produced: Produced, analysis: OutputAnalysis, work: Work) -> dict[str, Measured]:
    design = cell.design
    studied = Studied(analysis.question, analysis, produced.planted, design.methods, draws=produced.draws)
    measures = measures_of(design.measures, (), design.methods)
    values = {key: measure.function(studied) for key, measure in measures.items()}
    if design.criteria:
        values |= passing(studied, design.criteria, work)
    return values
