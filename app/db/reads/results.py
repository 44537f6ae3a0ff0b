"""A stored analysis as the value that the engine returned, for result files and checks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.algorithms.parsing import parse_algorithm
from analysis.alignments.alignment import ScoredAlignment
from analysis.circuits.circuit import EdgeLayout
from analysis.circuits.distribution import CircuitDistribution
from analysis.networks.network import Network
from analysis.result import (
    AlgorithmResult,
    AlgorithmSearch,
    CircuitSearch,
    CriterionTally,
    InterpretationCounts,
    OutputAnalysis,
)
from app.db.codecs import alignment_of, network_of, protocol_of, tasks_of
from app.db.reads.analyses import find_data
from app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow, CircuitRow

IRREDUNDANT_KEYS = ("irredundant-gates", "irredundant-functions", "irredundant-literals")


def load_analysis(session: Session, row: AnalysisRow) -> OutputAnalysis:
    """The whole analysis of a row, equal to the one that was saved."""
    network = network_of(row.network)
    return OutputAnalysis(
        network=network,
        output=row.output,
        task=tasks_of(row.network)[row.output],
        protocol=protocol_of(row.protocol),
        data=find_data(session, row.data_digest, network.n_inputs),
        circuits=_load_circuits(session, row, network),
        interpretations=replace(_load_counts(session, row), complete=row.circuits_truncated_at is None),
        algorithms=_load_algorithms(session, row, network),
        criteria={key: _tally(stored) for key, stored in row.criteria.items()},
        seconds=row.seconds,
    )


def _tally(stored: dict[str, int]) -> CriterionTally:
    return CriterionTally(**{key: int(value) for key, value in stored.items() if key != "of"})


def _load_circuits(session: Session, row: AnalysisRow, network: Network) -> CircuitSearch:
    columns = select(CircuitRow.mask, CircuitRow.margin, CircuitRow.outputs)
    stored = session.execute(columns.where(CircuitRow.analysis_id == row.id).order_by(CircuitRow.mask)).all()
    masks = np.array([int(mask, 16) for mask, _, _ in stored], dtype=np.uint64)
    margins = np.array([margin for _, margin, _ in stored], dtype=float)
    rows = 2**network.n_inputs
    outputs = np.stack([values for _, _, values in stored]) if stored else np.empty((0, rows))
    layout = EdgeLayout(network.for_output(row.output).sizes)
    found = CircuitSearch(layout, row.circuits_possible, masks, outputs, margins, row.circuits_truncated_at)
    numbers = row.distributions.get("circuits")
    if numbers is None:  # saved before circuits could be counted without being listed
        return found
    interval = numbers["interval"]
    return replace(
        found,
        method=numbers["method"],
        count=row.circuits_valid,
        interval=None if interval is None else (interval[0], interval[1]),
        confidence=numbers["confidence"],
        n_tested=numbers["tested"],
        known_distribution=CircuitDistribution(
            numbers["of"],
            dict(row.distributions["edges"]),
            dict(row.distributions["neurons"]),
            tuple(row.distributions["edge_use"]),
            tuple(tuple(layer) for layer in row.distributions["neuron_use"]),
        ),
    )


def _load_counts(session: Session, row: AnalysisRow) -> InterpretationCounts:
    columns = select(CircuitRow.interpretations, CircuitRow.observed)
    counts = session.execute(columns.where(CircuitRow.analysis_id == row.id).order_by(CircuitRow.mask)).all()
    return InterpretationCounts(tuple(n for n, _ in counts), tuple(n for _, n in counts))


def _load_algorithms(session: Session, row: AnalysisRow, network: Network) -> AlgorithmSearch:
    texts = select(AlgorithmRow).where(AlgorithmRow.analysis_id == row.id).order_by(AlgorithmRow.position)
    algorithms = session.scalars(texts).all()
    text_of = {stored.id: stored.text for stored in algorithms}
    alignments: dict[int, list[ScoredAlignment]] = defaultdict(list)
    # rows were inserted in the engine's order, so ids keep it
    for stored in session.scalars(
        select(AlignmentRow).where(AlignmentRow.analysis_id == row.id).order_by(AlignmentRow.id)
    ):
        alignments[stored.algorithm_row_id].append(alignment_of(stored, text_of[stored.algorithm_row_id]))
    results = tuple(_algorithm_result(stored, tuple(alignments[stored.id]), network.n_inputs) for stored in algorithms)
    return AlgorithmSearch(results, row.algorithms_candidates, row.algorithms_truncated_at)


def _algorithm_result(row: AlgorithmRow, alignments: tuple[ScoredAlignment, ...], n_inputs: int) -> AlgorithmResult:
    verdicts = (row.irredundant_gates, row.irredundant_functions, row.irredundant_literals)
    return AlgorithmResult(
        algorithm=parse_algorithm(row.text, row.form, n_inputs),  # type: ignore[arg-type]  # stored from a Form
        alignments=alignments,
        n_valid=row.n_valid,
        n_minimal=row.n_minimal,
        truncated_at=row.truncated_at,
        irredundant={
            key: verdict for key, verdict in zip(IRREDUNDANT_KEYS, verdicts, strict=True) if verdict is not None
        },
    )
