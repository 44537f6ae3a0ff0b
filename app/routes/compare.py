"""Explanations side by side."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.addressing import API_PREFIX
from app.errors import api_errors
from app.pages.compare.build import build_compare
from app.pages.compare.options import CompareOptions
from app.pages.compare.views import ComparePage
from app.rendering import render
from app.routes.depends import Links, Reading

router = APIRouter()
Options = Annotated[CompareOptions, Query()]


@router.get("/compare", response_class=HTMLResponse, include_in_schema=False)
def compare_page(request: Request, session: Reading, links: Links, options: Options) -> HTMLResponse:
    page = build_compare(session, links, options)
    template = "pages/compare_choose.html" if page.missing else "pages/compare.html"
    return render(request, template, {"page": page, "scope": options.scope})


@router.get(
    f"{API_PREFIX}/compare", tags=["compare"], summary="Explanations side by side", responses=api_errors(400, 404)
)
def compare_twin(session: Reading, links: Links, options: Options) -> ComparePage:
    """Two to six explanations of one network: what they share, where they part, what each predicts under every
    intervention on a set of hidden neurons, and the crucial experiments that decide between them.

    With fewer than two, `missing` says how many more to choose.
    """
    return build_compare(session, links, options)
