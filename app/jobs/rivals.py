"""The work of "rivals" and "model-rivals" jobs: how different circuits are, and what they have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from analysis.circuit_sets.rivals import ListedCircuits, find_rivals
from analysis.circuits.distribution import CircuitDistribution
from analysis.explanations.explanation import REF
from analysis.models.common import backbone_of_bits
from analysis.networks.circuit import EdgeLayout
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.distributions import distribution_in
from app.db.models import searched_circuits
from app.db.reads.analyses import analysed_question
from app.db.reads.circuit_scan import whole_column
from app.db.reads.circuit_sets import stored_backbone
from app.db.reads.circuits import whole_counts
from app.db.reports import RIVALS as KIND
from app.db.reports import RivalsReport
from app.db.tables import AnalysisRow
from app.jobs.stored_analysis import model_report_handler, report_handler


def read_circuits(session: Session, row: AnalysisRow, _: Mapping[str, Any]) -> ListedCircuits:
    """The network, its rules, its listed circuits and what is known of the others."""
    masks = whole_column(session, row.id, "mask")
    known = distribution_in(row.distributions)
    backbone, question = stored_backbone(row), analysed_question(session, row)
    return ListedCircuits(
        question=question,
        layout=question.layout,
        masks=masks,
        observed=whole_counts(session, row.id, "observed") if row.interpretations_truncated_at is None else (),
        complete=row.circuits_truncated_at is None,
        smallest_complete=row.circuits_truncated_at is None or _every_smallest(row, known, masks),
        backbone=0 if backbone is None else backbone.edges,
    )


def _every_smallest(row: AnalysisRow, known: CircuitDistribution, masks: Any) -> bool:
    """Whether as many of the smallest circuits are listed as were counted."""
    if row.circuits_method != "counted" or not len(masks):
        return False
    least = min(known.by_edges)
    return int(np.count_nonzero(np.bitwise_count(masks) == least)) == known.by_edges[least]


def read_model_circuits(session: Session, arguments: Mapping[str, Any]) -> ListedCircuits:
    """The circuits of a model.

    Raises:
        NotFound: the model is not stored any more, or its circuits are not.
        InvalidProtocol: its kind has no such rules.
    """
    _, search, frame = searched_circuits(session, arguments["model"], arguments["rules"])
    by_bits = dict(search.by_bits)
    masks = np.array(sorted(int(mask, 16) for mask in frame[REF].tolist()), dtype=np.uint64)
    least = min(by_bits, default=0)
    backbone = backbone_of_bits(search.valid, by_bits, search.bit_use)
    return ListedCircuits(
        question=None,
        layout=EdgeLayout((len(search.bit_use), 1)),
        masks=masks,
        observed=(),
        complete=search.listed == search.valid,
        smallest_complete=int((np.bitwise_count(masks) == least).sum()) == by_bits.get(least, 0),
        backbone=0 if backbone is None else backbone.edges,
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
