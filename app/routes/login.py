"""Logging in and out. A session is a signed cookie that scripts cannot read (:mod:`pluriscope.app.access.sessions`)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from pluriscope.addresses.address import Addresses
from pluriscope.app.access import sessions
from pluriscope.app.access.callers import COOKIE, caller_of
from pluriscope.app.pages.login import LoginOptions, login, way_back
from pluriscope.app.rendering import show
from pluriscope.app.routes.changes import check_own_page
from pluriscope.app.routes.depends import Form, Links
from pluriscope.app.settings import Settings

router = APIRouter()


@router.get("/login", response_class=HTMLResponse, include_in_schema=False)
def login_page(request: Request, links: Links, options: Annotated[LoginOptions, Query()]) -> HTMLResponse:
    return _shown(request, links, options.next)


@router.post("/login", response_class=HTMLResponse, include_in_schema=False)
def log_in(request: Request, links: Links, form: Form) -> Response:
    """Begin a session for the token, then redirect to the page that led here."""
    check_own_page(request)
    token, came_from = (str(form.get(name, "")).strip() for name in ("token", "next"))
    settings: Settings = request.app.state.settings
    if not sessions.opens(settings.token, token):
        return _shown(request, links, came_from, problem="This is not the token of this site.", status=403)
    response = RedirectResponse(way_back(links, came_from), 303)
    response.set_cookie(
        COOKIE,
        sessions.begin(settings.token, settings.session_hours),
        max_age=round(settings.session_hours * 3600),
        path=links.prefix or "/",
        secure=_is_secure(request),
        httponly=True,
        samesite="lax",
    )
    return response


@router.post("/logout", include_in_schema=False)
def log_out(request: Request, links: Links) -> RedirectResponse:
    """Have this browser forget its session; a copy of the cookie opens until its time is over or the token changes."""
    check_own_page(request)
    response = RedirectResponse(links.front(), 303)
    response.delete_cookie(COOKIE, path=links.prefix or "/", secure=_is_secure(request), httponly=True, samesite="lax")
    return response


def _shown(request: Request, links: Addresses, came_from: str, problem: str = "", status: int = 200) -> HTMLResponse:
    kept = {"cache-control": "no-store", "x-robots-tag": "noindex"}
    blocks = login(links, caller_of(request), came_from, request.app.state.settings, problem)
    return show(request, blocks, url=links.login(), status_code=status, headers=kept)


def _is_secure(request: Request) -> bool:
    settings: Settings = request.app.state.settings
    return request.url.scheme == "https" or settings.public_url.startswith("https://")
