"""One network of a study along its training."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse

from app.addressing import API_PREFIX
from app.error_answers import api_errors
from app.options import Options
from app.pages.studies.course import CoursePage, build_course
from app.rendering import render
from app.routes.depends import Links, Reading

router = APIRouter()
Seed = Annotated[int, Path(ge=0, lt=2**62, description="Of the network's training.")]


@router.get("/studies/{study}/courses/{seed}", response_class=HTMLResponse, include_in_schema=False)
def course(
    request: Request,
    session: Reading,
    links: Links,
    study: str,
    seed: Seed,
    _options: Annotated[Options, Query()],
) -> HTMLResponse:
    page = build_course(session, links, study, seed)
    return render(request, "pages/study_course.html", {"page": page})


@router.get(
    f"{API_PREFIX}/studies/{{study}}/courses/{{seed}}",
    tags=["studies"],
    summary="One network along its training",
    responses=api_errors(404),
)
def course_twin(
    session: Reading, links: Links, study: str, seed: Seed, _options: Annotated[Options, Query()]
) -> CoursePage:
    """Which explanations the network has at each loss target, and when each appears and disappears.

    Of studies that vary the loss target alone and name what they find.
    """
    return build_course(session, links, study, seed)
