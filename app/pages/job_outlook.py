"""How long a job is expected to take, and with it everything that waits or runs for the same network."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.criteria.steps import parse_steps
from analysis.errors import AnalysisError
from analysis.expected_time import Outlook, outlook
from analysis.networks.training_cost import training_cost
from analysis.networks.training_spec import TrainingSpec
from analysis.protocol import Protocol
from analysis.stage_costs import ANALYSIS_STAGES, ChainPlan, Known
from app.addressing import Addresses
from app.db.codecs import protocol_of, question_of
from app.db.errors import NotFound
from app.db.job_tables import JobRow
from app.db.reads import jobs as reads
from app.db.reads.analyses import analysis_by_key, find_data, network_by_digest
from app.db.tables import NetworkRow
from app.expected import expected_chain
from app.figures.numbers import duration
from app.limits import limits_in
from app.pages.options import PageModel

_MOST_SHOWN: Final = 20


class JobOutlook(PageModel):
    """Elapsed and expected time; an estimate, right within a factor of three as a rule."""

    elapsed_seconds: float
    expected_seconds: float | None = Field(description="Of the whole, as foretold; null where it cannot be foretold.")
    left_seconds: float | None = Field(
        description="Still expected; null where that is not known, as once it takes longer than expected."
    )
    longer: bool = Field(description="Whether it takes longer than was expected.")

    @property
    def words(self) -> str:
        """The same in words."""
        if self.longer:
            return f"longer than expected, which was {_about(self.expected_seconds)}"
        if self.left_seconds is None or self.expected_seconds is None:
            return "how long it takes cannot be foretold"
        if not self.elapsed_seconds:
            return f"expected to take {_about(self.expected_seconds)}"
        return f"{_about(self.left_seconds)} left of {_about(self.expected_seconds)} expected"


class ChainJob(PageModel):
    """One job that waits or runs for the same network."""

    id: str
    kind: str
    title: str
    url: str
    state: str
    outlook: JobOutlook


class JobChain(PageModel):
    """Everything that waits or runs for one network, together."""

    jobs: list[ChainJob] = Field(description=f"In the order in which they were asked for; the first {_MOST_SHOWN}.")
    n_jobs: int
    outlook: JobOutlook = Field(description="Of all of them, one after the other on one core.")


def job_outlook(session: Session, row: JobRow, seconds: float | None) -> JobOutlook | None:
    """How far a job is in time; None once it has ended.

    Args:
        session: reading.
        row: the job.
        seconds: for which it has run; None if it waits.
    """
    if row.state not in reads.UNFINISHED:
        return None
    return _view(outlook(_expected_seconds(session, row), seconds or 0.0))


def stage_seconds(session: Session, row: JobRow) -> Mapping[str, float]:
    """What each stage of an analysis is expected to take, of those that can be foretold; nothing for other jobs."""
    if row.kind != "analyse" or row.state not in reads.UNFINISHED:
        return {}
    chain = _chain(session, row.arguments)
    if chain is None:
        return {}
    each = ((stage, chain.stage(stage).seconds) for stage in ANALYSIS_STAGES)
    return {stage: seconds for stage, seconds in each if seconds is not None}


def job_chain(session: Session, addresses: Addresses, digest: str, now: datetime) -> JobChain | None:
    """The unfinished jobs of a network with what is left of each; None if there are fewer than two."""
    rows = reads.jobs_of_network(session, digest, unfinished=True)[::-1]
    if len(rows) < 2:
        return None
    jobs = []
    for row in rows[:_MOST_SHOWN]:
        elapsed = 0.0 if row.started_at is None else (now.astimezone(UTC) - row.started_at).total_seconds()
        view = _view(outlook(_expected_seconds(session, row), max(0.0, elapsed)))
        jobs.append(
            ChainJob(
                id=row.id, kind=row.kind, title=row.title, url=addresses.job(row.id), state=row.state, outlook=view
            )
        )
    views = [job.outlook for job in jobs]
    told = len(jobs) == len(rows) and all(view.expected_seconds is not None for view in views)
    left = [view.left_seconds for view in views]
    together = JobOutlook(
        elapsed_seconds=sum(view.elapsed_seconds for view in views),
        expected_seconds=sum(view.expected_seconds or 0.0 for view in views) if told else None,
        left_seconds=sum(one for one in left if one is not None) if told and None not in left else None,
        longer=told and any(view.longer for view in views),
    )
    return JobChain(jobs=jobs, n_jobs=len(rows), outlook=together)


def _view(told: Outlook) -> JobOutlook:
    return JobOutlook(
        elapsed_seconds=told.elapsed, expected_seconds=told.expected, left_seconds=told.left, longer=told.longer
    )


def _about(seconds: float | None) -> str:
    return "unknown" if seconds is None else "about " + duration(float(f"{seconds:.2g}"))


def _expected_seconds(session: Session, row: JobRow) -> float | None:
    """What a whole job is expected to take; None where that cannot be told."""
    arguments: Mapping[str, Any] = row.arguments
    if row.kind == "train":
        specs = [TrainingSpec.model_validate(spec) for spec in arguments["specs"]]
        return training_cost(specs[0], len(specs)).seconds
    if row.kind not in ("analyse", "criteria", "directions", "common-ground"):
        return None
    if arguments.get("thorough") or arguments.get("every"):
        return None  # foretold is what is done by default
    chain = _chain(session, arguments)
    if chain is None:
        return None
    if row.kind == "analyse":
        return chain.seconds_of(ANALYSIS_STAGES)
    if row.kind == "common-ground":
        return chain.stage("common ground").seconds
    if row.kind == "directions":
        each = [chain.direction_seconds(key) for key in arguments["classes"]]
        return None if None in each else sum(seconds for seconds in each if seconds is not None)
    steps = parse_steps(arguments["criteria"])
    return chain.criteria_seconds((kind, step.key) for step in steps for kind in step.kinds)


def _chain(session: Session, arguments: Mapping[str, Any]) -> ChainPlan | None:
    """The plan for the analysis that a job makes or goes on from; None where that cannot be planned or is gone."""
    network_row = network_by_digest(session, arguments["network"])
    if network_row is None:
        return None
    known = None
    try:
        if isinstance(arguments["protocol"], str):  # it goes on from a stored analysis
            found = analysis_by_key(
                session, network_row.id, int(arguments["output"]), arguments["protocol"], arguments["data"]
            )
            if found is None:
                return None
            protocol = protocol_of(found.protocol)
            known = Known(found.circuits_listed, found.interpretations_observed, found.alignments_valid)
        else:
            protocol = Protocol.model_validate(arguments["protocol"])
        return _planned(session, network_row, protocol, arguments, known)
    except (AnalysisError, NotFound):
        return None


def _planned(
    session: Session, row: NetworkRow, protocol: Protocol, arguments: Mapping[str, Any], known: Known | None
) -> ChainPlan:
    data = find_data(session, arguments["data"], row.sizes[0])
    return expected_chain(
        question_of(row, int(arguments["output"]), protocol, data),
        limits_in(session),
        known=known,
    )
