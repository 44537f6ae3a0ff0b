"""How far work is that a page waits for."""

from __future__ import annotations

from typing import Literal

from sqlalchemy.orm import Session

from app.db.job_tables import JobRow
from app.db.reads.jobs import UNFINISHED, jobs_about
from app.db.tables import AnalysisReportRow
from app.pages.place import Place

WorkState = Literal["computing", "failed", "cancelled", "not_asked"]
ReportState = Literal["done", "computing", "failed", "cancelled", "not_asked", "not_analysed"]


def report_state(
    session: Session, place: Place, kind: str, row: AnalysisReportRow | None
) -> tuple[ReportState, JobRow | None]:
    """Whether a report is there, and otherwise how far it is; the job is the newest that works on it, if any does.

    Args:
        place: the analysis.
        kind: of the report, which is that of its jobs.
        row: the stored report.
    """
    if place.analysis is None:
        return "not_analysed", None
    job = next(iter(jobs_about(session, place.analysis, kind)), None)
    if row is not None:
        return "done", job if job is not None and job.state in UNFINISHED else None
    return work_state(job), job


def work_state(job: JobRow | None) -> WorkState:
    """How far the work is on something that is not stored, by the latest job for it."""
    if job is None:
        return "not_asked"
    if job.state in UNFINISHED:
        return "computing"
    if job.state == "failed":
        return "failed"
    return "cancelled" if job.state == "cancelled" else "not_asked"
