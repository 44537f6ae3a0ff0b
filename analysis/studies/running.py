"""Running part of a study: some seeds of one cell, from training to measures; loads torch through its sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from analysis.errors import AnalysisError
from analysis.result import OutputAnalysis
from analysis.studies.cells import Cell
from analysis.studies.chunks import needs_algorithms, needs_circuits, needs_lists
from analysis.studies.design import StudyDesign
from analysis.studies.measures.criteria import passing
from analysis.studies.measures.measure import Measured
from analysis.studies.measures.registry import measures_of
from analysis.studies.outcome import CONVERGED, REFUSED, StudyOutcome, figures_of, flat_weights
from analysis.studies.sources import Order, Produced, source_named
from analysis.studies.subject import Studied


def run_cell(cell: Cell, seeds: Sequence[int], order: Order) -> Iterator[StudyOutcome]:
    """The outcomes of some seeds of one cell, in order; whatever becomes of a network, there is one.

    Args:
        cell: of a checked design.
        seeds: which of its networks.
        order: as for sources; its protocols must be the design's; circuits and algorithms are searched if
            a measure needs them.

    Raises:
        InvalidStudy: the design's source or a measure is unknown here.
        Cancelled: the report asked to stop.
    """
    maker = source_named(cell.design.source).load()
    order = replace(
        order,
        circuits=needs_circuits(cell.design),
        algorithms=needs_algorithms(cell.design),
        listed=needs_lists(cell.design),
    )
    for produced in maker(cell, seeds, order):
        yield outcome_of(cell, produced, order)


def outcome_of(cell: Cell, produced: Produced, order: Order) -> StudyOutcome:
    """Measure one network."""
    start = order.work.clock()
    state, message, values = produced.state, produced.message, {}
    problems: dict[str, AnalysisError] = dict(produced.problems)
    if state == CONVERGED:
        for protocol in cell.design.protocols:
            if protocol.name in problems:
                continue
            try:
                values[protocol.name] = tuple(
                    _measured(cell.design, analysis, order, produced) for analysis in produced.analyses[protocol.name]
                )
            except AnalysisError as problem:
                problems[protocol.name] = problem
        if problems:
            state, message = REFUSED, "; ".join(f"under {name}: {problem}" for name, problem in problems.items())
    spent = order.work.clock() - start
    network, told = produced.network, produced.training
    return StudyOutcome(
        cell=cell.key,
        seed=produced.seed,
        state=state,
        message=message,
        network=None if network is None else network.digest,
        epochs=told.get("epochs"),
        loss=told.get("loss"),
        accuracy=told.get("accuracy"),
        figures=figures_of(values),
        seconds=produced.seconds + spent,
        sizes=() if network is None else network.sizes,
        tables=tuple("".join(map(str, task.truth_table)) for task in produced.tasks),
        weights=None if network is None else flat_weights(network),
        data=produced.data,
        planted=produced.planted,
    )


def _measured(design: StudyDesign, analysis: OutputAnalysis, order: Order, produced: Produced) -> dict[str, Measured]:
    studied = Studied(analysis.question, analysis, produced.planted, design.methods, draws=produced.draws)
    measures = measures_of(design.measures, (), design.methods)
    values = {key: measure.function(studied) for key, measure in measures.items()}
    if design.criteria:
        values |= passing(studied, design.criteria, order.work)
    return values
