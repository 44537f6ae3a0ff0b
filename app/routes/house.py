"""Pages about these pages: what is not done here, the tour, every component."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.addressing import API_PREFIX
from app.error_answers import api_errors
from app.limits import limits_in
from app.pages.patterns import PatternsOptions, PatternsPage, build_patterns, example_context
from app.pages.scope import ScopeOfUseOptions, ScopeOfUsePage, build_scope
from app.pages.tour import TourOptions, TourPage, TourStop, address_of_step, build_step, build_tour
from app.rendering import render
from app.routes.depends import Links, Reading

router = APIRouter()
UseOptions = Annotated[ScopeOfUseOptions, Query()]
TourQuery = Annotated[TourOptions, Query()]
PatternsQuery = Annotated[PatternsOptions, Query()]


@router.get("/scope", response_class=HTMLResponse, include_in_schema=False)
def scope(request: Request, session: Reading, links: Links, _options: UseOptions) -> HTMLResponse:
    return render(request, "pages/scope.html", {"page": build_scope(links, limits_in(session))})


@router.get(f"{API_PREFIX}/scope", tags=["service"], summary="What this does not do", responses=api_errors(400))
def scope_twin(session: Reading, links: Links, _options: UseOptions) -> ScopeOfUsePage:
    """What a verdict means and does not, how sure numbers are, what was not searched, and every setting in force."""
    return build_scope(links, limits_in(session))


@router.get("/tour", response_class=HTMLResponse, include_in_schema=False)
def tour(request: Request, session: Reading, links: Links, _options: TourQuery) -> HTMLResponse:
    return render(request, "pages/tour.html", {"page": build_tour(session, links)})


@router.get(f"{API_PREFIX}/tour", tags=["service"], summary="The tour", responses=api_errors(400))
def tour_twin(session: Reading, links: Links, _options: TourQuery) -> TourPage:
    """One network in seven steps, each with the address that leads to its page."""
    return build_tour(session, links)


@router.get("/tour/{step}", include_in_schema=False)
def tour_step(session: Reading, links: Links, step: int, _options: TourQuery) -> RedirectResponse:
    """On to the page of a step; which explanation that is depends on what is stored, so it is not kept."""
    target = address_of_step(session, links, step)
    return RedirectResponse(target, status_code=307, headers={"cache-control": "no-store"})


@router.get(
    f"{API_PREFIX}/tour/{{step}}", tags=["service"], summary="A step of the tour", responses=api_errors(400, 404)
)
def tour_step_twin(session: Reading, links: Links, step: int, _options: TourQuery) -> TourStop:
    """The words of one step, those beside it, and the page that it leads to now."""
    return build_step(session, links, step)


@router.get("/patterns", response_class=HTMLResponse, include_in_schema=False)
def patterns(request: Request, _options: PatternsQuery) -> HTMLResponse:
    return render(request, "patterns.html", example_context())


@router.get(f"{API_PREFIX}/patterns", tags=["service"], summary="Components", responses=api_errors(400))
def patterns_twin(links: Links, _options: PatternsQuery) -> PatternsPage:
    """Every component of these pages with its parameters and what its comment says."""
    return build_patterns(links)
