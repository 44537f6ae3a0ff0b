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
    description: dict[str, Any] = request.app.openapi()
    site = base_url(request) + links.prefix
    context = {"page": build_interface(description), "json_url": "", "site": site}
    return render(request, "pages/interface.html", context)
