"""Middleware around every request: its turn, a limit to its body, an id, security headers and a line in the access
log.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from starlette.datastructures import URL, Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pluriscope.addresses.address import PREFIX
from pluriscope.app.computing import GIVE_BACK
from pluriscope.app.error_answers import unforeseen
from pluriscope.app.logs import about

log = logging.getLogger("pluriscope.access")

_EMPTY: Final = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="  # a style element that plotly.js fills by rules
# No script but our own files and no eval. Style attributes are allowed: drawings and bars carry their sizes in them.
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' '{_EMPTY}'",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS: Final = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
STRICT_TRANSPORT: Final = "max-age=2592000"  # a month; it holds for every port of the host, so not longer unasked
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Envelope:
    """ASGI middleware: names each request, adds headers that a route has not set itself, and logs the answer.

    Args:
        prefix: path under which a proxy serves the application; requests may come with or without it.
    """

    def __init__(self, app: ASGIApp, prefix: str = "") -> None:
        self.app = app
        self.prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = Headers(scope=scope).get("x-request-id", "")
        request_id = request_id if _REQUEST_ID.fullmatch(request_id) else uuid.uuid4().hex[:12]
        scope["pluriscope.request_id"] = request_id
        PREFIX.set(self.prefix)
        with about(request=request_id):
            await self._answer(scope, receive, send, request_id)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started = time.perf_counter()
        if self.prefix:
            scope["root_path"] = self.prefix
            if not f"{scope['path']}/".startswith(f"{self.prefix}/"):
                scope["path"] = self.prefix + scope["path"]
        method = scope["method"]
        if method == "HEAD":  # answered as GET, without the body: links are checked and previewed that way
            scope = {**scope, "method": "GET"}  # a copy: the server looks at its own for whether a body must follow
        status, response_started = 500, False

        async def send_wrapped(message: Message) -> None:
            nonlocal status, response_started
            if message["type"] == "http.response.start":
                status, response_started = message["status"], True
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":  # by TLS of our own, or as a trusted proxy says
                    headers.setdefault("strict-transport-security", STRICT_TRANSPORT)
                # pictures and what other sites put beside an embedding may be loaded by them, everything else not
                shared = headers.get("content-type", "").startswith("image/") or "/static/" in scope["path"]
                headers.setdefault("cross-origin-resource-policy", "cross-origin" if shared else "same-origin")
                headers.setdefault("cache-control", "no-cache")
                headers["x-request-id"] = request_id
                if "location" in headers:
                    headers["location"] = _without_host(headers["location"], scope)
            elif method == "HEAD" and message["type"] == "http.response.body":
                await send({"type": "http.response.body", "body": b""})
                if message.get("more_body", False):
                    raise ClientDisconnect  # who asked has it all, so that no more is made
                return
            await send(message)

        try:
            await self.app(scope, receive, send_wrapped)
        except ClientDisconnect:
            if method != "HEAD" or not response_started:
                status = 499  # whoever asked has gone in the middle of a body, and nobody is left to be answered
        except Exception as error:
            # answered here and not by Starlette's outermost layer, so that this answer has its headers and its id too
            if response_started:
                raise
            request = Request(scope, receive)
            await unforeseen(request, error)(scope, receive, send_wrapped)
        finally:
            seconds = time.perf_counter() - started
            client = scope.get("client")
            # the path as received: percent-encoded, so that no line break of a caller's reaches the log
            path = scope.get("raw_path", scope["path"].encode()).decode("latin-1").replace("\n", "")[:300]
            log.info("%s %s %s %d %.1fms", client[0] if client else "-", method, path, status, 1000 * seconds)


def _without_host(location: str, scope: Scope) -> str:
    """An address on this very host as a path: behind a proxy the host and scheme seen here are not the reader's.

    A path that begins with two slashes would name another host, so such an address stays as it is.
    """
    here, there = URL(scope=scope), urlsplit(location)
    if (there.scheme, there.netloc) != (here.scheme, here.netloc) or not re.match(r"/(?![/\\])", there.path):
        return location
    return urlunsplit(("", "", there.path, there.query, there.fragment))


class Turns:
    """ASGI middleware: a few pages are made at once, in the order of the requests.

    Threads take turns at Python anyway, and each of them needs a page's memory. Whoever has a turn keeps it until the
    answer begins: what is left is to send it, and a download of many parts does not wait again for each. What is
    computed gives its turn back and has a queue of its own (:mod:`pluriscope.app.computing`). ``/health`` and static
    files need no turn.
    """

    def __init__(self, app: ASGIApp, most: int = 4) -> None:
        self.app = app
        self._free = asyncio.Semaphore(most)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        own = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        # whoever sends a body may take long over it
        if scope["type"] != "http" or scope["method"] != "GET" or own == "/health" or own.startswith("/static/"):
            await self.app(scope, receive, send)
            return
        has_turn, loop = True, asyncio.get_running_loop()

        def give_back() -> None:
            nonlocal has_turn
            if has_turn:
                has_turn = False
                self._free.release()

        async def send_wrapped(message: Message) -> None:
            give_back()
            await send(message)

        await self._free.acquire()
        token = GIVE_BACK.set(lambda: loop.call_soon_threadsafe(give_back))
        try:
            await self.app(scope, receive, send_wrapped)
        finally:
            GIVE_BACK.reset(token)
            give_back()


class BodyLimit:
    """ASGI middleware: a request body is refused where it is read, as soon as it is known to be too large."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        stated = Headers(scope=scope).get("content-length", "0")
        received = int(stated) if stated.isascii() and stated.isdigit() else 0
        if received <= self.max_bytes:
            received = 0

        async def receive_limited() -> Message:
            nonlocal received
            if received > self.max_bytes:
                raise HTTPException(413)
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                raise HTTPException(413)
            return message

        await self.app(scope, receive_limited, send)
