"""Every page that changes nothing and asks for nothing, with its twin."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.pages.network import build_network
from app.pages.overview import Overview, OverviewOptions
from app.pages.place import Place, locate_any
from app.pages.sandbox.build import build_sandbox
from app.pages.sandbox.drawing import drawing_of
from app.pages.sandbox.options import SandboxPageOptions
from app.pages.sharing.share import share_of
from app.rendering import base_url, is_fragment, network_row, render, show
from app.routes.depends import Links, Reading
from app.routes.page import Page, add_page, add_twin

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
PLAIN = ()
SANDBOX = Page(
    "/networks/{network}/sandbox",
    build_sandbox,
    "sandbox",
    "networks",
    "The sandbox",
    """
    One intervention by hand: activations, output and decisions beside the unchanged run, what each of up to six
    explanations predicted and whether it was right.

    With `game=1` the network's answer is left out until `now` carries what was predicted.
    """,
    errors=(400, 404, 422),
)
add_twin(router, NETWORK)
add_page(router, *PLAIN)
add_twin(router, SANDBOX)


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


@router.get("/networks/{network}/sandbox", response_class=HTMLResponse, include_in_schema=False)
def sandbox_page(
    request: Request, session: Reading, links: Links, network: str, options: Annotated[SandboxPageOptions, Query()]
) -> Response:
    page = build_sandbox(session, links, network, options)
    if options.from_form and not is_fragment(request):
        return RedirectResponse(page.url, status_code=303)
    headers = {"HX-Push-Url": page.url} if is_fragment(request) and options.from_form else {}
    context = {"page": page, "scope": options.scope, "drawing": drawing_of(page)}
    if _is_for(request, "play") and not page.hidden:
        return render(request, "pages/play.html", context)
    return render(request, "pages/sandbox.html", context, block="sandbox", headers=headers)


def _is_for(request: Request, figure: str) -> bool:
    """Whether htmx asks for the content of a small figure that stands on another page."""
    return request.headers.get("HX-Target", "").endswith(f"#{figure}")
