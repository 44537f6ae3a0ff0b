"""How the installation runs, for those who run it."""

from __future__ import annotations

import os
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.addressing import API_PREFIX
from app.error_answers import api_errors
from app.options import Options
from app.pages.admin import AdminPage, build_admin
from app.rendering import render
from app.routes.changes import Admin
from app.routes.depends import Links, Reading, now

router = APIRouter(dependencies=[Admin])
PageOptions = Annotated[Options, Query()]


@router.get("/admin", response_class=HTMLResponse, include_in_schema=False)
def admin(request: Request, session: Reading, links: Links, _options: PageOptions) -> HTMLResponse:
    state = request.app.state
    page = build_admin(session, links, state.store, state.settings, os.environ, now())
    return render(request, "pages/admin.html", {"page": page}, headers={"cache-control": "no-store"})


@router.get(
    f"{API_PREFIX}/admin", tags=["service"], summary="How the installation runs", responses=api_errors(400, 403)
)
def admin_twin(request: Request, session: Reading, links: Links, _options: PageOptions) -> AdminPage:
    """Checks, jobs, workers, sizes, settings in force without secrets, and what the doctor sees at a glance."""
    state = request.app.state
    return build_admin(session, links, state.store, state.settings, os.environ, now())
