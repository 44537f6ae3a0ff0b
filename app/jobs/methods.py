"""The work of a "model-methods" job: what discovery methods answer about a model, located among its valid circuits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from analysis.discovery.audit import audit
from analysis.discovery.registry import MODEL_METHOD_BY_KEY, default_model_methods
from analysis.discovery.report import MethodsReport, methods_report
from analysis.discovery.sweep import model_sweep
from analysis.explanations.explanation import Frame
from analysis.models.model import Rules
from analysis.models.registry import read_model
from analysis.work import DEFAULT_WORK, Work
from app.db.models import CircuitSearch as ModelSearch
from app.db.models import model_of, searched_circuits, stored_landscape
from app.jobs.stored_analysis import model_report_handler
from pluriscope.analyses.registry import METHODS

SWEPT_MILLISECONDS: Final = 100.0
"""What a run of one circuit of a model may take for methods to be asked under more than their default settings, some
thousand runs."""


@dataclass(frozen=True)
class ModelMethodInputs:
    """What methods are asked about a model.

    Args:
        document: the model's file.
        rules: that its circuits were searched under.
        search: what the search says of itself.
        frame: the circuits that it listed, as columns.
    """

    document: bytes
    rules: Rules
    search: ModelSearch
    frame: Frame


def read_model_circuits(session: Session, arguments: Mapping[str, Any]) -> ModelMethodInputs:
    """The model and its circuits.

    Raises:
        NotFound: it is not stored any more, or its circuits are not.
        InvalidProtocol: its kind has no such rules.
    """
    row, search, frame = searched_circuits(session, arguments["model"], arguments["rules"])
    kind, _ = model_of(row)
    return ModelMethodInputs(row.document, kind.rules(arguments["rules"]), search, frame)


def ask_of_model(inputs: ModelMethodInputs, work: Work = DEFAULT_WORK) -> MethodsReport:
    """Ask every method under its settings, all of which run the model some hundred times."""
    kind, model = read_model(inputs.document)
    landscape = stored_landscape(kind, model, inputs.rules, inputs.search, inputs.frame, work)
    swept = landscape.space.run_milliseconds <= SWEPT_MILLISECONDS
    cut = landscape.cut("")
    asked = model_sweep(landscape.cuts) if swept else default_model_methods(cut)
    answers = audit(landscape, asked, work=work)
    reasons = ((method.label, method.refuses(cut)) for method in MODEL_METHOD_BY_KEY.values())
    refused = {label: f"{reason[:1].upper()}{reason[1:]}." for label, reason in reasons if reason}
    return methods_report(answers, refused, MODEL_METHOD_BY_KEY, landscape.space.graph, complete=landscape.complete)


MODEL_METHODS = model_report_handler(METHODS, read_model_circuits, ask_of_model)
