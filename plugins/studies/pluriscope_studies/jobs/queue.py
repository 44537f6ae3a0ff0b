"""Queue of a study: one job runs it, as long as it is to run.

    running ──pause──▶ paused, cancelled ──resume──▶ running

Either way the job stops at once; parts that are finished are stored and never computed again. All functions work in the
caller's write transaction.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from pluriscope.analyses.analysis import LONGEST
from pluriscope.app.db.errors import Conflict
from pluriscope.app.jobs import queue
from pluriscope_studies.analysis.design import StudyDesign
from pluriscope_studies.analysis.reading import design_from_mapping, runnable
from pluriscope_studies.jobs.definition import STUDY
from pluriscope_studies.reads import studies_left, study_jobs
from pluriscope_studies.tables import StudyRow
from pluriscope_studies.writes import design_of, save_study, set_design


def start(session: Session, design: StudyDesign) -> StudyRow:
    """Store a study and let it run; one that is stored is resumed, and extended if the design has more seeds.

    Raises:
        Conflict: its slug belongs to a study of another design.
        InvalidStudy: it cannot run here.
    """
    return resume(session, save_study(session, design))


def resume(session: Session, study: StudyRow) -> StudyRow:
    """Let a study run (on); an InvalidStudy if it cannot."""
    runnable(design_of(study))
    study.state, study.updated_at = "running", datetime.now(UTC)
    go_on(session, study)
    return study


def extend(session: Session, study: StudyRow, more: int) -> StudyRow:
    """Add seeds to every cell and let the study run; an InvalidStudy if the grid would be too large."""
    design = design_of(study)
    set_design(study, design_from_mapping(design.with_seeds(design.seeds.count + more).model_dump(mode="json")))
    return resume(session, study)


def pause(session: Session, study: StudyRow, *, cancel: bool = False) -> None:
    """Stop the work on a study; ``cancel`` says that nobody means to let it go on.

    Raises:
        Conflict: every network has its outcome already.
    """
    if study.n_finished >= study.n_networks:
        raise Conflict(f"study {study.slug!r}", "has finished already", "there is nothing left to stop")
    study.state, study.updated_at = "cancelled" if cancel else "paused", datetime.now(UTC)
    for job in study_jobs(session, study.digest, unfinished=True):
        with suppress(Conflict):  # it has just ended
            queue.cancel(session, job.id)


def go_on(session: Session, study: StudyRow) -> None:
    """Ask for the work on a study that is to run and is not finished."""
    if study.state == "running" and study.deleted_at is None and study.n_finished < study.n_networks:
        _ask(session, study, STUDY.priority)


def restore(session: Session, study: StudyRow) -> None:
    """Undo the deletion of a study, which goes on if it was running."""
    if study.deleted_at is not None:
        study.deleted_at = None
        go_on(session, study)
        session.flush()


def left(session: Session, *, ask: bool) -> bool:
    """Whether there is what nobody has asked for, see :func:`pluriscope_studies.reads.studies_left`; perhaps ask for
    it.
    """
    studies = studies_left(session)
    for study in studies if ask else ():
        # nobody waits for a summary as for a study
        _ask(session, study, STUDY.priority if study.state == "running" else LONGEST)
    return bool(studies)


def _ask(session: Session, study: StudyRow, priority: int) -> None:
    job = queue.enqueue(session, "study", {"study": study.digest}, study.name, again=queue.ENDED)
    job.priority = priority
    job.cancel_requested = False  # who asked it to stop has thought better of it
