"""Every page that changes nothing and asks for nothing, with its twin."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.pages.front_figure import build_figure
from app.pages.gallery import GalleryOptions, build_gallery
from app.pages.network import build_network
from app.pages.overview import Overview, OverviewOptions
from app.pages.place import Place, locate_any
from app.pages.sharing.share import share_of
from app.rendering import base_url, network_row, render, show
from app.routes.depends import Links, Reading
from app.routes.page import Page, add_twin

router = APIRouter()
GALLERY = Page(
    "/gallery",
    build_gallery,
    "gallery",
    "networks",
    "All networks",
    "Every stored network with its counts under the protocols complete and paper, and one with explanations.",
    errors=(400,),
)
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
add_twin(router, GALLERY)
add_twin(
    router,
    replace(
        GALLERY,
        path="/networks",
        about="The same as /gallery, at the address that networks are added to.",
        name="networks_twin",
    ),
)
add_twin(router, NETWORK)


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
def front_page(
    request: Request, session: Reading, links: Links, options: Annotated[GalleryOptions, Query()]
) -> HTMLResponse:
    if request.headers.get("HX-Target", "").endswith("#minute"):  # the content of the small figure alone
        return render(request, "pages/minute.html", {"page": build_figure(session, links, options.step)})
    return render(request, "pages/gallery.html", {"page": build_gallery(session, links, options)}, block="networks")


@router.get("/networks", include_in_schema=False)
def networks(request: Request, links: Links) -> RedirectResponse:
    """The list of networks is the gallery."""
    query = request.url.query
    return RedirectResponse(links.gallery() + (f"?{query}" if query else ""))


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
