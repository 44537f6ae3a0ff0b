"""The front page, and the list of networks: a page, JSON, CSV, Parquet."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.protocol import BUILT_IN
from app.addressing import API_V2
from app.error_answers import api_errors
from app.options import Options
from app.pages.front import front
from app.pages.networks import COLUMNS, MOST_LETTERS, about_networks, network_list, networks_record, networks_table
from app.rendering import show
from app.routes.depends import Links, ListOptions, Reading, options_of
from app.routes.streaming import FILE_RESPONSES, table_file
from pluriscope.blocks import Table
from pluriscope.records import RowsRecord
from pluriscope.tables import parameters

router = APIRouter()
_HTML: Final[dict[str, Any]] = {"response_class": HTMLResponse, "response_model": None, "include_in_schema": False}
_DESCRIBED: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "q",
            "in": "query",
            "description": "Part of a name or slug, or the beginning of a digest; networks of studies are found too.",
            "schema": {"type": "string", "maxLength": MOST_LETTERS},
        },
        {
            "name": "protocol",
            "in": "query",
            "description": "Rules of the numbers of perceptrons; a file has a row for each where none is named.",
            "schema": {"type": "string", "enum": list(BUILT_IN)},
        },
        *parameters(COLUMNS),
    ]
}


class FrontOptions(Options):
    """What addresses of the front page had when the list was on it."""

    q: str = Field("", max_length=MOST_LETTERS)
    after: str = ""
    limit: str = ""
    step: str = ""


@router.get("/", **_HTML)
def front_page(request: Request, session: Reading, links: Links, options: Annotated[FrontOptions, Query()]) -> Response:
    if options.q or options.after or options.limit:
        return RedirectResponse(links.gallery(q=options.q, theme=options.theme), 301)
    return show(request, front(session, links), "Why several explanations pass", url=links.front())


@router.get("/networks", **_HTML)
def networks_page(request: Request, session: Reading, links: Links, options: ListOptions) -> HTMLResponse:
    table = networks_table(session, links, options)
    words = "Every stored network, perceptrons and transformers, with how many explanations were found."
    twin = links.twin(table.link(table.query))
    return show(request, network_list(session, links, table), room="Explore", description=words, json_url=twin)


@router.get(
    f"{API_V2}/networks",
    tags=["networks"],
    summary="All networks",
    responses=api_errors(400),
    openapi_extra=_DESCRIBED,
)
def networks_twin(session: Reading, links: Links, options: ListOptions) -> RowsRecord:
    """Perceptrons and transformers, one item for each output, with how many explanations were found of it."""
    return networks_record(links, networks_table(session, links, options))


@router.get("/networks.json", include_in_schema=False)
def networks_json(request: Request, links: Links) -> RedirectResponse:
    """The list as JSON is at its own address."""
    query = request.url.query
    return RedirectResponse(f"{links.twin(links.gallery())}{'?' if query else ''}{query}", 301)


@router.get(
    "/networks.{form}",
    tags=["networks"],
    summary="All networks as a file",
    response_class=Response,
    responses={**api_errors(400), **FILE_RESPONSES},
    openapi_extra=_DESCRIBED,
)
def networks_file(request: Request, links: Links, form: Literal["csv", "parquet"]) -> Response:
    """The whole list, a row for each output under each protocol."""
    options = options_of(request)

    def made(session: Session) -> tuple[tuple[str, ...], Table]:
        table = networks_table(session, links, options, tuple(BUILT_IN))
        return about_networks(table), replace(table, query=replace(table.query, start=0))

    return table_file(request, form, "networks", made)
