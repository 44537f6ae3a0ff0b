"""Logging in and out. A session is a random secret in a cookie that scripts cannot read; the server keeps its hash."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from app.access.callers import COOKIE, caller_of
from app.access.credentials import Credentials, Role
from app.addressing import Addresses
from app.errors import Refused
from app.pages.login import LoginOptions, login, way_back
from app.rendering import show
from app.routes.changes import check_own_page
from app.routes.depends import Form, Links
from app.settings import Settings

router = APIRouter()


@router.get("/login", response_class=HTMLResponse, include_in_schema=False)
def login_page(request: Request, links: Links, options: Annotated[LoginOptions, Query()]) -> HTMLResponse:
    return _shown(request, links, options.next, options.key)


@router.post("/login", response_class=HTMLResponse, include_in_schema=False)
def log_in(request: Request, links: Links, form: Form) -> Response:
    """A token or a link's secret for a session; then back to where somebody came from."""
    check_own_page(request)
    given, key, came_from = (str(form.get(name, "")).strip() for name in ("token", "key", "next"))
    credentials: Credentials = request.app.state.credentials
    settings: Settings = request.app.state.settings
    try:
        entry = _entry(credentials, given, key)
        if entry is None:
            problem = (
                "This link was used already, or it is too old. Ask for another (pluriscope token link)."
                if key and not given
                else "This is no token of this site. It begins with plu_, unless it was chosen in the settings."
            )
            return _shown(request, links, came_from, problem=problem, status=403)
        secret = credentials.begin_session(*entry, hours=settings.session_hours)
        former = request.cookies.get(COOKIE, "")
        if former:  # a browser has one session
            credentials.end_session(former)
    except OSError as error:
        raise Refused(
            "this login",
            f"cannot be kept: the data folder cannot be written ({error.strerror})",
            "send a token with each request instead, or have the folder made writable",
        ) from None
    response = RedirectResponse(way_back(links, came_from), 303)
    response.set_cookie(
        COOKIE,
        secret,
        max_age=round(settings.session_hours * 3600),
        path=links.prefix or "/",
        secure=_is_secure(request),
        httponly=True,
        samesite="lax",
    )
    return response


@router.post("/logout", include_in_schema=False)
def log_out(request: Request, links: Links) -> RedirectResponse:
    """End this browser's session; the cookie opens nothing any more, whoever has a copy of it."""
    response = RedirectResponse(links.front(), 303)
    check_own_page(request)
    former = request.cookies.get(COOKIE, "")
    if former:
        request.app.state.credentials.end_session(former)
    response.delete_cookie(COOKIE, path=links.prefix or "/", secure=_is_secure(request), httponly=True, samesite="lax")
    return response


def _entry(credentials: Credentials, given: str, key: str) -> tuple[Role, str] | None:
    """The role and the reason for which somebody is let in."""
    if given:
        return credentials.opens(given)
    role = credentials.use_link(key) if key else None
    return (role, "link") if role else None


def _shown(
    request: Request, links: Addresses, came_from: str, key: str = "", problem: str = "", status: int = 200
) -> HTMLResponse:
    caller, state = caller_of(request), request.app.state
    session = state.credentials.session(request.cookies.get(COOKIE, "")) if caller.by == "session" else None
    until = session.expires_at if session else None
    # the key stands in the page's address: nothing on the page is made of that address, and nobody keeps the page
    kept = {"cache-control": "no-store", "x-robots-tag": "noindex"}
    read_only = state.settings.read_only
    blocks = login(links, caller, came_from, key, until=until, read_only=read_only, problem=problem)
    return show(request, blocks, url=links.login(), status_code=status, headers=kept)


def _is_secure(request: Request) -> bool:
    settings: Settings = request.app.state.settings
    return request.url.scheme == "https" or settings.public_url.startswith("https://")
