"""The ladder of map classes of one analysis, and asking for it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app.addressing import API_PREFIX, Addresses
from app.db.tables import JobRow
from app.errors import Conflict, api_errors
from app.jobs import queue
from app.pages.jobs import JobPage, build_job
from app.pages.options import ScopeOptions
from app.pages.place import locate
from app.pages.reports.ladder import LadderOptions, LadderPage, build_ladder, ladder_drawing
from app.rendering import render
from app.routes.changes import Writing
from app.routes.depends import Form, Links, Reading, now

router = APIRouter()
PAGE = "/networks/{network}/ladder"
Options = Annotated[LadderOptions, Query()]


class LadderRequest(BaseModel):
    """Which analysis, and how far up."""

    model_config = ConfigDict(extra="forbid")

    protocol: str = Field("complete", max_length=64, description="Name of a protocol, or its digest's first digits.")
    output: int = Field(0, ge=0, le=999, description="Index of the output.")
    data: str = Field("", max_length=64, description="First digits of a data record's digest; empty for the default.")
    thorough: bool = Field(False, description="Whether to learn subspaces and non-linear maps too: some minutes.")


@router.get(PAGE, response_class=HTMLResponse, include_in_schema=False)
def ladder_page(request: Request, session: Reading, links: Links, network: str, options: Options) -> HTMLResponse:
    page = build_ladder(session, links, network, options)
    return render(request, "pages/ladder.html", {"page": page, "options": options, "figure": ladder_drawing(page)})


@router.get(API_PREFIX + PAGE, tags=["directions"], summary="The ladder of map classes", responses=api_errors(400, 404))
def ladder_twin(session: Reading, links: Links, network: str, options: Options) -> LadderPage:
    """How many explanations pass in each class of maps, each beside the same on networks with permuted weights."""
    return build_ladder(session, links, network, options)


@router.post(
    API_PREFIX + PAGE,
    tags=["directions"],
    summary="Ask for the ladder",
    status_code=202,
    responses=api_errors(403, 404, 409, 422),
)
def climb(session: Writing, links: Links, network: str, order: LadderRequest, response: Response) -> JobPage:
    """Climb the ladder in the background, learned maps too if `thorough`. Asking twice is asking once."""
    job = ask_for_ladder(session, links, network, order)
    session.flush()
    response.headers["Location"] = links.twin(links.job(job.id))
    return build_job(session, links, job.id, now())


@router.post(PAGE, include_in_schema=False)
def climb_from_page(session: Writing, links: Links, network: str, form: Form) -> RedirectResponse:
    order = LadderRequest.model_validate({key: value for key, value in form.items() if value != ""})
    return RedirectResponse(links.job(ask_for_ladder(session, links, network, order).id), status_code=303)


def ask_for_ladder(session: Session, links: Addresses, network: str, order: LadderRequest) -> JobRow:
    """Queue the ladder unless it is queued or running already.

    Raises:
        NotFound: no such network, output, protocol or data record.
        Conflict: there is no analysis to climb on.
    """
    scope = ScopeOptions(output=order.output, protocol=order.protocol, data=order.data).scope
    place = locate(session, links, network, scope)
    if place.analysis is None:
        raise Conflict("analysis", "is not stored, so there is nothing to climb on", "ask for the analysis first")
    return queue.enqueue_report(session, place.analysis, "ladder", thorough=order.thorough, asked=True, again=True)
