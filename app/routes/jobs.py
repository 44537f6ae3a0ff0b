"""Background work: the list, one job, cancel and retry."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from app.addressing import API_PREFIX
from app.error_answers import api_errors
from app.jobs import queue
from app.pages.jobs import JobPage, build_job, build_jobs
from app.routes.changes import Writing
from app.routes.depends import Links, now
from app.routes.page import Page, add_page

router = APIRouter()
add_page(
    router,
    Page(
        "/jobs",
        build_jobs,
        "jobs",
        "jobs",
        "All jobs, newest first",
        "Background work, newest first, with how many jobs are in each state.",
        errors=(400,),
        block="jobs",
    ),
)
add_page(
    router,
    Page(
        "/jobs/{job}",
        build_job,
        "job",
        "jobs",
        "One job",
        "One job: `state` is one of queued, running, done, failed, cancelled, truncated.",
        block="job",
    ),
)


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
