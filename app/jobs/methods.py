"""The work of a "methods" job: what discovery methods answer about a stored analysis, located among its circuits."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from analysis.circuits.result import CircuitSearch
from analysis.discovery.audit import Audited, audit
from analysis.discovery.location import Landscape
from analysis.discovery.registry import METHOD_BY_KEY
from analysis.discovery.sweep import sweep
from analysis.errors import InvalidMethod
from analysis.method_settings import Value
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.methods import METHODS as KIND
from app.db.methods import MethodsReport, methods_report
from app.db.reads.analyses import analysed_question, scope_of
from app.db.reads.circuit_sets import stored_search
from app.db.reports import save_report
from app.jobs.handlers import Handler, Saved
from app.jobs.stored_analysis import analysis_meant

MAX_JUDGED: Final = 200_000
"""Circuits up to which answers are judged by criteria, since minimality looks at all of them."""


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
class Answered:
    """What was answered, and how long it took."""

    report: MethodsReport
    seconds: float


def load_method_inputs(session: Session, arguments: Mapping[str, Any]) -> MethodInputs:
    """Read the network, its rules and its circuits.

    Raises:
        NotFound: the analysis is gone or replaced.
    """
    row = analysis_meant(session, arguments)
    question = analysed_question(session, row)
    return MethodInputs(question, stored_search(session, row, question.layout), bool(arguments["thorough"]))


def compute_methods(inputs: MethodInputs, work: Work = DEFAULT_WORK) -> Answered:
    """Ask every method under its settings; only those that learn load torch."""
    began = time.perf_counter()
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
    report = methods_report(answers, refused, METHOD_BY_KEY, question.layout, complete=complete, thorough=thorough)
    return Answered(report, time.perf_counter() - began)


def save_methods(session: Session, arguments: Mapping[str, Any], outcome: Answered) -> Saved:
    """Store the answers beside their analysis."""
    row = analysis_meant(session, arguments)
    report = outcome.report
    saved = save_report(session, row, KIND, report, thorough=report.thorough, seconds=outcome.seconds)
    url = Addresses().methods(row.network.slug, scope_of(row, row.network.sizes[0]))
    return Saved({"url": url, "network": arguments["network"], "content": saved.content}, report.words)


METHODS: Handler[MethodInputs, Answered] = Handler(load_method_inputs, compute_methods, save_methods)
