"""The first page of a network."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.addressing import API_V2
from app.error_answers import api_errors
from app.options import ScopeOptions
from app.pages.network_page import NetworkPage, build_network
from app.pages.overview import Overview, OverviewOptions
from app.pages.place import Place, locate_any
from app.pages.sharing.passing_on import passed_on
from app.pages.sharing.share import share_of
from app.rendering import base_url, network_row, show
from app.routes.depends import Links, Reading

router = APIRouter()


@router.get(API_V2 + "/networks/{network}", tags=["networks"], summary="One network", responses=api_errors(400, 404))
def network(session: Reading, links: Links, network: str, options: Annotated[ScopeOptions, Query()]) -> NetworkPage:
    """A perceptron with its weights, what it computes, and what was found under one protocol; `network` is a slug, or
    the first 6 or more digits of a digest.
    """
    return build_network(session, links, network, options)


@router.get("/networks/{network}", response_class=HTMLResponse, include_in_schema=False)
def network_page(
    request: Request, session: Reading, links: Links, network: str, options: Annotated[OverviewOptions, Query()]
) -> HTMLResponse:
    """The first page of a network."""
    place = locate_any(session, links, network, options.scope)
    found = Overview(session, links, place, options)
    share = share_of(found, links, base_url(request))
    return show(
        request,
        [*found.blocks, *passed_on(session, share)],
        place.row.name,
        room="Explore",
        network=network_row(links, place.slug, place.row.name, "Overview", place.scope),
        description=found.told.sentence,
        json_url=links.twin(found.url) if isinstance(place, Place) else "",
        share=share,
    )
