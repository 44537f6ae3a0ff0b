"""The work of a "rivals" job: how different the circuits of a stored analysis are, and what they have in common."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from analysis.circuit_sets.rivals import ListedCircuits, find_rivals
from analysis.circuits.distribution import CircuitDistribution
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.distributions import distribution_in
from app.db.reads.analyses import analysed_question, scope_of
from app.db.reads.circuit_sets import stored_backbone
from app.db.reads.circuits import whole_column, whole_counts
from app.db.reports import RIVALS as KIND
from app.db.reports import RivalsReport, rivals_report, save_report
from app.db.tables import AnalysisRow
from app.jobs.handlers import Handler, Saved
from app.jobs.stored_analysis import analysis_meant


@dataclass(frozen=True)
class Found:
    """What was found, and how long it took."""

    report: RivalsReport
    seconds: float


def load_rivals_inputs(session: Session, arguments: Mapping[str, Any]) -> ListedCircuits:
    """Read the network, its rules, its listed circuits and what is known of the others.

    Raises:
        NotFound: the analysis is gone or replaced.
    """
    row = analysis_meant(session, arguments)
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


def compute_rivals(inputs: ListedCircuits, work: Work = DEFAULT_WORK) -> Found:
    """Find what differs most."""
    began = time.perf_counter()
    found = rivals_report(find_rivals(inputs, work), inputs.layout, len(inputs.masks))
    return Found(found, time.perf_counter() - began)


def save_rivals(session: Session, arguments: Mapping[str, Any], outcome: Found) -> Saved:
    """Store what was found beside its analysis."""
    row = analysis_meant(session, arguments)
    saved = save_report(session, row, KIND, outcome.report, thorough=True, seconds=outcome.seconds)
    url = Addresses().rivals(row.network.slug, scope_of(row, row.network.sizes[0]))
    return Saved({"url": url, "network": arguments["network"], "content": saved.content}, pair_words(outcome.report))


def pair_words(report: RivalsReport) -> str:
    """The most different circuits, for the job's page."""
    pair = report.pair
    if pair is None:
        return "fewer than two circuits to compare"
    first, second = pair.masks
    return f"{first} and {second}, at Jaccard distance {'' if pair.exact else 'at least '}{pair.distance}"


RIVALS: Handler[ListedCircuits, Found] = Handler(load_rivals_inputs, compute_rivals, save_rivals)
