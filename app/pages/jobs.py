"""Background work: the list of jobs, and one job with its stages, log and what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

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
from app.jobs.definitions import DEFINITIONS, MAX_LOSSES
from app.limits import limits_in
from app.listing.page import Paged, bad_cursor, paged, read_cursor, write_cursor
from app.options import Options, PageModel
from app.pages.place import find_network
from app.pages.shared import JobView
from app.pages.training.course import Learning, TrainedOutcome, learning_of_job

# --- how long a job is expected to take, and with it everything that waits or runs for the same network

_MOST_SHOWN: Final = 20
MOST_PREDICTED: Final = 20
MOST_NETWORKS: Final = 50


class JobOutlook(PageModel):
    """Elapsed and expected time; an estimate, right within a factor of three as a rule."""

    elapsed_seconds: float
    expected_seconds: float | None = Field(description="Of the whole, as predicted; null where it cannot be predicted.")
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
            return "how long it takes cannot be predicted"
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
    """What each stage of an analysis is expected to take, of those that can be predicted; nothing for other jobs."""
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
        view = _view(outlook(_expected_seconds(session, row), _elapsed(row, now)))
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
        return None  # the prediction is of what is done by default
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


JobState = Literal["queued", "running", "done", "failed", "cancelled", "truncated"]
StageState = Literal["pass", "running", "untested", "fail", "na"]
LOG_LINES: Final = 200
_CURSOR: Final = "jobs"

_RIVALS: Final[tuple[tuple[str, str, str], ...]] = (
    ("most different circuits", "Most different circuits", "every pair, block by block"),
    ("mutually different circuits", "Mutually different circuits", "branch and bound over choices of six"),
    ("similarity of circuits", "Similarity", "the mean over all pairs"),
    ("contradicting interpretations", "Interpretations", "what every observed class predicts under interventions"),
    ("map of circuits", "Map", "classical scaling of distances"),
)
STAGES: Final[Mapping[str, tuple[tuple[str, str, str], ...]]] = {
    # kind: (key that progress reports carry, name, what happens in it)
    "analyse": (
        ("circuits", "Circuits", "every possible sub-graph is tested"),
        ("interpretations", "Interpretations", "counted by a transfer over layers, not listed"),
        ("algorithms", "Algorithms", "every candidate that computes the task"),
        ("alignments", "Alignments", "every placement of their variables, by interchange"),
    ),
    "criteria": (
        ("circuits", "Circuits", "each criterion on every listed valid circuit"),
        ("interpretations", "Interpretations", "counted for each circuit, not listed"),
        ("algorithms", "Algorithms", "each criterion on every listed candidate"),
        ("alignments", "Alignments", "each criterion on every kept valid alignment"),
    ),
    "common-ground": (
        ("common ground", "Common ground", "what every explanation predicts under interventions"),
        ("spread", "Spread", "how many of all interpretations predict how many interventions right"),
    ),
    "rivals": _RIVALS,
    "model-rivals": tuple(one for one in _RIVALS if one[1] != "Interpretations"),
    "stories": (("stories", "Stories", "every set of active neurons of every circuit, by interchange"),),
    "lenses": (("lenses", "Lenses", "every lens under its default settings, and functions on every layer"),),
    "methods": (("methods", "Methods", "every discovery method under its settings, located among the circuits"),),
    "planted": (("planted", "Planted explanation", "located among all valid ones, every interchange tried"),),
    "claims": (("claims", "Claims", "each located among the valid circuits, judged by criteria where it is one"),),
    "train": (("training", "Training", "gradient descent from the seed until the loss target"),),
    "study-summary": (("summary", "Summary", "spreads, shares and tests over all networks"),),
    "model-circuits": (("circuits", "Circuits", "every mask of the model's graph is tested"),),
    "model-methods": (("methods", "Methods", "every discovery method under its settings, located among the circuits"),),
    "study": (("networks", "Networks", "trained together, analysed and measured one by one"),),
}


class JobsOptions(Options):
    """Options of the list of jobs."""

    state: JobState | None = Field(None, description="Only jobs in this state.")
    network: str = Field("", max_length=120, description="Only jobs of this network: slug or digits of its digest.")
    after: str = Field("", max_length=400, description="Cursor of the page before.")
    limit: int = Field(50, ge=1, le=200, description="Jobs on a page.")


class JobItem(JobView):
    """One job in a list."""

    kind: str
    state: JobState
    error: str = Field(description="Why it failed, empty if it did not.")
    attempts: int
    set_aside: bool = Field(description="Whether it failed because its attempts failed, not because it was refused.")
    not_before: datetime | None = Field(description="While it waits after an attempt that failed: until when.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float | None = Field(description="Run time so far, or in all.")


class QueueView(PageModel):
    """What waits and runs, and what is left of it."""

    n_running: int
    n_waiting: int
    n_predicted: int = Field(description=f"Of these, jobs whose time is known, of the oldest {MOST_PREDICTED}.")
    left_seconds: float = Field(description="Still expected of those together, one after the other on one core.")

    @property
    def words(self) -> str:
        """The same in words."""
        n_jobs = self.n_running + self.n_waiting
        lengths = f"{self.n_running:,} running, {self.n_waiting:,} waiting"
        if not self.n_predicted:
            return f"{lengths}; how long they take cannot be predicted"
        expected = f"{_about(self.left_seconds)} left on one core"
        some = "" if self.n_predicted == n_jobs else f" for the {self.n_predicted} that can be predicted"
        return f"{lengths}; {expected}{some}"


class JobsOfNetwork(PageModel):
    """How many jobs one network has."""

    slug: str
    name: str
    counts: dict[str, int] = Field(description="In each state.")
    url: str = Field(description="The list of them alone.")


class JobsPage(Paged):
    """The list of jobs, newest first."""

    state: JobState | None
    network: str = Field(description="Slug of the only network whose jobs are listed, empty for all.")
    network_name: str
    networks: list[JobsOfNetwork] = Field(
        description=f"Networks with jobs, those asked for last first; at most {MOST_NETWORKS}."
    )
    queue: QueueView | None = Field(description="What waits or runs, of the network if one is chosen; null if nothing.")
    counts: dict[str, int] = Field(description="How many jobs there are in each state.")
    items: list[JobItem]


class Stage(PageModel):
    """One stage of a job."""

    key: str
    name: str
    what: str
    state: StageState
    done: int
    total: int
    found: str
    expected_seconds: float | None = Field(None, description="What it is expected to take, where that is predicted.")


class LogLine(PageModel):
    """One line of a job's log."""

    at: datetime
    level: str
    message: str


