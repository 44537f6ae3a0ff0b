"""The work of a "model-methods" job: what discovery methods answer about a model, located among its valid circuits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy.orm import Session

from analysis.discovery.model_location import ModelLandscape, audit_model
from analysis.discovery.model_method import RULES
from analysis.discovery.model_registry import MODEL_METHOD_BY_KEY, default_model_methods, model_sweep
from analysis.explanations.explanation import REF, Frame
from analysis.models.circuits import MasksFound
from analysis.models.judging import NOT_ASKED
from analysis.models.model import Rules
from analysis.models.protocol import ModelProtocol
from analysis.models.registry import read_model
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.errors import NotFound
from app.db.methods import MethodsReport, methods_report
from app.db.models import CircuitSearch, find_model, model_of, save_methods, searches_of, stored_circuits
from app.jobs.handlers import Handler, Saved

SWEPT_MILLISECONDS: Final = 100.0
"""What a run of one circuit may take for methods to be asked under more than their default settings, some thousand
runs."""


@dataclass(frozen=True)
class MethodInputs:
    """What methods are asked about.

    Args:
        document: the model's file.
        rules: that its circuits were searched under.
        search: what the search says of itself.
        frame: the circuits that it listed, as columns.
    """

    document: bytes
    rules: Rules
    search: CircuitSearch
    frame: Frame


def load_method_inputs(session: Session, arguments: Mapping[str, Any]) -> MethodInputs:
    """Read the model and its circuits.

    Raises:
        NotFound: it is not stored any more, or its circuits are not.
        InvalidProtocol: its kind has no such rules.
    """
    row = find_model(session, arguments["model"])
    kind, _ = model_of(row)
    search = searches_of(session, [row.id]).get((row.id, arguments["rules"]))
    frame = stored_circuits(session, row.id, arguments["rules"], kind)
    if search is None or frame is None:
        raise NotFound(f"circuits of {row.slug}", "are not searched under these rules", "search them first")
    return MethodInputs(row.document, kind.rules(arguments["rules"]), search, frame)


def compute_model_methods(inputs: MethodInputs, work: Work = DEFAULT_WORK) -> MethodsReport:
    """Ask every method under its settings, all of which run the model some hundred times."""
    kind, model = read_model(inputs.document)
    search, frame = inputs.search, inputs.frame
    place_of = {int(mask, 16): place for place, mask in enumerate(frame[REF].tolist())}
    masks = np.array(sorted(place_of), dtype=np.uint64)
    possible = int(search.possible)
    by_bits = dict(search.by_bits)
    found = MasksFound(masks, search.valid, possible, possible, by_bits, search.bit_use, None, masks[:0])

    def known(mask: int) -> dict[str, str] | None:
        if mask not in place_of:
            return None
        told = {name: column[place_of[mask]] for name, column in frame.items() if column.dtype.kind == "U"}
        return {name: str(value) for name, value in told.items() if value != NOT_ASKED}

    landscape = ModelLandscape(kind, model, ModelProtocol("", inputs.rules), found, known, work)
    swept = landscape.space.run_milliseconds <= SWEPT_MILLISECONDS
    cut = landscape.cuts[RULES]
    answers = audit_model(landscape, model_sweep(landscape.cuts) if swept else default_model_methods(cut), work)
    reasons = ((method.label, method.refuses(cut)) for method in MODEL_METHOD_BY_KEY.values())
    refused = {label: f"{reason[:1].upper()}{reason[1:]}." for label, reason in reasons if reason}
    return methods_report(answers, refused, MODEL_METHOD_BY_KEY, landscape.space.graph, complete=landscape.complete)


def save_model_methods(session: Session, arguments: Mapping[str, Any], outcome: MethodsReport) -> Saved:
    """Store the answers beside the circuits."""
    row = find_model(session, arguments["model"])
    save_methods(session, row, arguments["rules"], outcome)
    url = Addresses().model_methods(row.slug, arguments["rules"])
    return Saved({"url": url, "model": row.digest, "rules": arguments["rules"]}, outcome.words)


MODEL_METHODS: Final[Handler[MethodInputs, MethodsReport]] = Handler(
    load_method_inputs, compute_model_methods, save_model_methods
)
