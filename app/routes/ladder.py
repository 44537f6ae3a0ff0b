"""The ladder of map classes of one analysis, and asking for it."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from pydantic import Field
from sqlalchemy.orm import Session

from app.addressing import API_PREFIX, Addresses
from app.db.job_tables import JobRow
from app.error_answers import api_errors
from app.jobs import queue
from app.pages.jobs import JobPage
from app.pages.reports.ladder import build_ladder, ladder_drawing
from app.routes.asking import AnalysisOrder, accepted, analysis_ordered
from app.routes.changes import Writing
from app.routes.depends import Form, Links
from app.routes.page import Page, add_page

router = APIRouter()
PAGE = "/networks/{network}/ladder"


class LadderRequest(AnalysisOrder):
    """Which analysis, and how far up."""

    thorough: bool = Field(False, description="Whether to learn subspaces and non-linear maps too: some minutes.")


add_page(
    router,
    Page(
        PAGE,
        build_ladder,
        "ladder",
        "directions",
        "The ladder of map classes",
        "How many explanations pass in each class of maps, each beside the same on networks with permuted weights.",
        context=lambda page, _: {"figure": ladder_drawing(page)},
    ),
)


@router.post(
    API_PREFIX + PAGE,
    tags=["directions"],
    summary="Ask for the ladder",
    status_code=202,
    responses=api_errors(403, 404, 409, 422),
)
def climb(session: Writing, links: Links, network: str, order: LadderRequest, response: Response) -> JobPage:
    """Climb the ladder in the background, learned maps too if `thorough`. Asking twice is asking once."""
    return accepted(session, links, ask_for_ladder(session, links, network, order), response)


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
    analysis = analysis_ordered(session, links, network, order, "nothing to climb on")
    return queue.enqueue_report(session, analysis, "ladder", thorough=order.thorough, asked=True, again=True)
