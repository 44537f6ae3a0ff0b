"""The work of a "model-rivals" job: how different the circuits of a model are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from analysis.circuit_sets.rivals import ListedCircuits, compare
from analysis.explanations.explanation import REF
from analysis.networks.circuit import EdgeLayout
from app.db.models import searched_circuits
from app.jobs.stored_analysis import model_report_handler
from pluriscope.analyses.registry import RIVALS


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


MODEL_RIVALS = model_report_handler(RIVALS, read_model_circuits, compare)
