"""The work of a "model-rivals" job: how different the circuits of a model are, and a map of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from sqlalchemy.orm import Session

from analysis.circuit_sets.rivals import ListedCircuits, find_rivals
from analysis.explanations.explanation import REF
from analysis.models.common import backbone_of_bits
from analysis.networks.circuit import EdgeLayout
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.models import find_model, save_beside, searched_circuits
from app.db.reports import RIVALS, RivalsReport, rivals_report
from app.jobs.handlers import Handler, Saved
from app.jobs.rivals import pair_words


def load_rivals_inputs(session: Session, arguments: Mapping[str, Any]) -> ListedCircuits:
    """Read the circuits.

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


def compute_rivals(inputs: ListedCircuits, work: Work = DEFAULT_WORK) -> RivalsReport:
    """Find what differs most."""
    return rivals_report(find_rivals(inputs, work), inputs.layout, len(inputs.masks))


def save_rivals(session: Session, arguments: Mapping[str, Any], outcome: RivalsReport) -> Saved:
    """Store what was found beside the circuits."""
    row = find_model(session, arguments["model"])
    save_beside(session, row, arguments["rules"], RIVALS, outcome)
    url = Addresses().model_rivals(row.slug, arguments["rules"])
    return Saved({"url": url, "model": row.digest, "rules": arguments["rules"]}, pair_words(outcome))


MODEL_RIVALS: Final[Handler[ListedCircuits, RivalsReport]] = Handler(load_rivals_inputs, compute_rivals, save_rivals)
