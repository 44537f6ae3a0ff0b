"""What pages of reports have in common, and how far a report is that a page waits for."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.job_tables import JobRow
from app.db.reads.jobs import UNFINISHED, jobs_about
from app.db.tables import AnalysisReportRow
from app.options import PageModel
from app.pages.place import Place
from app.pages.shared import JobView, NetworkView, job_view, network_view

WorkState = Literal["computing", "failed", "cancelled", "not_asked"]
ReportState = Literal["done", "computing", "failed", "cancelled", "not_asked", "not_analysed"]


class ReportPage(PageModel):
    """A page that shows a report, as far as it is stored."""

    network: NetworkView
    state: ReportState
    job: JobView | None
    findings: list[str] = Field(description="What was found, in sentences made from its numbers.")
    seconds: float | None
    engine_version: str
    digest: str = Field(description="SHA-256 of what is stored.")
    created_at: datetime | None
    url: str
    network_url: str


def report_fields(
    session: Session, place: Place, addresses: Addresses, kind: str, row: AnalysisReportRow | None
) -> dict[str, Any]:
    """The fields of :class:`ReportPage`, without what was found and the page's own address.

    Args:
        place: the analysis.
        kind: of the report.
        row: the stored report.
    """
    state, job = report_state(session, place, kind, row)
    return {
        "network": network_view(place.row, addresses),
        "state": state,
        "job": None if job is None else job_view(job, addresses),
        "seconds": None if row is None else row.seconds,
        "engine_version": "" if row is None else row.engine_version,
        "digest": "" if row is None else row.content,
        "created_at": None if row is None else row.created_at,
        "network_url": addresses.network(place.row.slug, place.scope),
    }


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
