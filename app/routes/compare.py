"""Two to six explanations of one network or model beside each other: the page, its record, and choosing them."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from pluriscope.addresses.address import API_V2
from pluriscope.addresses.naming import LEAST
from pluriscope.app.computing import room
from pluriscope.app.error_answers import api_errors
from pluriscope.app.pages.compare.choosing import (
    choosing,
    compare_of,
    find_place,
    known_two,
    one_network,
    own_pair,
    texts_of,
)
from pluriscope.app.pages.compare.options import ComparedOptions, CompareOptions
from pluriscope.app.rendering import HAS_RECORD, network_row, show
from pluriscope.app.routes.depends import Links, Reading
from pluriscope.app.routes.faces import HTML, passed_on
from pluriscope.page_kit.templating import PART
from pluriscope.views.records import ComparisonRecord

router = APIRouter()
TAB: Final = "Compare"
OF_ONE: Final = "/networks/{network}/compare"
OF_TWO: Final = ("e", "output", "protocol", "data", "theme", PART)
"""Options that the page of two networks takes."""


@router.get("/compare", **HTML)
def compare(request: Request, session: Reading, links: Links, options: Annotated[CompareOptions, Query()]) -> Response:
    """The comparison, or how to choose what it lacks; two networks stand beside each other at an address of theirs."""
    names = list(dict.fromkeys(name.strip() for name in options.network if name.strip()))
    if len(names) == 2:
        kept: dict[str, Any] = {name: request.query_params.getlist(name) for name in OF_TWO}
        return RedirectResponse(links.url("networks", names[0], "compare", names[1], **kept), 301)
    place = find_place(session, links, one_network(links, options), options)
    if len(texts_of(links, options, place) or own_pair(session, place) or known_two(session, place)) < LEAST:
        row = network_row(links, place.slug, place.row.name, place.question.kind, TAB, place.scope)
        return show(request, choosing(session, links, place, options), room="Explore", network=row)
    with room("this part of the page") if PART in request.query_params else nullcontext():
        found = compare_of(session, links, names[0], options)
        request.scope[HAS_RECORD] = True
        title = f"{found.title}, in {found.network.name}"
        return passed_on(request, session, links, found, TAB, title)


@router.get(OF_ONE, include_in_schema=False)
def of_one(request: Request, links: Links, network: str) -> RedirectResponse:
    """Redirect to the same page at its own address, with the network in the query."""
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
    """Two to six explanations of a network on every intervention, or circuits of a model on every row: the prediction
    of each, the answer of the network, and how often each is right.
    """
    with room("this comparison"):
        return compare_of(session, links, network, options).record(options.start or 0, options.limit)
