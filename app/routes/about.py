"""Pages about Pluriscope itself: what its words mean, and where it ends."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.options import Options
from app.pages.glossary import GlossaryOptions, glossary
from app.pages.scope import scope
from app.rendering import show
from app.routes.depends import Links, Reading

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


@router.get("/glossary", response_model=None)
def glossary_page(request: Request, links: Links, options: Annotated[GlossaryOptions, Query()]) -> HTMLResponse:
    words = "What the words on these pages mean, from ablation to zero ablation."
    return show(request, glossary(links, options.q), "Glossary", description=words)


@router.get("/scope", response_model=None)
def scope_page(request: Request, session: Reading, _options: Annotated[Options, Query()]) -> HTMLResponse:
    words = "What a verdict means and does not, how sure each number is, what was not searched, and every setting."
    return show(request, scope(session), "Scope and limitations", description=words)
