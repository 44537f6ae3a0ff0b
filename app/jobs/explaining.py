"""The work of an "explanations" job: everything there is of one kind stored as columns, beside a stored analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from analysis.criteria.steps import default_steps
from analysis.explanations.explanation import Frame
from analysis.explanations.registry import BY_KEY
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.reads.analyses import analysed_question, scope_of
from app.db.recorded import StoredSearch, save_found
from app.jobs import queue
from app.jobs.handlers import Handler, Saved
from app.jobs.stored_analysis import analysis_meant


@dataclass(frozen=True)
class ExplainingInputs:
    """What is searched.

    Args:
        kind: key of a kind stored as columns.
    """

    question: Question
    kind: str


@dataclass(frozen=True)
class Explained:
    """What was found, as columns."""

    frame: Frame
    search: StoredSearch


def load_explaining_inputs(session: Session, arguments: Mapping[str, Any]) -> ExplainingInputs:
    """Read the network and its rules.

    Raises:
        NotFound: the analysis is gone or replaced.
    """
    return ExplainingInputs(analysed_question(session, analysis_meant(session, arguments)), arguments["kind"])


def compute_explanations(inputs: ExplainingInputs, work: Work = DEFAULT_WORK) -> Explained:
    """Find them by every method of the kind."""
    kind = BY_KEY[inputs.kind]
    found = kind.find(inputs.question, work)
    search = StoredSearch.showing(found, n=len(found.explanations), engine_version=ENGINE_VERSION)
    return Explained(kind.frame(found.explanations), search)


def save_explanations(session: Session, arguments: Mapping[str, Any], outcome: Explained) -> Saved:
    """Store them beside their analysis, and ask for verdicts on them, whether another job has judged them or not: which
    jobs there are must not depend on which was quicker.
    """
    row, kind = analysis_meant(session, arguments), BY_KEY[arguments["kind"]]
    save_found(session, row, kind, outcome.frame, outcome.search)
    if outcome.search.n:
        queue.enqueue_criteria(session, row, default_steps(kind.key), again=True)
    n = outcome.search.n
    words = f"{n:,} {kind.noun if n == 1 else kind.plural}" + (
        f". {outcome.search.note}" if outcome.search.note else ""
    )
    url = Addresses().explanations(row.network.slug, scope_of(row, row.network.sizes[0]), kind=[kind.key])
    result = {"url": url, "network": arguments["network"], "kind": kind.key, "found": n}
    return Saved(result, words, truncated=not outcome.search.complete)


EXPLANATIONS: Handler[ExplainingInputs, Explained] = Handler(
    load_explaining_inputs, compute_explanations, save_explanations
)
