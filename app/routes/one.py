"""One explanation, of any kind and stored or not, at its own address: as a page, and as JSON."""

from __future__ import annotations

from contextlib import nullcontext
from functools import reduce
from operator import or_
from typing import Annotated, get_type_hints

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import escape
from sqlalchemy.orm import Session

from app.addressing import API_V2, Addresses
from app.error_answers import api_errors
from app.options import ScopeOptions
from app.pages.kinds import PAGES, find_document
from app.pages.page import EXPLANATION
from app.pages.sharing.passing_on import passed_on
from app.pages.sharing.share import share_of
from app.rendering import base_url, network_row, show
from app.routes.computing import room
from app.routes.depends import Links, Reading
from pluriscope.records import ExplanationRecord
from pluriscope.templating import PART

router = APIRouter()


@router.get(EXPLANATION, response_class=HTMLResponse, response_model=None, include_in_schema=False)
def explanation(request: Request, session: Reading, links: Links, network: str, ref: str) -> Response:
    """The page; what it has folded is computed when it is asked for, a few at once."""
    with room("this part of the page") if PART in request.query_params else nullcontext():
        return _page(request, session, links, network, ref)


def _page(request: Request, session: Session, links: Addresses, network: str, ref: str) -> Response:
    found = find_document(session, links, network, ref, request.query_params.multi_items())
    if found.one.known is None and str(found.one.ref) != ref:  # what carries nothing is left out
        options = {key: value for key, value in request.query_params.items() if key != "protocol"}
        return RedirectResponse(found.one.url(**options), 301)
    share, row = share_of(found, links, base_url(request)), found.network
    return show(
        request,
        [*found.blocks, *(passed_on(found.one, share) if share else ())],
        f"{escape(found.head.title).striptags()} of {row.name}",
        room="Explore",
        network=network_row(links, row.slug, row.name, "Explanations", found.one.whole.scope),
        description=escape(found.head.sentence).striptags(),
        json_url=links.twin(found.url),
        share=share,
    )


@router.get(
    API_V2 + EXPLANATION,
    tags=["explanations"],
    summary="One explanation",
    response_model=reduce(or_, dict.fromkeys(get_type_hints(page.record)["return"] for page in PAGES.values())),
    responses=api_errors(400, 404, 422),
)
def record(
    session: Reading, links: Links, network: str, ref: str, options: Annotated[ScopeOptions, Query()]
) -> ExplanationRecord:
    """An explanation of any kind, stored or not, computed from the weights."""
    found = find_document(session, links, network, ref, list(options.scope.query().items()))
    return found.page.record(found.one)
