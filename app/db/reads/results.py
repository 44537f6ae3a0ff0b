"""A stored analysis as the value that the engine returned, for result files and checks."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.algorithms.parsing import parse_algorithm
from analysis.alignments.alignment import ScoredAlignment
from analysis.alignments.result import AlgorithmResult, AlgorithmSearch
from analysis.circuits.judging import evaluate_circuits
from analysis.circuits.result import CircuitSearch
from analysis.directions.report import DirectionsReport, searches_of
from analysis.directions.result_json import directions_json
from analysis.interpretations.result import InterpretationCounts
from analysis.networks.circuit import EdgeLayout
from analysis.networks.network import Network
from analysis.question import Question
from analysis.result import CriterionTally, OutputAnalysis
from analysis.result_file import exact, result_json, self_contained
from app.db.codecs import alignment_of, network_file_of
from app.db.directions import KIND as DIRECTIONS
from app.db.directions import kept_directions, kept_of
from app.db.distributions import candidates_in
from app.db.reads.analyses import analysed_question
from app.db.reads.circuit_sets import search_of
from app.db.reads.circuits import masks_of, whole_counts
from app.db.reads.verdicts import tallies_of
from app.db.reports import report_of, report_row
from app.db.rows import columns_of
from app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow, NetworkRow

_PLACE: Final = re.compile(r'"\\u0000([a-z]+ [0-9]+)"')  # nothing else in a result file begins with such a character
_AT_ONCE: Final = 4_096  # circuits
IRREDUNDANT_KEYS = ("irredundant-gates", "irredundant-functions", "irredundant-literals")


def load_analysis(session: Session, row: AnalysisRow, *, lists: bool = True) -> OutputAnalysis:
    """The whole analysis of a row, equal to the one that was saved.

    Args:
        session: of the reader.
        row: the analysis.
        lists: whether to read its circuits and their counts; else there are as many circuits, all of them 0, and of
            the counts their sums alone.
    """
    question = analysed_question(session, row)
    network = question.model
    return OutputAnalysis(
        question=question,
        circuits=_load_circuits(session, row, question, lists),
        interpretations=_load_counts(session, row, lists),
        algorithms=_load_algorithms(session, row, network),
        criteria={key: _tally(stored) for key, stored in row.criteria.items()},
        seconds=row.seconds,
    )


def listed_masks(session: Session, row: AnalysisRow, layout: EdgeLayout) -> Iterator[list[str]]:
    """The masks of the listed circuits as text, ascending, some thousand at a time."""
    masks = masks_of(session, row)
    for start in range(0, len(masks), _AT_ONCE):
        yield list(map(layout.to_hex, masks[start : start + _AT_ONCE].tolist()))


def counts_by_circuit(session: Session, row: AnalysisRow, layout: EdgeLayout) -> Iterator[list[tuple[str, int]]]:
    """Each mask with how many interpretations the circuit has, some thousand at a time."""
    counts, start = whole_counts(session, row, "interpretations"), 0
    for some in listed_masks(session, row, layout):
        yield list(zip(some, counts[start : start + len(some)], strict=True))
        start += len(some)


def result_parts(
    session: Session, row: NetworkRow, stored: Sequence[AnalysisRow], *, masks: bool = True, whole: bool = False
) -> Iterator[str]:
    """A result file as text, its lists of circuits some thousand at a time.

    Args:
        session: of the reader.
        row: the network.
        stored: at least one of its analyses, all under one protocol and data record, by output.
        masks: whether to list the valid circuits and their interpretation counts.
        whole: whether to add the network and a data record of its own, so that the file can be read by itself.
    """
    verdicts = [tallies_of(session, one) for one in stored]
    found = [load_analysis(session, one, lists=False) for one in stored]
    directions = [_directions(session, one, of.question) for one, of in zip(stored, found, strict=True)]
    document: dict[str, Any] = result_json(found, masks=False, verdicts=verdicts, directions=directions)
    # what is stored was found by the engine of its day
    document["engine"] = ", ".join(sorted({one.engine_version for one in stored}))
    if whole:
        document = self_contained(document, network_file_of(row), found[0].question.record)
    lists: dict[str, Iterator[str]] = {}
    for number, (one, analysis) in enumerate(zip(stored, found, strict=True)):
        layout, output = analysis.circuits.layout, document["outputs"][number]
        if masks:
            output["circuits"]["masks"] = f"\0masks {number}"
            output["interpretations"]["by_circuit"] = f"\0counts {number}"
        lists[f"masks {number}"] = _joined("[]", map(_as_text, listed_masks(session, one, layout)))
        counts = counts_by_circuit(session, one, layout)
        lists[f"counts {number}"] = _joined("{}", (_as_text({mask: exact(n) for mask, n in some}) for some in counts))
    for place, text in enumerate(_PLACE.split(_as_text(document))):
        yield from lists[text] if place % 2 else [text]


def _directions(session: Session, row: AnalysisRow, question: Question) -> dict[str, Any]:
    """What was found on directions; empty where nothing was searched."""
    stored = report_row(session, row, DIRECTIONS)
    if stored is None:
        return {}
    kept = [kept_of(one, question) for one in kept_directions(session, row.id)]
    return directions_json(searches_of(report_of(stored, DirectionsReport), kept, question))


def _as_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _joined(brackets: str, parts: Iterable[str]) -> Iterator[str]:
    """One list or object of the contents of several."""
    yield brackets[0]
    for number, part in enumerate(parts):
        yield ("," if number else "") + part[1:-1]
    yield brackets[1]


def _tally(stored: dict[str, int]) -> CriterionTally:
    return CriterionTally(**{key: int(value) for key, value in stored.items() if key != "of"})


def _load_circuits(session: Session, row: AnalysisRow, question: Question, lists: bool) -> CircuitSearch:
    """Outputs are not stored: the weights give them again."""
    if lists:
        masks, margins = masks_of(session, row), np.asarray(columns_of(session, row, "circuit")["margin"])
        outputs, _ = evaluate_circuits(question, masks)
    else:
        masks, margins = (np.broadcast_to(zero, row.circuits_listed) for zero in (np.uint64(0), np.float64(0)))
        outputs = np.broadcast_to(np.float64(0), (row.circuits_listed, 2**question.model.n_inputs))
    found = search_of(row, question.layout, masks, outputs, margins)
    return replace(found, known_distribution=None) if lists and row.circuits_method == "listed" else found


def _load_counts(session: Session, row: AnalysisRow, lists: bool) -> InterpretationCounts:
    sums = (row.interpretations_total,), (row.interpretations_observed,)
    total, observed = (whole_counts(session, row, name) for name in ("interpretations", "observed")) if lists else sums
    return InterpretationCounts(total, observed, row.interpretations_truncated_at, row.interpretations_complete)


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
    totals = candidates_in(row.distributions)
    return AlgorithmSearch(results, row.algorithms_candidates, row.algorithms_truncated_at, totals)


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
