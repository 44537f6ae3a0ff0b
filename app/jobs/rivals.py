"""The work of "rivals" and "model-rivals" jobs: how different circuits are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from analysis.circuit_sets.rivals import ListedCircuits, find_rivals
from analysis.explanations.explanation import REF
from analysis.networks.circuit import EdgeLayout
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.models import searched_circuits
from app.db.reads.analyses import analysed_question
from app.db.reads.circuits import masks_of, whole_counts
from app.db.reports import RIVALS as KIND
from app.db.reports import RivalsReport
from app.db.tables import AnalysisRow
from app.jobs.stored_analysis import model_report_handler, report_handler


def read_circuits(session: Session, row: AnalysisRow, _: Mapping[str, Any]) -> ListedCircuits:
    """The network, its rules and its listed circuits."""
    masks = masks_of(session, row)
    question = analysed_question(session, row)
    return ListedCircuits(
        question=question,
        layout=question.layout,
        masks=masks,
        observed=whole_counts(session, row, "observed") if row.interpretations_truncated_at is None else (),
        complete=row.circuits_truncated_at is None,
    )


def read_model_circuits(session: Session, arguments: Mapping[str, Any]) -> ListedCircuits:
    """The circuits of a model.

    Raises:
        NotFound: the model is not stored any more, or its circuits are not.
        InvalidProtocol: its kind has no such rules.
    """
    _, search, frame = searched_circuits(session, arguments["model"], arguments["rules"])
    masks = np.array(sorted(int(mask, 16) for mask in frame[REF].tolist()), dtype=np.uint64)
    return ListedCircuits(
        question=None,
        layout=EdgeLayout((len(search.bit_use), 1)),
        masks=masks,
        observed=(),
        complete=search.listed == search.valid,
    )


def compare(inputs: ListedCircuits, work: Work = DEFAULT_WORK) -> RivalsReport:
    """Find what differs most."""
    return RivalsReport.showing(find_rivals(inputs, work), inputs.layout, of=len(inputs.masks))


def pair_words(report: RivalsReport) -> str:
    """The most different circuits, for the job's page."""
    pair = report.pair
    if pair is None:
        return "fewer than two circuits to compare"
    first, second = pair.masks
    return f"{first} and {second}, at Jaccard distance {'' if pair.exact else 'at least '}{pair.distance}"


RIVALS = report_handler(KIND, read_circuits, compare, Addresses.rivals, pair_words)
MODEL_RIVALS = model_report_handler(KIND, read_model_circuits, compare, Addresses.rivals, pair_words)
