"""The work of a study in the queue: chunks of networks, some ahead at a time, as long as the study is to run.

    running ──pause──▶ paused ──resume──▶ running          chunks that run finish; those that wait are taken back
       └────cancel──▶ cancelled ──resume──▶ running        chunks that run are asked to stop, too

Outcomes that are stored are never computed again: a chunk is the seeds of one cell that have none yet. All functions
work in the caller's write transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from analysis.studies.cells import cells_of
from analysis.studies.chunks import chunk_size, chunks_of
from analysis.studies.design import StudyDesign
from analysis.studies.reading import design_from_mapping, runnable
from app.db.errors import Conflict
from app.db.reads.studies import finished_seeds, study_jobs
from app.db.studies import design_of, save_study, set_design
from app.db.study_tables import StudyRow
from app.jobs import queue

AHEAD: Final = 12  # chunks that wait or run at a time: enough for many workers, few enough to take back


def start(session: Session, design: StudyDesign, *, now: datetime | None = None) -> StudyRow:
    """Store a study and let it run; one that is stored is resumed, and extended if the design has more seeds.

    Raises:
        Conflict: its slug belongs to a study of another design.
        InvalidStudy: it has a measure that is unknown.
    """
    now = now or datetime.now(UTC)
    row = save_study(session, design, now=now)
    return resume(session, row, now=now)


def resume(session: Session, study: StudyRow, *, now: datetime | None = None) -> StudyRow:
    """Let a study run (on); chunks that failed or were taken back are asked for again.

    Raises:
        InvalidStudy: it has a measure that is unknown.
    """
    runnable(design_of(study))
    study.state, study.updated_at = "running", now or datetime.now(UTC)
    schedule(session, study, again=True)
    return study


def extend(session: Session, study: StudyRow, more: int, *, now: datetime | None = None) -> StudyRow:
    """Add seeds to every cell and let the study run.

    Raises:
        InvalidStudy: the grid would be too large.
    """
    now = now or datetime.now(UTC)
    design = design_of(study)
    extended = design.with_seeds(design.seeds.count + more).model_dump(mode="json")
    set_design(study, design_from_mapping(extended), now)
    return resume(session, study, now=now)


def pause(session: Session, study: StudyRow, *, cancel: bool = False, now: datetime | None = None) -> StudyRow:
    """Take back the chunks that wait; with ``cancel`` those that run are asked to stop as well.

    Raises:
        Conflict: every network has its outcome already.
    """
    if study.n_finished >= study.n_networks:
        raise Conflict(f"study {study.slug!r}", "has finished already", "there is nothing left to stop")
    study.state, study.updated_at = "cancelled" if cancel else "paused", now or datetime.now(UTC)
    for job in study_jobs(session, study.digest, unfinished=True):
        if cancel or job.state == "queued":
            queue.cancel(session, job.id, now=now)
    return study


def schedule(session: Session, study: StudyRow, *, again: bool = False, ending: str = "") -> int:
    """Ask for chunks until enough wait; returns how many wait or run now.

    Args:
        session: of the writer.
        again: whether chunks that failed or were cancelled before are asked for again.
        ending: id of a job that is about to end, and counts no longer.
    """
    if study.state != "running" or study.deleted_at is not None:
        return 0
    jobs = study_jobs(session, study.digest)
    active = {job.id for job in jobs if job.state in ("queued", "running")} - {ending}
    waiting = len(active)
    busy = {(job.arguments["cell"], seed) for job in jobs if job.id in active for seed in job.arguments["seeds"]}
    for arguments, title in _missing(session, study, busy):
        if waiting >= AHEAD:
            break
        row = queue.enqueue(session, "study", arguments, title, again=queue.ENDED_BADLY if again else ())
        waiting += row.state in ("queued", "running") and row.id not in active
        session.flush()
    return waiting


def _missing(session: Session, study: StudyRow, busy: set[tuple[int, int]]) -> Iterator[tuple[dict[str, Any], str]]:
    """Chunks without outcomes that nobody works on, in the order of the grid."""
    design = design_of(study)
    for position, cell in enumerate(cells_of(design)):
        done = finished_seeds(session, study.id, position)
        left = [s for s in design.seeds.numbers if s not in done and (position, s) not in busy]
        for seeds in chunks_of(left, chunk_size(cell)):
            title = f"{study.name}: {cell.name}, {len(seeds)} networks from seed {seeds[0]}"
            yield {"study": study.digest, "cell": position, "seeds": list(seeds)}, title