class JobPage(JobItem):
    """One job; scripts poll ``state``."""

    ended: bool
    abandoned: bool = Field(description="Whether it runs by its state, but no worker has given a sign of life in time.")
    cancel_requested: bool
    result_url: str = Field(description="What the job made; empty while there is nothing.")
    network_url: str = Field(description="The network it works on, empty if there is none yet.")
    network_name: str
    stages: list[Stage]
    outlook: JobOutlook | None = Field(description="How far it is in time; null once it has ended.")
    chain: JobChain | None = Field(
        description="Everything that waits or runs for the same network; null if that is this job alone or nothing."
    )
    learning: Learning | None = Field(description="Of a training: how far each network is, or what came of it.")
    trained: list[TrainedOutcome] = Field(description="The same networks in short, when they have ended.")
    log: list[LogLine] = Field(description=f"The last {LOG_LINES} lines, oldest first.")
    log_left_out: int = Field(description="Earlier lines that are not shown.")
    losses: int = Field(description="Attempts that failed: its process died, or something unforeseen ended it.")
    max_losses: int = Field(description="So many of those, and it is set aside.")
    wait_seconds: float | None = Field(
        description="How long it still waits after such an attempt; null where it does not."
    )
    events_url: str = Field(description="The page's moving part as server-sent events; its twin streams this as JSON.")
    cancel_url: str = Field(description="POST here to cancel; empty where that is no longer possible.")
    retry_url: str = Field(description="POST here to try again; empty unless it failed or was cancelled.")
    retry_now_url: str = Field(description="POST here not to wait any longer; empty unless it waits.")


def build_jobs(session: Session, addresses: Addresses, options: JobsOptions, now: datetime) -> JobsPage:
    """The list of jobs that an address asks for.

    Raises:
        BadQuery: a cursor that no page gave out.
        NotFound: no such network.
    """
    before = None
    if options.after:
        created, job_id = read_cursor(options.after, _CURSOR, (str, str))
        try:
            before = (datetime.fromisoformat(created), job_id)
        except ValueError:
            raise bad_cursor(options.after) from None
    states = (options.state,) if options.state else ()
    network = find_network(session, addresses, options.network) if options.network else None
    digest, slug = ("", "") if network is None else (network.digest, network.slug)
    found = reads.list_jobs(session, states=states, network=digest, before=before, limit=options.limit + 1)
    rows = found[: options.limit]
    following = None
    if len(found) > options.limit:
        following = write_cursor(_CURSOR, [rows[-1].created_at.isoformat(), rows[-1].id])
    counts = {state: n for state, n in reads.count_jobs(session, digest).items() if n}
    return JobsPage(
        state=options.state,
        network=slug,
        network_name="" if network is None else network.name,
        networks=[
            JobsOfNetwork(slug=known, name=name, counts=each, url=addresses.jobs(network=known))
            for known, name, each in reads.jobs_by_network(session, MOST_NETWORKS)
        ],
        queue=_queue(session, digest, counts, now),
        counts=counts,
        items=[_item(row, addresses, now) for row in rows],
        **paged(options, addresses.jobs, following),
    )


