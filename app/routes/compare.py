"""Explanations side by side, what to compare next, and every criterion's verdict on some."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.addressing import API_PREFIX
from app.error_answers import api_errors
from app.pages.compare.build import build_compare
from app.pages.compare.neighbours import NeighboursOptions, NeighboursPage, build_neighbours
from app.pages.compare.options import CompareOptions
from app.pages.compare.views import ComparePage
from app.pages.verdicts.page import VerdictsOptions, VerdictsPage, build_verdicts
from app.rendering import NO_TABLE, render
from app.routes.depends import Links, Reading

router = APIRouter()
NEIGHBOURS = "/compare/neighbours"
VERDICTS = "/networks/{network}/verdicts"
Options = Annotated[CompareOptions, Query()]
NeighbourQuery = Annotated[NeighboursOptions, Query()]
VerdictQuery = Annotated[VerdictsOptions, Query()]


@router.get("/compare", response_class=HTMLResponse, include_in_schema=False)
def compare_page(request: Request, session: Reading, links: Links, options: Options) -> HTMLResponse:
    page = build_compare(session, links, options)
    if page.missing or page.swapping:
        return render(request, "pages/compare_choose.html", {"page": page, "scope": options.scope, **NO_TABLE})
    return render(request, "pages/compare.html", {"page": page, "scope": options.scope}, block="crucial")


@router.get(
    f"{API_PREFIX}/compare", tags=["compare"], summary="Explanations side by side", responses=api_errors(400, 404)
)
def compare_twin(session: Reading, links: Links, options: Options) -> ComparePage:
    """Two to six explanations of one network: what they share, where they part, what each predicts under every
    intervention on a set of hidden neurons, the crucial experiments that decide between them with who was right, the
    fewest interventions that tell them all apart, and which of them are one in substance.

    With fewer than two, `missing` says how many more to choose.
    """
    return build_compare(session, links, options)


@router.get(NEIGHBOURS, response_class=HTMLResponse, include_in_schema=False)
def neighbours_page(request: Request, session: Reading, links: Links, options: NeighbourQuery) -> HTMLResponse:
    page = build_neighbours(session, links, options)
    return render(request, "pages/compare_neighbours.html", {"page": page, "scope": options.scope}, block="neighbours")


@router.get(API_PREFIX + NEIGHBOURS, tags=["compare"], summary="What to compare next", responses=api_errors(400, 404))
def neighbours_twin(session: Reading, links: Links, options: NeighbourQuery) -> NeighboursPage:
    """The explanations closest to one of a comparison and those most different from it: by shared edges over all
    stored circuits, and by predictions over some candidates; each list states its rule.
    """
    return build_neighbours(session, links, options)


@router.get(VERDICTS, response_class=HTMLResponse, include_in_schema=False)
def verdicts_page(
    request: Request, session: Reading, links: Links, network: str, options: VerdictQuery
) -> HTMLResponse:
    page = build_verdicts(session, links, network, options)
    return render(request, "pages/verdicts.html", {"page": page, "scope": options.scope}, block="verdicts")


@router.get(
    API_PREFIX + VERDICTS, tags=["compare"], summary="Every criterion's verdict", responses=api_errors(400, 404)
)
def verdicts_twin(session: Reading, links: Links, network: str, options: VerdictQuery) -> VerdictsPage:
    """What every criterion that applies says about one to six explanations, with its default settings: the stored
    outcome, else computed on the spot; with score, reason and witness.
    """
    return build_verdicts(session, links, network, options)
