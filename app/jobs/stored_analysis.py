"""Going on from what is stored, an analysis or the circuits of a model: which is meant, and reports beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session

from analysis.report import Part, Report
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.errors import NotFound
from app.db.models import find_model, model_of, save_beside
from app.db.reads.analyses import analysis_by_key, network_by_digest
from app.db.tables import AnalysisRow
from app.jobs.handlers import Handler, Saved
from pluriscope.analyses.registry import Analysis
from pluriscope.naming import RulesScope

Inputs = TypeVar("Inputs")
Found = TypeVar("Found", bound=Part)
Arguments = Mapping[str, Any]


def analysis_meant(session: Session, arguments: Arguments) -> AnalysisRow:
    """The analysis that a job's arguments name.

    Args:
        arguments: with ``network``, ``output``, ``protocol``, ``data`` and ``result``.

    Raises:
        NotFound: it is not stored any more, or another result stands in its place.
    """
    network = network_by_digest(session, arguments["network"])
    row = network and analysis_by_key(
        session, network.id, int(arguments["output"]), arguments["protocol"], arguments["data"]
    )
    item = f"analysis of network {arguments['network'][:12]}"
    if not row:
        raise NotFound(item, "is not stored any more", "ask for it again")
    if row.result_digest != arguments["result"]:
        raise NotFound(item, "has another result by now than the one that was meant", "ask again")
    return row


@dataclass(frozen=True)
class Timed(Generic[Found]):
    """What was found, and how long it took."""

    found: Found
    seconds: float


def timed(compute: Callable[[Inputs, Work], Found], inputs: Inputs, work: Work = DEFAULT_WORK) -> Timed[Found]:
    """Compute, and say how long it took."""
    began = time.perf_counter()
    found = compute(inputs, work)
    return Timed(found, time.perf_counter() - began)


def model_report_handler(
    analysis: Analysis, read: Callable[[Session, Arguments], Inputs], compute: Callable[..., Report]
) -> Handler[Inputs, Report]:
    """The work of an analysis of the circuits of a model of another kind, whose report is kept beside them."""

    def save(session: Session, arguments: Arguments, outcome: Report) -> Saved:
        row, rules = find_model(session, arguments["model"]), arguments["rules"]
        save_beside(session, row, rules, analysis.key, outcome)
        url = Addresses().analysis(row.slug, analysis.key, RulesScope.of(rules))
        kind, model = model_of(row)
        words = outcome.findings(None, model.space(kind.rules(rules)).graph.cut[:-1])
        return Saved({"url": url, "model": row.digest, "rules": rules}, " ".join(words))

    return Handler(read, compute, save)
