"""Background work as the pages see it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import Row, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from pluriscope.app.db.errors import NotFound
from pluriscope.app.db.job_tables import JobLogRow, JobRow
from pluriscope.app.db.tables import AnalysisRow

UNFINISHED: Final = ("queued", "running")


def find_job(session: Session, job_id: str) -> JobRow:
    """The job with that id.

    Raises:
        NotFound: there is none.
    """
    row = session.get(JobRow, job_id)
    if row is None:
        raise NotFound(f"job {job_id[:40]!r}", "is not known here", "look for it in the list of jobs")
    return row


_LISTED: Final = (
    *("id", "kind", "title", "state", "created_at", "started_at", "finished_at", "set_aside", "not_before", "attempts"),
    *("error", "found", "stage", "done", "total"),
)
"""What lists say of a job: not what it was given and what it made, which may be large."""


def listed_jobs(session: Session) -> Sequence[Row[Any]]:
    """Every job, newest first, with what lists say of it."""
    columns = (getattr(JobRow, name) for name in _LISTED)
    return session.execute(select(*columns).order_by(JobRow.created_at.desc(), JobRow.id.desc())).all()


def jobs_of_network(session: Session, digest: str, *, unfinished: bool = False) -> list[JobRow]:
    """Jobs that work on a network or study, newest first; with ``unfinished`` only the queued and running ones."""
    query = select(JobRow).where(JobRow.network_digest == digest).order_by(JobRow.created_at.desc(), JobRow.id)
    if unfinished:
        query = query.where(JobRow.state.in_(UNFINISHED))
    return list(session.scalars(query))


def jobs_about(session: Session, analysis: AnalysisRow, *kinds: str) -> list[JobRow]:
    """The jobs of some kinds that go on from this analysis: first those that wait or run, then the newest."""
    query = select(JobRow).where(JobRow.kind.in_(kinds), JobRow.network_digest == analysis.network.digest)
    mine = {
        "output": analysis.output,
        "protocol": analysis.protocol_digest,
        "data": analysis.data_digest,
        "result": analysis.result_digest,
    }
    jobs = session.scalars(query.order_by(JobRow.created_at.desc(), JobRow.id))
    found = [job for job in jobs if all(job.arguments[name] == value for name, value in mine.items())]
    return sorted(found, key=lambda job: job.state not in UNFINISHED)


def jobs_ahead(session: Session, job: JobRow, kinds: Collection[str]) -> int:
    """Number of jobs of some kinds that run, or wait and will start before this one."""
    order, own = tuple_(JobRow.priority, JobRow.created_at, JobRow.id), (job.priority, job.created_at, job.id)
    before = or_(JobRow.state == "running", and_(JobRow.state == "queued", order < own))
    return session.scalar(select(func.count()).select_from(JobRow).where(before, JobRow.kind.in_(kinds))) or 0


def count_log(session: Session, job_id: str) -> int:
    """Number of lines of a job's log."""
    return session.scalar(select(func.count()).select_from(JobLogRow).where(JobLogRow.job_id == job_id)) or 0


def last_log_lines(session: Session, job_id: str, limit: int) -> list[JobLogRow]:
    """The last lines of a job's log, oldest first."""
    query = select(JobLogRow).where(JobLogRow.job_id == job_id).order_by(JobLogRow.id.desc()).limit(limit)
    return list(session.scalars(query))[::-1]
