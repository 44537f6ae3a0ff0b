"""The glossary."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.addressing import API_PREFIX
from app.error_answers import api_errors
from app.pages.glossary import GlossaryOptions, GlossaryPage, build_glossary
from app.rendering import render
from app.routes.depends import Links

router = APIRouter()
Options = Annotated[GlossaryOptions, Query()]


@router.get("/glossary", response_class=HTMLResponse, include_in_schema=False)
def glossary(request: Request, links: Links, _options: Options) -> HTMLResponse:
    return render(request, "pages/glossary.html", {"page": build_glossary(links)})


@router.get(f"{API_PREFIX}/glossary", tags=["service"], summary="Glossary", responses=api_errors(400))
def glossary_twin(links: Links, _options: Options) -> GlossaryPage:
    """What the words mean."""
    return build_glossary(links)
