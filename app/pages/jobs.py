"""Job with its stages, log and result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.analyses.registry import ANALYSES
from pluriscope.analysis.network_files.result_file import read_stops, stop_words
from pluriscope.app.db.job_tables import JobLogRow, JobRow
from pluriscope.app.db.reads import jobs as reads
from pluriscope.app.db.reads.analyses import network_by_digest
from pluriscope.app.jobs.definitions import DEFINITIONS
from pluriscope.app.jobs.queue import ENDED_BADLY, MAX_LOSSES, SEEN, plugin_awaited
from pluriscope.app.options import PageModel
from pluriscope.app.pages.shared import known_of
from pluriscope.app.pages.training.course import Learning, LossPoint, learning_of_job

JobState = Literal["queued", "running", "done", "failed", "cancelled", "truncated"]
StageState = Literal["pass", "running", "untested", "fail", "na"]
LOG_LINES: Final = 200
_HERE: Final[Mapping[str, StageState]] = {"running": "running", "queued": "running", "failed": "fail"}
"""How the stage is that a job of each state is at."""

STAGES: Final[Mapping[str, tuple[tuple[str, str, str], ...]]] = {
    # kind: (key that progress reports carry, name, what happens in it)
    "analyse": (
        ("circuits", "Circuits", "every possible sub-graph is tested"),
        ("interpretations", "Interpretations", "counted by a transfer over layers, not listed"),
        ("algorithms", "Algorithms", "every candidate that computes the task"),
        ("alignments", "Placements", "every placement of their variables, by interchange"),
    ),
    "criteria": (
        ("circuits", "Circuits", "each criterion on every listed valid circuit"),
        ("interpretations", "Interpretations", "counted for each circuit, not listed"),
        ("algorithms", "Algorithms", "each criterion on every listed candidate"),
        ("alignments", "Placements", "each criterion on every kept valid placement"),
    ),
    **{one.key: one.stages for one in ANALYSES if not one.sums},
    "train": (("training", "Training", "gradient descent until the loss target"),),
    **{one.kind: one.stages for one in DEFINITIONS.values() if one.stages},
}


class Stage(PageModel):
    """Stage of a job."""

    key: str
    name: str
    what: str
    state: StageState
    done: int
    total: int
    found: str


class LogLine(PageModel):
    """Line of a job's log."""

    at: datetime
    level: str
    message: str


