"""Every page that changes nothing and asks for nothing, with its twin."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.pages.network import build_network
from app.pages.overview import Overview, OverviewOptions
from app.pages.place import Place, locate_any
from app.pages.sharing.share import share_of
from app.rendering import base_url, network_row, show
from app.routes.depends import Links, Reading
from app.routes.page import Page, add_twin

router = APIRouter()
NETWORK = Page(
    "/networks/{network}",
    build_network,
    "network",
    "networks",
    "One network",
    """
    A perceptron with its weights, what it computes, and what was found under one protocol.

    `network` is a slug, or the first 6 or more digits of a digest.
    """,
)
add_twin(router, NETWORK)


@router.get("/networks/{network}", response_class=HTMLResponse, include_in_schema=False)
def network_page(
    request: Request, session: Reading, links: Links, network: str, options: Annotated[OverviewOptions, Query()]
) -> HTMLResponse:
    """The first page of a network."""
    place = locate_any(session, links, network, options.scope)
    found = Overview(session, links, place, options)
    return show(
        request,
        found.blocks,
        place.row.name,
        room="Explore",
        network=network_row(links, place.slug, place.row.name, "Overview", place.scope),
        description=found.told.sentence,
        json_url=links.twin(found.url) if isinstance(place, Place) else "",
        share=share_of(found, links, base_url(request)),
    )
