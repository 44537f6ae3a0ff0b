"""Alice and Bob on the network that the post of that name is about."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.addressing import API_PREFIX
from app.error_answers import api_errors
from app.pages.reports.alice_and_bob.page import build_alice_and_bob
from app.pages.reports.alice_and_bob.views import AliceAndBobPage, StoryOptions
from app.rendering import render
from app.routes.depends import Links, Reading

router = APIRouter()
PAGE = "/alice-and-bob"
AskedOptions = Annotated[StoryOptions, Query()]


@router.get(PAGE, response_class=HTMLResponse, include_in_schema=False)
def alice_and_bob_page(request: Request, session: Reading, links: Links, options: AskedOptions) -> HTMLResponse:
    page = build_alice_and_bob(session, links)
    return render(request, "pages/alice_and_bob.html", {"page": page, "options": options})


@router.get(API_PREFIX + PAGE, tags=["directions"], summary="Alice and Bob", responses=api_errors(400, 404))
def alice_and_bob_twin(
    session: Reading,
    links: Links,
    options: AskedOptions,  # noqa: ARG001  # read, so that unknown ones are refused
) -> AliceAndBobPage:
    """The explanations found of the analytic XORNet, what each passes, and where they contradict each other."""
    return build_alice_and_bob(session, links)
