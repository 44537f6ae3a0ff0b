"""Checks before every route: hosts, lengths, origin of changes, and whether changes are accepted.

Routes decide what their caller may do (:mod:`pluriscope.app.routes.changes`). What holds for all of them is held here,
so that no route can forget it: nothing that changes anything is taken from a page of another site, nothing at all while
the site is read-only, and nothing of whoever may change nothing is read, as bodies otherwise are before a route asks.
How often somebody may ask is for the proxy in front (``limit_req`` in
``deploy/nginx.conf``).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from pluriscope.addresses.address import below_api
from pluriscope.app.access.callers import host_of, is_loopback_name, is_own_page
from pluriscope.app.error_answers import answer_to
from pluriscope.app.errors import BadHost, HeadersTooLong, PageError, ReadOnly, Refused, TooLong
from pluriscope.app.routes.changes import check_change
from pluriscope.app.settings import Settings

MAX_ADDRESS_BYTES: Final = 32_000
MAX_HEADER_BYTES: Final = 48_000
SAFE: Final = ("GET", "HEAD", "OPTIONS")
LOGIN: Final = ("/login", "/logout")


class Gate:
    """ASGI middleware: refuses what no route should see.

    Args:
        settings: hosts, limits, and whether the site is read-only.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._settings = settings
        self._hosts = tuple(text.strip().lower() for text in settings.trusted_hosts.split(",") if text.strip())
        if not self._hosts and settings.public_url:
            self._hosts = (urlsplit(settings.public_url).hostname or "",)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        path = below_api(str(scope["path"]).removeprefix(self._settings.prefix))
        try:
            self._check_form(request)
            if scope["method"] not in SAFE:
                self._check_change(request, path)
                if path not in LOGIN and _has_body(request):
                    await run_in_threadpool(check_change, request)
        except PageError as error:
            await answer_to(request, error)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _check_form(self, request: Request) -> None:
        scope = request.scope
        length = len(scope.get("raw_path") or scope["path"]) + len(scope.get("query_string", b""))
        if length > MAX_ADDRESS_BYTES:
            cause = f"has {length:,} characters, and at most {MAX_ADDRESS_BYTES:,} are read"
            raise TooLong("this address", cause, "leave some of its options out")
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        if size > MAX_HEADER_BYTES:
            cause = f"have {size:,} bytes, and at most {MAX_HEADER_BYTES:,} are read"
            raise HeadersTooLong("the headers of this request", cause, "send fewer, or delete this site's cookies")
        if not self._hosts:
            return
        host = host_of(request)
        if not is_loopback_name(host) and not any(_fits(host, one) for one in self._hosts):
            raise BadHost(f"host {host[:80]!r}", "is no name of this site", "use the address that was published")

    def _check_change(self, request: Request, path: str) -> None:
        if not request.headers.get("authorization", "").lower().startswith("bearer ") and not is_own_page(request):
            raise Refused("this change", "was sent by a page of another site", "use the form on a page of this site")
        if self._settings.read_only and path not in LOGIN:
            raise ReadOnly(
                "this change",
                "is not made, because this site is for reading only",
                "use a copy of your own, or ask whoever runs this site",
            )


def _fits(host: str, pattern: str) -> bool:
    """Whether a host is the one that is named, or below ``*.name``."""
    if pattern == "*":
        return True
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def _has_body(request: Request) -> bool:
    """Whether something is sent, which routes read before they ask who sends it."""
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
