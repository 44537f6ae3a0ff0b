"""What each kind of job does: load from the store, compute without it, save with the job's end.

``compute`` runs in another process, knows no database and must pickle; ``save`` runs in the one transaction that ends
the job, so what was found and the job's end are seen together or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Generic, TypeVar, cast

from sqlalchemy.orm import Session

from analysis.limits import DEFAULT_LIMITS, Limits
from analysis.pipeline import analyse_output
from analysis.protocol import Protocol
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.codecs import question_of
from app.db.errors import NotFound
from app.db.prepared import PreparedAnalysis, prepare_analysis, prepare_so_far
from app.db.reads.analyses import check_output, find_data, network_by_digest, scope_of
from app.db.tables import AnalysisRow
from app.db.writes import forget_so_far, save_prepared, save_so_far
from app.jobs.computing import SO_FAR_SECONDS
from app.jobs.definitions import ANALYSE as ANALYSE_DEFINITION
from app.jobs.stages import enqueue_following
from app.limits import limits_in

Inputs = TypeVar("Inputs")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class Saved:
    """How a job ended.

    Args:
        result: JSON values for the job's row; "url" leads to what was made.
        found: one line for people, also the last of the job's log.
        truncated: whether a search stopped at a limit.
    """

    result: Mapping[str, Any]
    found: str
    truncated: bool = False


@dataclass(frozen=True)
class Handler(Generic[Inputs, Outcome]):
    """The three parts of one kind of job.

    Args:
        load: arguments → inputs, reading the store.
        compute: inputs → outcome, a module-level function without side effects.
        save: outcome → stored, in the transaction that ends the job.
        keep: what is certain so far → stored in place of what was before, while the computation goes on; None if it
            tells nothing before its end.
        forget: deletes what ``keep`` has stored for jobs that are not on their way any more.
        keep_seconds: the least between two times that ``keep`` is called.
    """

    load: Callable[[Session, Mapping[str, Any]], Inputs]
    compute: Callable[..., Outcome]
    save: Callable[[Session, Mapping[str, Any], Outcome], Saved]
    keep: Callable[[Session, Mapping[str, Any], Any], Any] | None = None
    forget: Callable[[Session], None] | None = None
    keep_seconds: float = SO_FAR_SECONDS


def handler_at(path: str) -> Handler[Any, Any]:
    """The handler that a definition names as "module:name"."""
    module, _, name = path.partition(":")
    return cast(Handler[Any, Any], getattr(import_module(module), name))


@dataclass(frozen=True)
class AnalysisInputs:
    """Everything that one analysis needs."""

    question: Question
    limits: Limits = DEFAULT_LIMITS


def load_analysis_inputs(session: Session, arguments: Mapping[str, Any]) -> AnalysisInputs:
    """Read the network and the data record.

    Raises:
        NotFound: the network, output or data record is not stored (any more).
    """
    row = network_by_digest(session, arguments["network"])
    if row is None:
        raise NotFound(f"network {arguments['network'][:12]}", "is not stored any more", "import it again")
    output = int(arguments["output"])
    check_output(row, output)
    return AnalysisInputs(
        question=question_of(
            row,
            output,
            Protocol.model_validate(arguments["protocol"]),
            find_data(session, arguments["data"], row.sizes[0]),
        ),
        limits=limits_in(session),
    )


def compute_analysis(inputs: AnalysisInputs, work: Work = DEFAULT_WORK) -> PreparedAnalysis:
    """Run the engine, and make what it found ready for the store; so far, what is certain by then.

    Raises:
        AnalysisError: the engine refuses; the message names every reason.
    """
    return prepare_analysis(
        analyse_output(inputs.question, replace(work.as_part(prepare_so_far), limits=inputs.limits))
    )


def keep_so_far(session: Session, arguments: Mapping[str, Any], part: PreparedAnalysis) -> None:
    """Let pages show what is certain of an analysis on its way."""
    save_so_far(session, part, ANALYSE_DEFINITION.job_id(arguments))


def save_analysis_outcome(session: Session, arguments: Mapping[str, Any], outcome: PreparedAnalysis) -> Saved:
    """Store the analysis, and ask for what follows it."""
    row = save_prepared(session, outcome)
    if outcome.data.boolean:  # else there are circuits alone, and criteria speak of Boolean inputs
        enqueue_following(session, row)
    url = Addresses().network(row.network.slug, scope_of(row, row.network.sizes[0]))
    found = found_words(row)
    result = {"url": url, "network": arguments["network"], "result_digest": row.result_digest}
    return Saved(result, found, truncated=not row.exhaustive)


def found_words(row: AnalysisRow) -> str:
    """What an analysis found in a sentence that claims no more than was searched."""
    valid = f"{row.circuits_valid:,} of {row.circuits_possible:,} circuits valid"
    if row.circuits_method == "estimated":
        valid = (
            f"about {row.circuits_valid:,} of {row.circuits_possible:,} circuits valid (estimate, "
            f"{100 * (row.circuits_confidence or 0):.0f}% interval {row.circuits_low:,} to {row.circuits_high:,})"
        )
    elif row.circuits_method == "counted":
        valid += " (counted, not listed)"
    elif row.circuits_truncated_at is not None:
        valid = f"at least {row.circuits_truncated_at:,} of {row.circuits_possible:,} circuits valid (truncated there)"
    if row.exhaustive and row.algorithms_truncated_at is not None:
        return f"{valid}; its rows are no Boolean inputs, so nothing else was searched"
    which = "" if row.circuits_method == "listed" else " of the circuits drawn"
    aligned = (
        f"{row.algorithms_aligned:,} of {row.algorithms_candidates:,} algorithms aligned, "
        f"{row.alignments_valid:,} valid alignments, {row.alignments_minimal:,} of them minimal"
    )
    if not row.exhaustive and not row.algorithms_aligned and row.algorithms_candidates:
        aligned = f"{row.algorithms_candidates:,} candidate algorithms, none aligned as far as was searched"
    return f"{valid}, {row.interpretations_total:,} interpretations{which}; {aligned}"


ANALYSE: Handler[AnalysisInputs, PreparedAnalysis] = Handler(
    load_analysis_inputs, compute_analysis, save_analysis_outcome, keep_so_far, forget_so_far
)
