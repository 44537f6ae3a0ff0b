"""What the store has of one analysis as one list; kept for the analyses asked for last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from analysis.explanations.registry import RECORDED
from analysis.models.model import Graph, ModelKind
from analysis.question import Question
from analysis.stories.relation import RELATIONS
from app.db.cloud_storage import made_shares, stored_shares
from app.db.model_tables import ModelRow
from app.db.models import searches_of, stored_circuits
from app.db.reads.directions import all_direction_alignments, direction_searches
from app.db.reads.verdicts import outcomes_of, step_of
from app.db.recorded import stored_searches
from app.db.reports import report_row
from app.db.rows import columns_of, key_of
from app.db.stories import STORIES, stored_relations
from app.db.tables import AnalysisRow, CommonGroundRow, VerdictRow
from app.recent import Recent
from pluriscope.addresses import ResultRef
from pluriscope.frames import Frame
from pluriscope.kinds import algorithms, alignments, circuits, directions
from pluriscope.kinds.found import Found
from pluriscope.kinds.listing import frame_of, frame_of_transformer
from pluriscope.kinds.recorded import stored_types

MAX_KEPT: Final = 128_000_000  # bytes
NOT_JUDGED: Final = 255
_FRAMES: Final = Recent[Frame](MAX_KEPT, lambda frame: frame.n_bytes)
_READING: Final = Lock()


def frame_of_analysis(session: Session, analysis: AnalysisRow, question: Question, of: ResultRef) -> Frame:
    """The explanations of an analysis, as far as they are stored.

    Args:
        session: open session.
        analysis: the analysis, finished or not.
        question: that it answers.
        of: how addresses name it.
    """
    survey = session.get(CommonGroundRow, analysis.id, options=[defer(CommonGroundRow.facts)])  # a cloud of thousands
    stories = report_row(session, analysis, STORIES)
    query = select(VerdictRow).where(VerdictRow.analysis_id == analysis.id)
    verdicts = [row for row in session.scalars(query) if row.kind != "interpretation"]
    key = (
        *(key_of(session, analysis), of),
        *(one.content for one in (survey, stories) if one is not None),
        *sorted((row.id, row.content) for row in verdicts),
        *(search.content for search in direction_searches(session, analysis.id).values()),
        repr(stored_searches(session, analysis.id)),
    )
    kept = _FRAMES.get(key)
    if kept is not None:
        return kept
    with _READING:  # one at a time: whoever comes meanwhile finds it kept
        return _FRAMES.of(key, lambda: _read(session, analysis, question, of, survey, verdicts))


def frame_of_circuits(
    session: Session, row: ModelRow, rules: str, kind: ModelKind, graph: Graph, of: ResultRef
) -> Frame | None:
    """The circuits of a transformer as the same list; None where they were not searched.

    Args:
        session: open session.
        row: the transformer.
        rules: that they are valid under, as the store writes them.
        kind: of the model.
        graph: of the model under these rules.
        of: how addresses name it.
    """
    search = searches_of(session, [row.id]).get((row.id, rules))
    if search is None:
        return None

    def read() -> Frame:
        return frame_of_transformer(stored_circuits(session, row.id, rules, kind) or {}, graph, kind, of)

    return _FRAMES.of((row.digest, rules, repr(search), of), read)


def _read(
    session: Session,
    analysis: AnalysisRow,
    question: Question,
    of: ResultRef,
    survey: CommonGroundRow | None,
    verdicts: Sequence[VerdictRow],
) -> Frame:
    stored: dict[str, Mapping[str, Any]] = {
        "circuit": columns_of(session, analysis, "circuit", tuple(circuits.STORED)),
        "algorithm": columns_of(session, analysis, "algorithm", ("id", *algorithms.STORED)),
        "alignment": columns_of(session, analysis, "alignment", tuple(alignments.STORED)),
    }
    if direction_searches(session, analysis.id):
        stored["direction"] = _directions(session, analysis)
    searched = stored_searches(session, analysis.id)
    stored |= {
        kind.key: columns_of(session, analysis, kind.key, tuple(stored_types(kind)))
        for kind in RECORDED
        if kind.key in searched
    }
    relations = stored_relations(session, analysis, report_row(session, analysis, STORIES))
    outcomes: dict[str, dict[str, NDArray[np.uint8]]] = {}
    told = outcomes_of(session, [row.id for row in verdicts])
    valid = np.flatnonzero(np.array(stored["alignment"]["valid"], np.bool_))
    for row in verdicts:
        step = step_of(row)
        if step is None or row.kind not in stored:
            continue
        judged = told[row.id]
        if row.kind == "alignment":  # only valid ones are judged
            every = np.full(len(stored["alignment"]["valid"]), NOT_JUDGED, np.uint8)
            every[valid], judged = judged, every
        outcomes.setdefault(row.kind, {})[str(step)] = judged
    found = Found(
        question,
        of,
        stored,
        outcomes,
        analysis.interpretations_truncated_at != 0,
        None if relations is None else [RELATIONS[code] for code in relations.tolist()],
        {} if survey is None else _shares(session, survey, stored),
    )
    steps = {str(step) for step in map(step_of, verdicts) if step is not None}
    return frame_of(found, tuple(sorted(steps)))


def _directions(session: Session, analysis: AnalysisRow) -> dict[str, Any]:
    """The kept alignments on directions, each once with the classes that found it."""
    rows: dict[str, tuple[Any, Any, set[str]]] = {}
    for row, owner, name in all_direction_alignments(session, analysis.id, valid_only=False):
        rows.setdefault(f"{owner.algorithm_id}.{row.alignment_id}", (row, owner, set()))[2].add(name)
    of_owner = {"algorithm_id": "algorithm_id", "form": "form", "algorithm_text": "text", "formula": "formula"}
    found: dict[str, Any] = {
        name: [getattr(owner, attribute) for _, owner, _ in rows.values()] for name, attribute in of_owner.items()
    }
    found |= {
        name: [np.nan if value is None else value for value in (getattr(row, name) for row, _, _ in rows.values())]
        for name in directions.STORED
        if name not in of_owner and name != "classes"
    }
    return found | {"classes": [classes for _, _, classes in rows.values()]}


def _shares(
    session: Session, survey: CommonGroundRow, stored: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, NDArray[np.float64]]:
    """Coverage and accuracy of the alignments."""
    place = {row: number for number, row in enumerate(stored["algorithm"]["id"])}
    owners = np.array([place[row] for row in stored["alignment"]["algorithm_row_id"]], np.int64)
    members = np.array([int(text, 16) for text in stored["alignment"]["alignment_id"]], np.uint64)
    return stored_shares(session, survey, len(owners)) or made_shares(session, survey, owners, members)
