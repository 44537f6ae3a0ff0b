"""Background work: the list, one job, cancel and retry."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.addressing import API_PREFIX, API_V2
from app.error_answers import api_errors
from app.jobs import queue
from app.options import Options
from app.pages.job import job_blocks
from app.pages.job_list import job_list, jobs_record
from app.pages.jobs import JobPage, build_job
from app.rendering import show
from app.routes.changes import Writing
from app.routes.depends import Links, ListOptions, Reading, now
from pluriscope.records import RowsRecord

router = APIRouter()
_HTML: Final[dict[str, Any]] = {"response_class": HTMLResponse, "response_model": None, "include_in_schema": False}


@router.get("/jobs", **_HTML)
def jobs_page(request: Request, session: Reading, links: Links, options: ListOptions) -> HTMLResponse:
    blocks = job_list(session, links, options, now())
    return show(request, blocks, "Jobs", json_url=links.twin(links.jobs()))


@router.get(f"{API_V2}/jobs", tags=["jobs"], summary="All jobs, newest first", responses=api_errors(400, 404))
def jobs(session: Reading, links: Links, options: ListOptions) -> RowsRecord:
    """Background work, newest first, with how many jobs are in each state and of each network."""
    return jobs_record(session, links, options, now())


@router.get("/jobs/{job}", **_HTML)
def job_page(
    request: Request, session: Reading, links: Links, job: str, _options: Annotated[Options, Query()]
) -> HTMLResponse:
    page = build_job(session, links, job, now())
    return show(
        request,
        job_blocks(page),
        f"{page.title}: {page.state}",
        json_url=links.twin(page.url),
        headers={"x-robots-tag": "noindex"},
    )


@router.get(f"{API_V2}/jobs/{{job}}", tags=["jobs"], summary="One job", responses=api_errors(400, 404))
@router.get(f"{API_PREFIX}/jobs/{{job}}", include_in_schema=False)
def job_record(session: Reading, links: Links, job: str, _options: Annotated[Options, Query()]) -> JobPage:
    """One job: `state` is one of queued, running, done, failed, cancelled, truncated."""
    return build_job(session, links, job, now())


@router.post("/jobs/{job}/cancel", include_in_schema=False)
def cancel(session: Writing, links: Links, job: str) -> RedirectResponse:
    queue.cancel(session, job)
    return RedirectResponse(links.job(job), status_code=303)


@router.post("/jobs/{job}/retry", include_in_schema=False)
def retry(session: Writing, links: Links, job: str) -> RedirectResponse:
    queue.retry(session, job)
    return RedirectResponse(links.job(job), status_code=303)


@router.post(
    f"{API_V2}/jobs/{{job}}/cancel", tags=["jobs"], summary="Cancel a job", responses=api_errors(403, 404, 409)
)
def cancel_over_http(session: Writing, links: Links, job: str) -> JobPage:
    """A waiting job is cancelled at once, a running one at its next step; nothing half-done is kept."""
    queue.cancel(session, job)
    session.flush()
    return build_job(session, links, job, now())


@router.post(
    f"{API_V2}/jobs/{{job}}/retry", tags=["jobs"], summary="Try a job again", responses=api_errors(403, 404, 409)
)
def retry_over_http(session: Writing, links: Links, job: str) -> JobPage:
    """Queue a failed or cancelled job again."""
    queue.retry(session, job)
    session.flush()
    return build_job(session, links, job, now())
