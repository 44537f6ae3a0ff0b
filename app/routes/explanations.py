"""All explanations of a network together, and the interpretations of one circuit."""

from __future__ import annotations

from collections.abc import Generator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from app.addressing import API_PREFIX
from app.error_answers import api_errors
from app.pages.directions.places import comb_rows
from app.pages.explanation_csv import build_explanations_csv
from app.pages.explanation_filters import ExplanationsOptions
from app.pages.explanation_list import ExplanationsPage, build_explanations
from app.rendering import is_fragment, render
from app.routes.depends import Links, Reading
from app.routes.streaming import Streamed

router = APIRouter()
LIST = "/networks/{network}/explanations"
ListOptions = Annotated[ExplanationsOptions, Query()]


@router.get(LIST, response_class=HTMLResponse, include_in_schema=False)
def explanations_page(
    request: Request, session: Reading, links: Links, network: str, options: ListOptions
) -> HTMLResponse:
    page = build_explanations(session, links, network, options)
    headers = {"HX-Push-Url": page.url} if is_fragment(request) else {}  # without the form's empty fields
    context = {"page": page, "options": options, "comb_rows": comb_rows}
    return render(request, "pages/explanations.html", context, block="browser", headers=headers)


@router.get(API_PREFIX + LIST, tags=["explanations"], summary="All explanations", responses=api_errors(400, 404))
def explanations_twin(session: Reading, links: Links, network: str, options: ListOptions) -> ExplanationsPage:
    """Explanations of every kind of one analysis, filtered and sorted, with exact counts of every facet."""
    return build_explanations(session, links, network, options)


@router.get(
    API_PREFIX + LIST + ".csv",
    tags=["explanations"],
    summary="All explanations as CSV",
    response_class=Response,
    responses={**api_errors(400, 404, 409), 200: {"content": {"text/csv": {}}}},
)
def explanations_csv(request: Request, links: Links, network: str, options: ListOptions) -> Response:
    """The same list as CSV, 10,000 explanations at a time; the header `Link` leads on."""
    store, told = request.app.state.store, []

    def parts() -> Generator[str, None, None]:
        with store.read() as session:
            following, lines = build_explanations_csv(session, links, network, options)
            told.append(following)
            yield from lines

    answer = Streamed(parts(), media_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{network}-explanations.csv"'
    if told[0]:
        answer.headers["Link"] = f'<{told[0]}>; rel="next"'
    return answer
