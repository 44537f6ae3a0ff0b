"""The interface described for people: the OpenAPI document as a page, so that nothing is loaded from elsewhere."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.addressing import API_PREFIX
from app.pages.interface import build_interface
from app.rendering import base_url, render
from app.routes.depends import Links

router = APIRouter()


@router.get("/api", response_class=HTMLResponse, include_in_schema=False)
@router.get(API_PREFIX, response_class=HTMLResponse, include_in_schema=False)
def interface(request: Request, links: Links) -> HTMLResponse:
    return _shown(request, links, "pages/interface.html")


@router.get("/api/types", response_class=HTMLResponse, include_in_schema=False)
def types(request: Request, links: Links) -> HTMLResponse:
    return _shown(request, links, "pages/interface_types.html")


def _shown(request: Request, links: Links, template: str) -> HTMLResponse:
    description: dict[str, Any] = request.app.openapi()
    site = base_url(request) + links.prefix
    return render(request, template, {"page": build_interface(description), "json_url": "", "site": site})
