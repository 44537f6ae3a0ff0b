"""Addresses of stored live spaces."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from pluriscope.app.error_answers import api_errors
from pluriscope.app.routes.depends import Links, ListOptions, Reading, options_of
from pluriscope.app.routes.faces import Faces, both, passed_on
from pluriscope.app.routes.streaming import CSV_RESPONSE, table_file
from pluriscope.page_kit.blocks import Table
from pluriscope.tables.table import parameters
from pluriscope_live.pages import COLUMNS, LivePage, page_of

router = APIRouter()
_E: Final = "Circuits to compare, two to six; SLUG~CIRCUIT of another record. Else the two that differ most."
_OPTIONS: Final[list[dict[str, Any]]] = [
    {"name": "e", "in": "query", "description": _E, "schema": {"type": "array", "items": {"type": "string"}}}
]


def _page(session: Session, links: Links, options: ListOptions, network: str, what: str) -> LivePage:
    query = [(key, one) for key, some in options.items() for one in some]
    return page_of(session, links, (network, *filter(None, what.split("/"))), query)


def _faces(session: Session, links: Links, options: ListOptions, network: str, what: str = "") -> Faces:
    page = _page(session, links, options, network, what)
    tab = what.partition("/")[0].capitalize()
    return Faces(lambda request: passed_on(request, session, links, page, tab), page.scripted)


@router.get(
    "/live/{network}/{what:path}.csv",
    tags=["live"],
    summary="A page of a live space as a file",
    response_class=Response,
    responses={**api_errors(400, 404), **CSV_RESPONSE},
    openapi_extra={"parameters": _OPTIONS},
)
def live_file(request: Request, links: Links, network: str, what: str) -> Response:
    """The whole table of the page."""

    def made(session: Session) -> tuple[tuple[str, ...], Table]:
        page = _page(session, links, options_of(request), network, what)
        return (f"{page.content.title}; not recounted here", page.record.rules or "not judged"), page.content.table

    return table_file(request, what.replace("/", "-"), made)


@both(router, "/live/{network}", "live", "A live space", dict[str, Any], options=[*parameters(COLUMNS)])
def overview(session: Reading, links: Links, network: str, options: ListOptions) -> Faces:
    """What was found of a model of any size where it is: the protocol, circuits with their scores, overlaps, what all
    keep. Nothing of it was recounted here.
    """
    return _faces(session, links, options, network)


@both(router, "/live/{network}/{what:path}", "live", "A page of a live space", dict[str, Any], options=_OPTIONS)
def page(session: Reading, links: Links, network: str, what: str, options: ListOptions) -> Faces:
    """`circuits/CIRCUIT`: one; `compare`: what differs, rows on which they disagree, the ablation that tells apart."""
    return _faces(session, links, options, network, what)
