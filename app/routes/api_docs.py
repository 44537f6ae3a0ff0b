"""The machine interface in short, with the OpenAPI document that describes it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.addressing import API_PREFIX
from app.rendering import base_url, render
from app.routes.depends import Links

router = APIRouter()


@router.get("/api", response_class=HTMLResponse, include_in_schema=False)
@router.get(API_PREFIX, response_class=HTMLResponse, include_in_schema=False)
def interface(request: Request, links: Links) -> HTMLResponse:
    context = {"description": request.app.description, "json_url": "", "site": base_url(request) + links.prefix}
    return render(request, "pages/interface.html", context)
