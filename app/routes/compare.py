"""Two to six explanations of one network or model beside each other: the page, its record, and choosing them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi import Form as Sent
from fastapi.responses import RedirectResponse, Response
from pydantic import Field
from sqlalchemy.orm import Session

from pluriscope.addresses.address import API_V2, Addresses
from pluriscope.addresses.naming import LEAST
from pluriscope.app.computing import room
from pluriscope.app.error_answers import api_errors
from pluriscope.app.errors import Conflict
from pluriscope.app.jobs.queue import enqueue_about
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.compare.changes import Changes, ChangesRecord
from pluriscope.app.pages.compare.choosing import choosing, compare_of, find_place, known_two, own_pair, texts_of
from pluriscope.app.pages.compare.options import ComparedOptions, CompareOptions
from pluriscope.app.rendering import HAS_RECORD, network_row, show
from pluriscope.app.routes.asking import AnalysisOrder
from pluriscope.app.routes.changes import Writing
from pluriscope.app.routes.depends import Links, Reading
from pluriscope.app.routes.faces import HTML, passed_on
from pluriscope.page_kit.templating import PART
from pluriscope.views.records import ComparisonRecord

router = APIRouter()
TAB: Final = "Compare"
OF_ONE: Final = "/networks/{network}/compare"


@router.get("/compare", **HTML)
def compare(request: Request, session: Reading, links: Links, options: Annotated[CompareOptions, Query()]) -> Response:
    """The comparison, or how to choose what it lacks; of two networks the page of these."""
    names = list(dict.fromkeys(name.strip() for name in options.network if name.strip()))
    if len(names) == 2:
        with room("this comparison"):
            return _changes(request, session, links, names, options)
    place = find_place(session, links, names[0], options) if len(names) == 1 else None
    texts = texts_of(links, options, place) if place else []
    if place is None or len(texts or own_pair(session, place) or known_two(session, place)) < LEAST:
        row = network_row(links, place.slug, place.row.name, place.question.kind, TAB, place.scope) if place else None
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


def _changes(
    request: Request, session: Session, links: Addresses, names: Sequence[str], options: CompareOptions
) -> Response:
    """Two networks; of one circuit on both, where one is named."""
    found = Changes.find(session, links, names[0], names[1], options)
    request.scope[HAS_RECORD] = True
    before = found.before
    row = network_row(links, before.slug, before.row.name, before.question.kind, TAB, before.scope)
    title = f"{before.row.name} and {found.after.row.name}"
    return show(request, found.blocks(options.e), title, room="Explore", network=row)


@router.get(
    API_V2 + OF_ONE + "/{other}",
    tags=["compare"],
    summary="What becomes of a network's explanations in another one",
    response_model=ChangesRecord,
    responses=api_errors(400, 404, 422),
)
def changes(
    session: Reading, links: Links, network: str, other: str, options: Annotated[ScopeOptions, Query()]
) -> ChangesRecord:
    """Explanations that two networks of one shape share, judged on the task of the first, and those that one has
    alone.
    """
    with room("this comparison"):
        return Changes.find(session, links, network, other, options).record()


class ChangesOrder(AnalysisOrder):
    """Choice of two networks."""

    network: list[str] = Field(min_length=2, max_length=2)


@router.post("/compare", include_in_schema=False)
def compare_networks(session: Writing, links: Links, order: Annotated[ChangesOrder, Sent()]) -> RedirectResponse:
    """Ask for it from its page's button."""
    network, other = order.network
    found = Changes.find(session, links, network, other, ScopeOptions(**order.model_dump(exclude={"network"})))
    if found.before.analysis is None:
        raise Conflict("comparison", f"{found.before.slug} is not analysed", "ask for its analysis first")
    enqueue_about(session, found.before.analysis, "changes", requested=True, again=True, other=found.after.row.digest)
    return RedirectResponse(found.url, 303)