class JobPage(PageModel):
    """Job as a page shows it; scripts poll ``state``."""

    id: str
    url: str
    title: str
    kind: str
    state: JobState
    stage: str
    done: int
    total: int
    found: str
    error: str = Field(description="Why it failed, empty if it did not.")
    attempts: int
    set_aside: bool = Field(description="Whether it failed because its attempts failed, not because it was refused.")
    not_before: datetime | None = Field(description="While it waits after an attempt that failed: until when.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float | None = Field(description="Run time so far, or in all.")
    ended: bool
    abandoned: bool = Field(
        description="Whether it runs by its state, but its worker has given no sign of life since this server looked."
    )
    cancel_requested: bool
    needs_plugin: str = Field(description="The plugin that does such work and is missing; the job waits for it.")
    stops: list[str] = Field(description="What time or memory ended, and the seconds that it takes in all.")
    result_url: str = Field(description="What the job made; empty while there is nothing.")
    network_url: str = Field(description="The network it works on, empty if there is none yet.")
    network_name: str
    stages: list[Stage]
    learning: Learning | None = Field(description="Of a training that has ended: what came of each network.")
    losses_so_far: list[LossPoint] = Field([], description="Of a transformer’s training: (step, loss), thinned.")
    loss_target: float | None = Field(None, description="Of a transformer’s training, which ends below it.")
    log: list[LogLine] = Field(description=f"The last {LOG_LINES} lines, oldest first.")
    log_left_out: int = Field(description="Earlier lines that are not shown.")
    losses: int = Field(
        description="Attempts in a row that failed at the same place: process or worker died, or an unforeseen error."
    )
    max_losses: int = Field(description="So many of those, and it is given up.")
    wait_seconds: float | None = Field(
        description="How long it still waits after such an attempt; null where it does not."
    )
    cancel_url: str = Field(description="POST here to cancel; empty where that is no longer possible.")
    retry_url: str = Field(
        description="POST here to try again; empty unless it failed, was cancelled, or was ended by time or memory, "
        "and then goes on."
    )
    retry_now_url: str = Field(
        description="POST here not to wait any longer; empty unless it waits after such an attempt, or until there is "
        "nothing else to do."
    )


def build_job(session: Session, addresses: Addresses, job_id: str, now: datetime) -> JobPage:
    """Build the model of a job's page.

    Raises:
        NotFound: no such job.
    """
    row = reads.find_job(session, job_id)
    n_lines = reads.count_log(session, job_id)
    lines = reads.last_log_lines(session, job_id, LOG_LINES)
    network = network_by_digest(session, row.network_digest) if row.network_digest else None
    ended = row.state not in reads.UNFINISHED
    made = str(row.result.get("url", ""))
    learning, seconds = learning_of_job(row, addresses), None
    if row.started_at is not None:
        seconds = max(0.0, ((row.finished_at or now).astimezone(UTC) - row.started_at).total_seconds())
    return JobPage.showing(
        row,
        url=addresses.job(row.id),
        seconds=seconds,
        ended=ended,
        needs_plugin="" if ended else plugin_awaited(session, row.kind),
        abandoned=(row.id, row.signs) in SEEN.lapsed(session),
        stops=list(map(stop_words, read_stops(row.result))),
        result_url=addresses.prefix + made if made else "",
        network_url=addresses.network(network.slug) if network else "",
        network_name=network.name if network else "",
        stages=_stages(row, lines),
        learning=learning,
        losses_so_far=row.so_far.get("losses", []) if _is_of_transformer(row) else [],
        loss_target=row.arguments["specs"][0]["loss_target"] if _is_of_transformer(row) else None,
        log=lines,
        log_left_out=n_lines - len(lines),
        max_losses=MAX_LOSSES,
        wait_seconds=max(0.0, (row.not_before - now).total_seconds()) if row.not_before else None,
        cancel_url="" if ended else addresses.job_action(row.id, "cancel"),
        retry_url=addresses.job_action(row.id, "retry")
        if (row.state in ENDED_BADLY or row.goes_on) and row.kind in DEFINITIONS
        else "",
        retry_now_url=addresses.job_action(row.id, "retry")
        if row.kind in DEFINITIONS and (row.not_before or (row.state == "queued" and not row.is_asked))
        else "",
    )


def _is_of_transformer(row: JobRow) -> bool:
    """Whether it trains one, whose losses stay with the job."""
    return row.kind == "train" and "kind" in row.arguments


def _stages(row: JobRow, log: Sequence[JobLogRow]) -> list[Stage]:
    """Read how far each stage is, with what it has found by now, or what the log has of its end."""
    ended = dict(line.message.split(": ", 1) for line in log if ": " in line.message)
    if circuits := known_of(row):
        ended["circuits"] = circuits.words
    known: Sequence[tuple[str, str, str]] = STAGES.get(row.kind, ())
    keys = [key for key, _, _ in known]
    at = keys.index(row.stage) if row.stage in keys else -1
    stages = []
    for position, (key, name, what) in enumerate(known):
        here, past = position == at, row.state in ("done", "truncated") or position < at
        state = "pass" if past else _HERE.get(row.state, "na") if here else "untested"
        done, total, found = (row.done, row.total, row.found) if here else (0, 0, "")
        found = found or ended.get(key, "")
        stages.append(Stage(key=key, name=name, what=what, state=state, done=done, total=total, found=found))
    return stages
