"""Background work: the list, one job, cancel and retry."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from pluriscope.app.access.sessions import now
from pluriscope.app.jobs import queue
from pluriscope.app.pages.job import job_blocks
from pluriscope.app.pages.job_list import job_list, jobs_record
from pluriscope.app.pages.jobs import JobPage, build_job
from pluriscope.app.rendering import show
from pluriscope.app.routes.changes import Writing
from pluriscope.app.routes.depends import Links, ListOptions, NoOptions, Reading
from pluriscope.app.routes.faces import UNLISTED, Faces, both
from pluriscope.views.records import RowsRecord

router = APIRouter()


@both(router, "/jobs", "jobs", "All jobs, newest first", RowsRecord, errors=(400,))
def jobs(session: Reading, links: Links, options: ListOptions) -> Faces:
    """Background work, newest first, with how many jobs are in each state."""
    return Faces(
        lambda request: show(request, job_list(session, links, options, now()), "Jobs"),
        lambda: jobs_record(session, links, options, now()),
    )


@both(router, "/jobs/{job}", "jobs", "One job", JobPage)
def job(session: Reading, links: Links, job: str, _options: NoOptions) -> Faces:
    """A job: `state` is one of queued, running, done, failed, cancelled, truncated."""
    page = build_job(session, links, job, now())
    title = f"{page.title}: {page.state}"
    return Faces(lambda request: show(request, job_blocks(page), title, headers=UNLISTED), lambda: page)


@router.post("/jobs/{job}/{action}", include_in_schema=False)
def change(session: Writing, links: Links, job: str, action: Literal["cancel", "retry"]) -> RedirectResponse:
    """Cancel: at once, or at the next step of one that runs. Retry: queue a failed or cancelled job again."""
    (queue.cancel if action == "cancel" else queue.retry)(session, job)
    return RedirectResponse(links.job(job), status_code=303)
