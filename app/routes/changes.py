"""Who may change things: programs and people on this machine, and bearers of the token (spec §9)."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from analysis.digest import sha256_hex
from app.errors import Refused
from app.jobs.turns import CARRIED
from app.settings import Settings

_LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def check_change(request: Request) -> None:
    """Let a change through, or say why not.

    A bearer token always suffices. Without one the request must come from this machine, name this machine as its host
    (a page elsewhere cannot point a foreign name here), carry no sign of a proxy, and, if a browser sent it, come from
    one of our own pages.

    Raises:
        Refused: none of this holds.
    """
    settings: Settings = request.app.state.settings
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        if settings.token and hmac.compare_digest(credentials.strip().encode(), settings.token.encode()):
            return
        raise Refused("authorization", "the bearer token is not the one set here", "use the value of PLURISCOPE_TOKEN")
    if not _is_local(request):
        raise Refused(
            "this change",
            "comes from another machine and carries no bearer token",
            "send 'Authorization: Bearer …' with the value of PLURISCOPE_TOKEN, or work on the machine itself",
        )
    check_own_page(request)


def check_own_page(request: Request) -> None:
    """Let through what a program or one of our own pages sent.

    Raises:
        Refused: a browser sent it from a page of another site.
    """
    if not _is_own_page(request):
        raise Refused("this change", "was sent by a page of another site", "use the form on a page of this site")


def _is_local(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        loopback = ip_address(request.client.host).is_loopback
    except ValueError:
        return False
    return loopback and (urlsplit(f"//{request.headers.get('host', '')}").hostname or "") in _LOCAL_NAMES


def _is_own_page(request: Request) -> bool:
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    # programs send neither header; every browser sends an origin with a change
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")


def requester_of(request: Request) -> str:
    """Who asks, so far as turns are concerned (:mod:`app.jobs.turns`): nobody's name, but the same for the same asker.

    Those who bear the token and those who do not are told apart, and within either by the address that they come from.
    """
    client = request.client.host if request.client else ""
    return f"{'bearer' if 'authorization' in request.headers else 'local'}-{sha256_hex(client.encode())[:12]}"


def writing_session(request: Request, _: Annotated[None, Depends(check_change)]) -> Iterator[Session]:
    """One write transaction for the whole request, for those who may change things; undone if it fails."""
    with request.app.state.store.write() as session:
        session.info[CARRIED] = requester_of(request)
        yield session


async def raw_body(request: Request) -> bytes:
    """The request's body as sent; its size is limited before it gets here."""
    return await request.body()


Changer = Depends(check_change)
Writing = Annotated[Session, Depends(writing_session, scope="function")]  # ended before the answer is sent
RawBody = Annotated[bytes, Depends(raw_body)]
