"""The list of studies, and how far each is."""

from __future__ import annotations

from collections import Counter

from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.reads.studies import all_studies, study_jobs
from app.db.study_tables import StudyRow
from app.pages.findings import answers_of
from app.pages.studies.of_models import model_study_items
from app.pages.studies.views import StudiesPage, StudyItem, StudyProgress, StudyState

_JOBS_SHOWN = 10


def build_studies(session: Session, addresses: Addresses) -> StudiesPage:
    """All studies, bundled ones first, then the newest."""
    return StudiesPage(
        items=[study_item(session, addresses, row) for row in all_studies(session)],
        of_models=model_study_items(addresses),
        new_url=addresses.new_study(),
        url=addresses.studies(),
    )


def study_item(session: Session, addresses: Addresses, row: StudyRow) -> StudyItem:
    """One study in a few words."""
    return StudyItem.showing(
        row,
        question=str(row.design["question"]),
        answers=answers_of(row.slug, row.digest, addresses),
        url=addresses.study(row.slug),
        progress=progress_of(session, addresses, row),
    )


def progress_of(session: Session, addresses: Addresses, row: StudyRow) -> StudyProgress:
    """How far a study is; jobs are asked for only while it is not done."""
    done = row.n_finished >= row.n_networks
    jobs = [] if done else study_jobs(session, row.digest)
    states = Counter(job.state for job in jobs)
    working = states["queued"] + states["running"]
    state: StudyState = "done" if done else _wanted(row)
    if state == "running" and not working:
        state = "stalled"
    each = row.seconds / row.n_finished if row.n_finished else None
    told = [job for job in jobs if job.state in ("running", "failed")][:_JOBS_SHOWN]
    return StudyProgress(
        state=state,
        networks=row.n_networks,
        finished=row.n_finished,
        converged=row.n_converged,
        failed=row.n_finished - row.n_converged,
        seconds=row.seconds,
        seconds_left=None if each is None or done else each * (row.n_networks - row.n_finished),
        jobs_waiting=states["queued"],
        jobs_running=states["running"],
        jobs_failed=states["failed"],
        job_urls=[addresses.job(job.id) for job in told],
    )


def _wanted(row: StudyRow) -> StudyState:
    if row.state == "running":
        return "running"
    return "cancelled" if row.state == "cancelled" else "paused"
