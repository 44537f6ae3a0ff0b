"""Two to six explanations of one network or model beside each other: the page, its record, and choosing them."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.addressing import API_V2
from app.error_answers import api_errors
from app.pages.compare.build import compare_of, find_place, texts_of
from app.pages.compare.choosing import choosing, own_pair
from app.pages.compare.options import ComparedOptions, CompareOptions
from app.rendering import HAS_RECORD, network_row, show
from app.routes.computing import room
from app.routes.depends import Links, Reading
from app.routes.faces import passed_on
from pluriscope.naming import LEAST
from pluriscope.records import ComparisonRecord
from pluriscope.templating import PART

router = APIRouter()
TAB: Final = "Compare"
OF_ONE: Final = "/networks/{network}/compare"


@router.get("/compare", response_class=HTMLResponse, include_in_schema=False)
def compare(
    request: Request, session: Reading, links: Links, options: Annotated[CompareOptions, Query()]
) -> HTMLResponse:
    """The comparison, or how to choose what it lacks."""
    names = list(dict.fromkeys(name.strip() for name in options.network if name.strip()))
    place = find_place(session, links, names[0], options) if len(names) == 1 else None
    given = texts_of(links, options, place) if place else []
    if place is None or len(given or own_pair(session, links, place)) < LEAST:
        row = network_row(links, place.slug, place.row.name, TAB, place.scope) if place else None
        return show(request, choosing(session, links, place, options), room="Explore", network=row)
    with room("this part of the page") if PART in request.query_params else nullcontext():
        found = compare_of(session, links, names[0], options)
        request.scope[HAS_RECORD] = True
        title = f"{found.title}, in {found.network.name}"
        return passed_on(request, session, links, found, TAB, title)


@router.get(OF_ONE, include_in_schema=False)
def of_one(request: Request, links: Links, network: str) -> RedirectResponse:
    """The same page at its own address, the network in its query."""
    query = request.url.query
    return RedirectResponse(f"{links.compare(network)}{'&' if query else ''}{query}", 301)


@router.get(
    API_V2 + OF_ONE,
    tags=["compare"],
    summary="Explanations beside each other",
    response_model=ComparisonRecord,
    responses=api_errors(400, 404, 422),
)
def record(
    session: Reading, links: Links, network: str, options: Annotated[ComparedOptions, Query()]
) -> ComparisonRecord:
    """Two to six explanations of a network on every intervention, or circuits of a model on every row: who says what,
    where they contradict each other, and who is right.
    """
    return compare_of(session, links, network, options).record(options.start or 0, options.limit)
