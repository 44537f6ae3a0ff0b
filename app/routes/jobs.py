"""Background work: the list, one job, cancel and retry."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.access.callers import access_of
from app.addressing import API_PREFIX
from app.db.engine import Store
from app.db.reads.jobs import find_job
from app.error_answers import api_errors
from app.errors import Busy
from app.guarded_forms import shown_to
from app.jobs import queue
from app.pages.job_list import job_list
from app.pages.jobs import JobPage, build_job, build_jobs
from app.rendering import environment, render_block, show
from app.routes.changes import Writing
from app.routes.depends import Links, ListOptions, Reading, now
from app.routes.job_feed import JobFeed
from app.routes.page import Page, add_page, add_twin

router = APIRouter()
add_twin(
    router,
    Page(
        "/jobs",
        build_jobs,
        "jobs",
        "jobs",
        "All jobs, newest first",
        "Background work, newest first, with how many jobs are in each state.",
        errors=(400,),
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


@router.get("/jobs", response_class=HTMLResponse, response_model=None, include_in_schema=False)
def jobs_page(request: Request, session: Reading, links: Links, options: ListOptions) -> HTMLResponse:
    blocks = job_list(session, links, options, now())
    return show(request, blocks, "Jobs", json_url=links.twin(links.jobs()))


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


# --- a job as a stream of server-sent events: its page's moving part for pages, its JSON twin for programs
#
# Each unnamed event is the whole state, so that nothing is lost with an event that was missed. ``alive`` is sent when
# nothing has changed for a while, ``end`` when the job has ended; then the stream is over. Where there is no room for
# another stream, a page gets an empty answer and goes on polling, a program 503.


# a proxy must pass each event on at once, and nobody may keep what was streamed
HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}
RETRY_SECONDS: Final = 10
SEND_SECONDS: Final = 20.0  # a reader who takes nothing for so long is gone


@router.get("/jobs/{job}/events", include_in_schema=False)
async def page_events(request: Request, job: str) -> Response:
    env = environment(request.app.state.addresses.prefix)
    template = env.get_template("pages/job.html")
    no_room = Response(status_code=204, headers={"retry-after": str(RETRY_SECONDS)})  # htmx leaves the page as it is
    access = access_of(request, request.app.state.addresses.job(job))

    def shown(page: JobPage) -> str:
        with shown_to(access):
            return render_block(template, "job", {"page": page})

    return await _stream(request, job, access, shown, no_room)


@router.get(f"{API_PREFIX}/jobs/{{job}}/events", include_in_schema=False)
async def twin_events(request: Request, job: str) -> Response:
    return await _stream(request, job, "json", lambda page: page.model_dump_json(), None)


async def _stream(
    request: Request, job: str, form: Hashable, shown: Callable[[JobPage], str], no_room: Response | None
) -> Response:
    store: Store = request.app.state.store
    feed: JobFeed = request.app.state.job_feed
    await run_in_threadpool(_check, store, job)
    client = request.client.host if request.client else ""
    if not feed.has_room(client):
        if no_room is not None:
            return no_room
        raise Busy(f"{feed.most} streams of jobs", "are open, and no more are kept at once", "poll the job instead")

    async def events() -> AsyncIterator[ServerSentEvent]:
        with feed.place(client):
            async for page in feed.follow(store, job):
                if page is None:
                    yield ServerSentEvent(data="", event="alive")
                    continue
                yield ServerSentEvent(data=feed.text_of(page, form, shown))
                if page.ended:
                    yield ServerSentEvent(data=page.state, event="end")

    return EventSourceResponse(events(), headers=HEADERS, ping=3600, send_timeout=SEND_SECONDS)


def _check(store: Store, job: str) -> None:
    with store.read() as session:
        find_job(session, job)
