"""Background work: the list, one job, cancel and retry."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.addressing import API_PREFIX
from app.error_answers import api_errors
from app.jobs import queue
from app.pages.jobs import JobOptions, JobPage, JobsOptions, JobsPage, build_job, build_jobs
from app.rendering import render
from app.routes.changes import Writing
from app.routes.depends import Links, Reading, now

router = APIRouter()
ListOptions = Annotated[JobsOptions, Query()]
PageOptions = Annotated[JobOptions, Query()]


@router.get("/jobs", response_class=HTMLResponse, include_in_schema=False)
def jobs(request: Request, session: Reading, links: Links, options: ListOptions) -> HTMLResponse:
    page = build_jobs(session, links, options, now())
    return render(request, "pages/jobs.html", {"page": page}, block="jobs")


@router.get(f"{API_PREFIX}/jobs", tags=["jobs"], summary="All jobs, newest first", responses=api_errors(400))
def jobs_twin(session: Reading, links: Links, options: ListOptions) -> JobsPage:
    """Background work, newest first, with how many jobs are in each state."""
    return build_jobs(session, links, options, now())


@router.get("/jobs/{job}", response_class=HTMLResponse, include_in_schema=False)
def job_page(request: Request, session: Reading, links: Links, job: str, _options: PageOptions) -> HTMLResponse:
    page = build_job(session, links, job, now())
    return render(request, "pages/job.html", {"page": page}, block="job")


@router.get(f"{API_PREFIX}/jobs/{{job}}", tags=["jobs"], summary="One job", responses=api_errors(400, 404))
def job_twin(session: Reading, links: Links, job: str, _options: PageOptions) -> JobPage:
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
    f"{API_PREFIX}/jobs/{{job}}/cancel", tags=["jobs"], summary="Cancel a job", responses=api_errors(403, 404, 409)
)
def cancel_twin(session: Writing, links: Links, job: str) -> JobPage:
    """A waiting job is cancelled at once, a running one at its next step; nothing half-done is kept."""
    queue.cancel(session, job)
    session.flush()
    return build_job(session, links, job, now())


@router.post(
    f"{API_PREFIX}/jobs/{{job}}/retry", tags=["jobs"], summary="Try a job again", responses=api_errors(403, 404, 409)
)
def retry_twin(session: Writing, links: Links, job: str) -> JobPage:
    """Queue a failed or cancelled job again."""
    queue.retry(session, job)
    session.flush()
    return build_job(session, links, job, now())
