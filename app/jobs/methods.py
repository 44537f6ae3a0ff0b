"""The work of "methods" and "model-methods" jobs: what discovery methods answer, located among all valid circuits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from analysis.circuits.result import CircuitSearch
from analysis.discovery.audit import Audited, audit
from analysis.discovery.location import Landscape
from analysis.discovery.registry import METHOD_BY_KEY, MODEL_METHOD_BY_KEY, default_model_methods
from analysis.discovery.sweep import model_sweep, sweep
from analysis.errors import InvalidMethod
from analysis.explanations.explanation import Frame
from analysis.method_settings import Value
from analysis.models.model import Rules
from analysis.models.registry import read_model
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.methods import METHODS as KIND
from app.db.methods import MethodsReport, methods_report
from app.db.models import CircuitSearch as ModelSearch
from app.db.models import model_of, searched_circuits, stored_landscape
from app.db.reads.analyses import analysed_question
from app.db.reads.circuit_sets import stored_search
from app.db.tables import AnalysisRow
from app.jobs.stored_analysis import model_report_handler, report_handler

MAX_JUDGED: Final = 200_000
"""Circuits up to which answers are judged by criteria, since minimality looks at all of them."""
SWEPT_MILLISECONDS: Final = 100.0
"""What a run of one circuit of a model may take for methods to be asked under more than their default settings, some
thousand runs."""


@dataclass(frozen=True)
class MethodInputs:
    """What methods are asked about.

    Args:
        thorough: whether those that learn are asked too.
    """

    question: Question
    circuits: CircuitSearch
    thorough: bool


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


def read_circuits(session: Session, row: AnalysisRow, arguments: Mapping[str, Any]) -> MethodInputs:
    """The network, its rules and its circuits."""
    question = analysed_question(session, row)
    return MethodInputs(question, stored_search(session, row, question.layout), bool(arguments["thorough"]))


def read_model_circuits(session: Session, arguments: Mapping[str, Any]) -> ModelMethodInputs:
    """The model and its circuits.

    Raises:
        NotFound: it is not stored any more, or its circuits are not.
        InvalidProtocol: its kind has no such rules.
    """
    row, search, frame = searched_circuits(session, arguments["model"], arguments["rules"])
    kind, _ = model_of(row)
    return ModelMethodInputs(row.document, kind.rules(arguments["rules"]), search, frame)


def ask(inputs: MethodInputs, work: Work = DEFAULT_WORK) -> MethodsReport:
    """Ask every method under its settings; only those that learn load torch."""
    question, circuits = inputs.question, inputs.circuits
    landscape = Landscape(question, circuits, work, judges=len(circuits.masks) <= MAX_JUDGED)
    asked = sweep(thorough=inputs.thorough)
    barred: dict[Value, str] = {}
    try:
        landscape.cut("pairs")
    except InvalidMethod as problem:
        barred["pairs"] = f"{problem.cause[:1].upper()}{problem.cause[1:]}."
    refused = {method.label: barred["pairs"] for method, settings in asked if settings["ablation"] in barred}
    found = audit(landscape, [one for one in asked if one[1]["ablation"] not in barred], (), work)
    answers = [one for one in found if isinstance(one, Audited)]
    complete, thorough = circuits.truncated_at is None, inputs.thorough
    return methods_report(answers, refused, METHOD_BY_KEY, question.layout, complete=complete, thorough=thorough)


def ask_of_model(inputs: ModelMethodInputs, work: Work = DEFAULT_WORK) -> MethodsReport:
    """Ask every method under its settings, all of which run the model some hundred times."""
    kind, model = read_model(inputs.document)
    landscape = stored_landscape(kind, model, inputs.rules, inputs.search, inputs.frame, work)
    swept = landscape.space.run_milliseconds <= SWEPT_MILLISECONDS
    cut = landscape.cut("")
    asked = model_sweep(landscape.cuts) if swept else default_model_methods(cut)
    answers = [one for one in audit(landscape, asked, work=work) if isinstance(one, Audited)]
    reasons = ((method.label, method.refuses(cut)) for method in MODEL_METHOD_BY_KEY.values())
    refused = {label: f"{reason[:1].upper()}{reason[1:]}." for label, reason in reasons if reason}
    return methods_report(answers, refused, MODEL_METHOD_BY_KEY, landscape.space.graph, complete=landscape.complete)


def _words(report: MethodsReport) -> str:
    return report.words


METHODS = report_handler(KIND, read_circuits, ask, Addresses.methods, _words, graded=True)
MODEL_METHODS = model_report_handler(KIND, read_model_circuits, ask_of_model, Addresses.methods, _words)