def _queue(session: Session, digest: str, counts: Mapping[str, int], now: datetime) -> QueueView | None:
    if not any(counts.get(state) for state in reads.UNFINISHED):
        return None
    oldest = reads.list_jobs(session, states=reads.UNFINISHED, network=digest, oldest=True, limit=MOST_PREDICTED)
    left = [outlook(_expected_seconds(session, row), _elapsed(row, now)).left for row in oldest]
    known = [seconds for seconds in left if seconds is not None]
    return QueueView(
        n_running=counts.get("running", 0),
        n_waiting=counts.get("queued", 0),
        n_predicted=len(known),
        left_seconds=sum(known),
    )


def _elapsed(row: JobRow, now: datetime) -> float:
    """Seconds for which a job has run; 0 if it waits."""
    return 0.0 if row.started_at is None else max(0.0, (now.astimezone(UTC) - row.started_at).total_seconds())


def build_job(session: Session, addresses: Addresses, job_id: str, now: datetime) -> JobPage:
    """One job's page.

    Raises:
        NotFound: no such job.
    """
    row = reads.find_job(session, job_id)
    n_lines = reads.count_log(session, job_id)
    lines = reads.last_log_lines(session, job_id, LOG_LINES)
    network = network_by_digest(session, row.network_digest) if row.network_digest else None
    ended = row.state not in reads.UNFINISHED
    made = str(row.result.get("url", ""))
    learning = learning_of_job(row, addresses)
    item = _item(row, addresses, now)
    return JobPage(
        **item.model_dump(),
        ended=ended,
        abandoned=row.state == "running" and row.lease_until is not None and row.lease_until < now,
        cancel_requested=row.cancel_requested,
        result_url=addresses.prefix + made if made else "",
        network_url=addresses.network(network.slug) if network else "",
        network_name=network.name if network else "",
        stages=_stages(row, stage_seconds(session, row)),
        outlook=job_outlook(session, row, item.seconds),
        chain=job_chain(session, addresses, row.network_digest, now) if row.network_digest else None,
        learning=learning,
        trained=[n.outcome for n in learning.networks] if learning is not None and row.result.get("outcomes") else [],
        log=lines,
        log_left_out=n_lines - len(lines),
        losses=row.losses,
        max_losses=DEFINITIONS[row.kind].max_losses if row.kind in DEFINITIONS else MAX_LOSSES,
        wait_seconds=max(0.0, (row.not_before - now).total_seconds()) if row.not_before else None,
        events_url=addresses.job_action(row.id, "events"),
        cancel_url="" if ended else addresses.job_action(row.id, "cancel"),
        retry_url=addresses.job_action(row.id, "retry") if row.state in ("failed", "cancelled") else "",
        retry_now_url=addresses.job_action(row.id, "retry") if row.not_before else "",
    )


def _item(row: JobRow, addresses: Addresses, now: datetime) -> JobItem:
    seconds = None
    if row.started_at is not None:
        seconds = max(0.0, ((row.finished_at or now).astimezone(UTC) - row.started_at).total_seconds())
    return JobItem.showing(row, url=addresses.job(row.id), seconds=seconds)


def _stages(row: JobRow, expected: Mapping[str, float]) -> list[Stage]:
    known: Sequence[tuple[str, str, str]] = STAGES.get(row.kind, ())
    keys = [key for key, _, _ in known]
    at = keys.index(row.stage) if row.stage in keys else -1
    stages = []
    for position, (key, name, what) in enumerate(known):
        state: StageState = "untested"
        if row.state in ("done", "truncated") or position < at:
            state = "pass"
        elif position == at:
            state = {"running": "running", "queued": "running", "failed": "fail"}.get(row.state, "na")  # type: ignore[assignment]
        here = position == at
        stages.append(
            Stage(
                key=key,
                name=name,
                what=what,
                state=state,
                done=row.done if here else 0,
                total=row.total if here else 0,
                found=row.found if here else "",
                expected_seconds=expected.get(key),
            )
        )
    return stages
