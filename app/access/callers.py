"""The caller of a request, as far as it decides on permission: from this machine, with the token, or logged in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from pluriscope.addresses.address import Addresses
from pluriscope.app.access import sessions
from pluriscope.app.access.neighbours import Neighbours
from pluriscope.app.settings import Settings
from pluriscope.page_kit.templating import Access

COOKIE: Final = "pluriscope_session"
LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")
_OF_PROXIES: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")


@dataclass(frozen=True)
class Caller:
    """The sender of a request.

    Args:
        by: why they may change things: "local" (this machine), "token", "session"; "" for those who may read alone.
        until: when their session ends.
        wrong_token: they showed one that is not ours.
    """

    by: str = ""
    until: datetime | None = None
    wrong_token: bool = False


def caller_of(request: Request) -> Caller:
    """Find the sender of a request; found once for each request."""
    known = request.scope.get("pluriscope.caller")
    if isinstance(known, Caller):
        return known
    token: str = request.app.state.settings.token
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    cookie = request.cookies.get(COOKIE, "")
    if scheme.lower() == "bearer":
        found = Caller("token") if sessions.opens(token, credentials.strip()) else Caller(wrong_token=True)
    elif cookie and (until := sessions.end_of(token, cookie)) is not None:
        found = Caller("session", until)
    else:
        found = Caller("local" if _is_local(request) else "")
    request.scope["pluriscope.caller"] = found
    return found


def is_own_page(request: Request, *, strictly: bool = False) -> bool:
    """Whether no page of another site sent this.

    Args:
        request: what was sent.
        strictly: something must show that it came from one of our own pages; otherwise programs, which say nothing
            about where they come from, will do.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    if origin is None:  # every browser sends an origin with a change
        return not strictly
    settings: Settings = request.app.state.settings
    public = urlsplit(settings.public_url)
    there = urlsplit(origin)
    if public.netloc and (there.scheme, there.netloc) == (public.scheme, public.netloc):
        return True
    return there.netloc == request.headers.get("host", "")


def is_behind_proxy(settings: Settings) -> bool:
    """Whether the settings say that requests come through a proxy, so that where they come from shows nothing."""
    public = urlsplit(settings.public_url).hostname
    return bool(settings.trusted_proxies or settings.prefix or (public and not is_loopback_name(public)))


def needs_login(settings: Settings) -> bool:
    """Whether a person who changes things here may have to log in, since not everybody comes from this machine."""
    return not (settings.trust_local and is_loopback_name(settings.host)) or is_behind_proxy(settings)


def is_loopback_name(host: str) -> bool:
    """Whether a host name or address means the machine itself."""
    try:
        return host in LOCAL_NAMES or ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(request: Request) -> str:
    """The host that a request names, without its port; "" if it names none."""
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _is_local(request: Request) -> bool:
    """Whether the connection begins on this machine, so far as can be seen.

    A proxy beside us looks like that too. Where the settings speak of one, nobody is local; otherwise its traces count:
    a header that proxies add, HTTP/1.0 (how nginx asks by default), a page whose name is not that of this machine, and,
    where the kernel reports it, that its program belongs to somebody else (:mod:`pluriscope.app.access.neighbours`).
    """
    settings: Settings = request.app.state.settings
    if request.client is None or not settings.trust_local or is_behind_proxy(settings):
        return False
    if request.scope.get("http_version") == "1.0" or any(name in request.headers for name in _OF_PROXIES):
        return False
    try:
        loopback = ip_address(request.client.host).is_loopback
        page = urlsplit(request.headers.get("origin", "")).hostname
    except ValueError:
        return False
    if not loopback or host_of(request) not in LOCAL_NAMES or not (page is None or is_loopback_name(page)):
        return False
    neighbours: Neighbours | None = getattr(request.app.state, "neighbours", None)  # known to a server of our own
    return neighbours is None or neighbours.trusts(request.client, request.scope.get("server") or ())


def access_of(request: Request, page_url: str) -> Access:
    """Permissions of the sender of a request.

    Args:
        request: who asks.
        page_url: where the login leads back to.
    """
    state = request.app.state if "app" in request.scope else None
    settings, links = getattr(state, "settings", None), getattr(state, "addresses", None)
    if not isinstance(settings, Settings) or not isinstance(links, Addresses):
        return Access()
    return Access(caller_of(request).by, settings.read_only, links.login(next=page_url))
