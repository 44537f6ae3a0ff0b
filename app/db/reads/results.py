"""A stored analysis as the value that the engine returned, for result files and checks, and as a result file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.algorithms.redundancy import IRREDUNDANT
from pluriscope.analysis.circuits.judging import evaluate_circuits
from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.interpretations.result import InterpretationCounts
from pluriscope.analysis.network_files.result_file import read_stops, read_tally, result_json, self_contained
from pluriscope.analysis.placements.placement import OnNeurons
from pluriscope.analysis.placements.result import AlgorithmResult, AlgorithmSearch
from pluriscope.analysis.results.result import OutputAnalysis
from pluriscope.analysis.subjects.perceptron.kind import PERCEPTRON
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.app.db.codecs import document_of, network_file_of, placement_of
from pluriscope.app.db.distributions import candidates_in
from pluriscope.app.db.reads.analyses import analysed_question
from pluriscope.app.db.reads.circuits import masks_of, search_of, stored_search, whole_counts
from pluriscope.app.db.reports import report_row
from pluriscope.app.db.rows import column_of
from pluriscope.app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow, NetworkRow


def load_analysis(
    session: Session, row: AnalysisRow, *, outputs: bool = True, algorithms: bool = True
) -> OutputAnalysis:
    """The whole analysis of a row, equal to the one that was saved.

    Args:
        outputs: whether those of its circuits, which are not stored, are computed again; else all of them are 0.
        algorithms: whether the listed algorithms and their alignments are read; else there are none.
    """
    question = analysed_question(session, row)
    return OutputAnalysis(
        question=question,
        circuits=_load_circuits(session, row, question, outputs),
        interpretations=InterpretationCounts(
            whole_counts(session, row, "interpretations"),
            whole_counts(session, row, "observed"),
            row.interpretations_truncated_at,
            row.interpretations_complete,
        ),
        algorithms=load_algorithms(session, row, question)
        if algorithms
        else AlgorithmSearch((), row.algorithms_candidates, row.algorithms_truncated_at),
        criteria={key: read_tally(stored) for key, stored in row.criteria.items()},
        seconds=row.seconds,
        stops=read_stops(row.distributions),
    )


def stored_result(
    session: Session, row: NetworkRow, stored: Sequence[AnalysisRow], *, masks: bool = True, whole: bool = False
) -> dict[str, Any]:
    """A result file of a network of any kind.

    Args:
        stored: at least one of its analyses, all under one protocol and data record, by output.
        masks: whether to list the valid circuits and their interpretation counts.
        whole: whether to add the network and a data record of its own, so that the file can be read by itself.
    """
    question = analysed_question(session, stored[0])
    if question.kind.refuses("formulas"):
        seconds = stored[0].seconds.get("circuits", 0.0)
        found = stored_search(session, stored[0], question)
        document: dict[str, Any] = question.kind.explaining.result_json(question, found, masks=masks, seconds=seconds)
    else:
        document = result_json([load_analysis(session, one, outputs=False) for one in stored], masks=masks)
    for one, output in zip(stored, document["outputs"], strict=False):
        if (placed := report_row(session, one, "algorithms")) is not None:
            output["placements"] = placed.found
    # what is stored was found by the engine of its day
    document["engine"] = ", ".join(sorted({one.engine_version for one in stored}))
    if not whole:
        return document
    if row.document is not None:
        return {**document, "network_file": document_of(row)}
    return self_contained(document, PERCEPTRON, network_file_of(row), question.record)


def _load_circuits(session: Session, row: AnalysisRow, question: Question, outputs: bool) -> CircuitSearch:
    masks, margins = masks_of(session, row), np.asarray(column_of(session, row, "circuit", "margin"))
    zeros = np.broadcast_to(np.float64(0), (len(masks), 2**question.subject.n_inputs))
    outputs_of = evaluate_circuits(question, masks)[0] if outputs else zeros
    found = search_of(row, masks, question.layout, outputs=outputs_of, margins=margins)
    return replace(found, known_distribution=None) if row.circuits_method == "listed" else found


def load_algorithms(session: Session, row: AnalysisRow, question: Question) -> AlgorithmSearch:
    """The search for algorithms of an analysis, with the placements that are kept."""
    n_inputs = question.subject.n_inputs
    texts = select(AlgorithmRow).where(AlgorithmRow.analysis_id == row.id).order_by(AlgorithmRow.position)
    algorithms = session.scalars(texts).all()
    text_of = {stored.id: stored.text for stored in algorithms}
    alignments: dict[int, list[OnNeurons]] = defaultdict(list)
    # rows were inserted in the engine's order, so ids keep it
    for stored in session.scalars(
        select(AlignmentRow).where(AlignmentRow.analysis_id == row.id).order_by(AlignmentRow.id)
    ):
        alignments[stored.algorithm_row_id].append(placement_of(stored, text_of[stored.algorithm_row_id]))
    results = tuple(_algorithm_result(stored, tuple(alignments[stored.id]), n_inputs) for stored in algorithms)
    totals = candidates_in(row.distributions)
    return AlgorithmSearch(results, row.algorithms_candidates, row.algorithms_truncated_at, totals)


def _algorithm_result(row: AlgorithmRow, alignments: tuple[OnNeurons, ...], n_inputs: int) -> AlgorithmResult:
    verdicts = (row.irredundant_gates, row.irredundant_functions, row.irredundant_literals)
    return AlgorithmResult(
        algorithm=parse_algorithm(row.text, row.form, n_inputs),
        alignments=alignments,
        n_valid=row.n_valid,
        n_minimal=row.n_minimal,
        truncated_at=row.truncated_at,
        irredundant={key: verdict for key, verdict in zip(IRREDUNDANT, verdicts, strict=True) if verdict is not None},
    )
