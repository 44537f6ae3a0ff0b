"""One network."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.addressing import API_PREFIX
from app.error_answers import api_errors
from app.figures.spread import spread_figures
from app.pages.network import NetworkOptions, NetworkPage, build_network
from app.pages.options import ScopeOptions
from app.pages.plan import PlanPage, build_plan
from app.rendering import render
from app.routes.depends import Links, Reading

router = APIRouter()
Options = Annotated[NetworkOptions, Query()]
PlanOptions = Annotated[ScopeOptions, Query()]


@router.get("/networks", include_in_schema=False)
def networks(request: Request, links: Links) -> RedirectResponse:
    """The list of networks is the gallery."""
    query = request.url.query
    return RedirectResponse(links.gallery() + (f"?{query}" if query else ""))


@router.get("/networks/{network}", response_class=HTMLResponse, include_in_schema=False)
def network_page(request: Request, session: Reading, links: Links, network: str, options: Options) -> HTMLResponse:
    page = build_network(session, links, network, options)
    figures = [] if page.distributions is None else spread_figures(page.distributions, **page.circuit_nouns)
    return render(request, "pages/network.html", {"page": page, "figures": figures, "scope": options.scope})


@router.get(
    f"{API_PREFIX}/networks/{{network}}", tags=["networks"], summary="One network", responses=api_errors(400, 404)
)
def network_twin(session: Reading, links: Links, network: str, options: Options) -> NetworkPage:
    """A network with its weights, what it computes, and what was found under one protocol.

    `network` is a slug, or the first 6 or more digits of a digest.
    """
    return build_network(session, links, network, options)


@router.get(
    f"{API_PREFIX}/networks/{{network}}/plan",
    tags=["networks"],
    summary="What an analysis would take",
    responses=api_errors(400, 404),
)
def plan(session: Reading, links: Links, network: str, options: PlanOptions) -> PlanPage:
    """Whether the valid circuits would be listed, counted or estimated, why, and the time and memory predicted."""
    return build_plan(session, links, network, options)
