"""How the installation runs, for those who run it."""

from __future__ import annotations

import os
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.options import Options
from app.pages.admin import administration
from app.rendering import show
from app.routes.changes import Admin
from app.routes.depends import Links, Reading, now

router = APIRouter(dependencies=[Admin])


@router.get("/admin", response_class=HTMLResponse, response_model=None, include_in_schema=False)
def admin(request: Request, session: Reading, links: Links, _options: Annotated[Options, Query()]) -> HTMLResponse:
    state = request.app.state
    blocks = administration(session, links, state.store, state.settings, os.environ, now())
    return show(request, blocks, "Administration", headers={"cache-control": "no-store"})
