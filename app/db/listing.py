"""The explanations of a stored analysis as one list, kept in memory for the analyses used last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from pluriscope.addresses.address import ResultRef
from pluriscope.addresses.naming import LETTERS
from pluriscope.analysis.carried_algorithms.relation import CODES, RELATIONS
from pluriscope.analysis.carried_algorithms.relation import LETTERS as OF_RELATIONS
from pluriscope.analysis.placements.report import PlacementsReport
from pluriscope.analysis.readings.report import InterpretationsReport
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.app.db.directions import KIND as DIRECTIONS
from pluriscope.app.db.reads.verdicts import verdict_sets
from pluriscope.app.db.reports import report_of, reports_of
from pluriscope.app.db.rows import columns_of
from pluriscope.app.db.tables import AnalysisReportRow, AnalysisRow, VerdictRow
from pluriscope.app.db.verdicts import outcomes_in, outcomes_of, step_of, verdict_rows
from pluriscope.kinds import placements
from pluriscope.kinds.found import Found, Prominent, Stored
from pluriscope.kinds.listing import REPORT_COLUMNS, frame_of, kinds_of
from pluriscope.processes.recent import Recent
from pluriscope.tables.frames import Frame

MAX_KEPT: Final = 16_000_000  # bytes; the last one stays, however large
_FRAMES: Final = Recent[Frame](MAX_KEPT, lambda frame: frame.n_bytes)
_READING: Final = Lock()
GROUND: Final = "common-ground"
STORIES: Final = "stories"
ALGORITHMS: Final = "algorithms"
INTERPRETATIONS: Final = "interpretations"
ENDS: Final = GROUND, "pair"
"""Analyses that say which interpretations stand out."""
_OF_COLUMNS: Final = tuple(one.analysis for one in REPORT_COLUMNS)
_REPORTS: Final = (*ENDS, STORIES, DIRECTIONS, ALGORITHMS, INTERPRETATIONS, *_OF_COLUMNS)
_OF_ENDS: Final = ("n_interventions", "drawn", "best", "worst", "pair")
"""What of their reports says so."""
_AS_CODES: Final = bytes.maketrans(OF_RELATIONS, CODES)


def frame_of_analysis(session: Session, analysis: AnalysisRow, question: SubjectQuestion, of: ResultRef) -> Frame:
    """The explanations of an analysis, as far as they are stored.

    Args:
        analysis: of a network of any kind.
        question: that it answers.
        of: how addresses name it.
    """
    query = select(AnalysisReportRow.kind, AnalysisReportRow.content, AnalysisReportRow.version)
    kinds = _REPORTS
    reports = query.where(AnalysisReportRow.analysis_id == analysis.id, AnalysisReportRow.kind.in_(kinds))
    verdicts = verdict_rows(session, analysis)
    key = (
        # a row number alone may be given again
        *(str(session.get_bind().engine.url), analysis.id, analysis.result_digest, analysis.created_at, of),
        *sorted(map(tuple, session.execute(reports))),
        *sorted((row.id, row.content) for row in verdicts),
    )
    kept = _FRAMES.get(key)
    if kept is not None:
        return kept
    with _READING:  # one at a time: whoever comes meanwhile finds it kept
        return _FRAMES.of(key, lambda: _read(session, analysis, question, of, verdicts))


def _read(
    session: Session, analysis: AnalysisRow, question: SubjectQuestion, of: ResultRef, verdicts: Sequence[VerdictRow]
) -> Frame:
    reports = reports_of(session, analysis, _REPORTS)
    unsearched = set[str]()
    if DIRECTIONS not in reports:
        unsearched.add("direction")
    unread = bool(question.kind.refuses("formulas"))  # else rows have the algorithms
    placed = unread and ALGORITHMS in reports
    on_sites = placements.columns_of(report_of(reports[ALGORITHMS], PlacementsReport)) if placed else {}
    if unread:
        unsearched |= {"algorithm", "alignment"}
    stored: dict[str, Stored] = on_sites | {
        kind.key: columns_of(session, analysis, kind.key, kind.stored(question))
        for kind in kinds_of(question)
        if kind.key not in unsearched
    }
    survey, relations = reports.get(GROUND), stored_relations(reports.get(STORIES))
    outcomes = {
        kind: {str(step): judged for step, judged in outcomes_of(session, analysis, kind, letters).items()}
        for kind, columns in stored.items()
        if (letters := columns.get("verdicts")) is not None
    }
    of_classes = {row.id: step for row in verdict_rows(session, analysis, "interpretation") if (step := step_of(row))}
    texts = session.execute(select(VerdictRow.id, VerdictRow.by_circuit).where(VerdictRow.id.in_(of_classes)))
    outcomes["interpretation"] = {str(of_classes[number]): outcomes_in(text) for number, text in texts}
    tallies = {str(one.step): one.tally for one in verdict_sets(session, analysis) if one.kind == "interpretation"}
    numbers = [] if survey is None else [np.array(one.split(), np.int64) for one in survey.beside.split("\n")]
    predicted, ranges = (*(one.reshape(2, -1) for one in numbers), None, None)[:2]
    found = Found(
        question,
        of,
        stored,
        outcomes,
        analysis.interpretations_truncated_at != 0,
        None if relations is None else [RELATIONS[code] for code in relations.tolist()],
        predicted,
        0 if survey is None else survey.found["n_interventions"],
        _prominent({key: reports[key].found for key in ENDS if key in reports}),
        analysis.circuits_possible if analysis.circuits_truncated_at is None else None,
        tuple(sorted({str(step) for step in map(step_of, verdicts) if step is not None} - {*tallies})),
        tallies,
        ranges,
        report_of(reports[INTERPRETATIONS], InterpretationsReport) if INTERPRETATIONS in reports else None,
        {key: reports[key].found for key in _OF_COLUMNS if key in reports},
    )
    return frame_of(found)


def prominent_in(session: Session, analysis: AnalysisRow) -> tuple[Prominent, ...]:
    """The best of all interpretations of an analysis, the pair to show, the worst, as far as they are known."""
    own = AnalysisReportRow.analysis_id == analysis.id, AnalysisReportRow.kind.in_(ENDS)
    parts = (AnalysisReportRow.found[name] for name in _OF_ENDS)  # of half a million bytes, where there are many places
    rows = session.execute(select(AnalysisReportRow.kind, *parts).where(*own))
    return _prominent({kind: dict(zip(_OF_ENDS, found, strict=True)) for kind, *found in rows})


def _prominent(reports: Mapping[str, Mapping[str, Any]]) -> tuple[Prominent, ...]:
    ground, pairs = (reports.get(key, {}) for key in ENDS)
    why = "of those drawn" if ground.get("drawn") else "of all"
    ends = {
        mark: (Prominent(int(one["mask"], 16), int(one["index"]), mark, why, one["right"], ground["n_interventions"]),)
        for mark in ("best", "worst")
        if (one := ground.get(mark)) and one["index"] is not None
    }
    two = list[Prominent]()
    if pair := pairs.get("pair"):
        alone = pair["first_right"], pair["second_right"]
        for mark, mask, index, right in zip(LETTERS, pair["masks"], pair["indices"], alone, strict=False):
            all_right = pair["both_right"] + right
            two.append(Prominent(int(mask, 16), int(index), mark, "of the pair", all_right, pairs["n_interventions"]))
    return (*ends.get("best", ()), *two, *ends.get("worst", ()))


def stored_relations(row: AnalysisReportRow | None) -> NDArray[np.uint8] | None:
    """Relation of each circuit's carried algorithm to the whole network's: ``[circuits]`` codes; None without a report,
    or where it has no circuits.
    """
    if row is None or not row.found["algorithms"]:
        return None
    return np.frombuffer(row.beside.encode().translate(_AS_CODES), np.uint8)
