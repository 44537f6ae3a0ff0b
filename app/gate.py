"""What stands before every route: which hosts, how long, how often, from whose pages, and whether changes are taken.

Routes decide what their caller may do (:mod:`app.routes.changes`). What holds for all of them is held here, so that no
route can forget it: nothing that changes anything is taken from a page of another site, and nothing at all while the
site is read-only.
"""

from __future__ import annotations

import asyncio
import logging
import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network
from threading import Lock
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access.callers import caller_of, host_of, is_loopback_name, is_own_page
from app.addressing import below_api
from app.error_answers import answer_to
from app.errors import BadHost, HeadersTooLong, PageError, ReadOnly, Refused, TooLong, TooMany, TooSlow
from app.settings import Settings

log = logging.getLogger("pluriscope.web")

MAX_ADDRESS_BYTES: Final = 32_000
MAX_HEADER_BYTES: Final = 48_000
LOGINS_PER_MINUTE: Final = 10
SAFE: Final = ("GET", "HEAD", "OPTIONS")
LOGIN: Final = ("/login", "/logout")


class Gate:
    """ASGI middleware: refuses what no route should see, and leaves what takes too long.

    Args:
        app: what it wraps.
        settings: hosts, limits, and whether the site is read-only.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._settings = settings
        self._hosts = _named(settings.trusted_hosts)
        if not self._hosts and settings.public_url:
            self._hosts = (urlsplit(settings.public_url).hostname or "",)
        self._computed = Buckets(settings.computed_per_minute)
        self._guesses = Buckets(LOGINS_PER_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        path = str(scope["path"]).removeprefix(self._settings.prefix)
        changes, path = scope["method"] not in SAFE, below_api(path)
        computed = changes or is_computed(path)
        try:
            self._check_form(request)
            if changes:
                self._check_change(request, path)
            self._check_rate(request, computed=computed and path not in LOGIN, guess=changes and path == LOGIN[0])
        except PageError as error:
            await answer_to(request, error)(scope, receive, send)
            return
        if computed:
            await in_time(self.app, request, send, self._settings.request_seconds)
        else:
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
        host = host_of(request)
        if self._hosts and not is_loopback_name(host) and not any(_fits(host, one) for one in self._hosts):
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

    def _check_rate(self, request: Request, *, computed: bool, guess: bool) -> None:
        host = request.client.host if request.client else ""
        if guess or ("authorization" in request.headers and caller_of(request).wrong_token):
            _take(self._guesses, host, "logins and tokens", "wait, and copy the token whole")
        elif computed and self._settings.computed_per_minute and caller_of(request).role is None:
            cure = "wait a little, or log in"
            _take(self._computed, host, "computed answers", cure)


def _take(buckets: Buckets, host: str, what: str, cure: str) -> None:
    seconds = buckets.take(host)
    if seconds:
        plural = "" if seconds == 1 else "s"
        cause = f"{buckets.per_minute} in a minute are given to one address, and the next in {seconds} second{plural}"
        error = TooMany(what, cause, cure)
        error.seconds = seconds
        raise error


def _named(texts: str) -> tuple[str, ...]:
    return tuple(text.strip().lower() for text in texts.split(",") if text.strip())


def _fits(host: str, pattern: str) -> bool:
    """Whether a host is the one that is named, or below ``*.name``."""
    if pattern == "*":
        return True
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


_LEFT: Final[set[asyncio.Task[None]]] = set()


async def in_time(app: ASGIApp, request: Request, send: Send, seconds: float) -> None:
    """Answer a request, or say that it takes too long if no answer has begun in time.

    What computes in a thread cannot be stopped; it goes on to its end, and how many do so at once is bounded
    (:mod:`app.routes.computing`). Its answer goes nowhere.
    """
    begun, late = asyncio.Event(), False

    async def send_in_time(message: Message) -> None:
        if late:
            return
        begun.set()
        await send(message)

    scope, receive = request.scope, request.receive
    task = asyncio.ensure_future(app(scope, receive, send_in_time))
    waiting = asyncio.ensure_future(begun.wait())
    try:
        await asyncio.wait({task, waiting}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if task.done() or begun.is_set():
            await task
            return
    except asyncio.CancelledError:  # the server ends
        task.cancel()
        raise
    finally:
        waiting.cancel()
    late = True
    task.cancel()
    _LEFT.add(task)  # asyncio keeps no task by itself
    task.add_done_callback(_ended)
    error = TooSlow(
        "this answer",
        f"had not started after {seconds:g} seconds",
        "try again later; a change that was asked for may have been made meanwhile",
    )
    await answer_to(request, error)(scope, receive, send)


def _ended(task: asyncio.Task[None]) -> None:
    _LEFT.discard(task)
    if not task.cancelled() and task.exception() is not None:
        log.warning("an answer that nobody waited for failed: %s", type(task.exception()).__name__)


# --- how much one visitor's address is given: buckets that fill again, a bounded number of them
#
# Kept in the process: several server processes behind one address give as much each.


MAX_ADDRESSES: Final = 20_000
IPV6_BITS: Final = 64
"""Of an IPv6 address; whoever has one address has all that begin alike."""

# Pages that show what is stored, or forms. All else counts as computed, so that what is added is limited until it is
# named here.
STORED: Final = (
    r"/?",
    r"/gallery",
    r"/networks(?:/new(?:/check|/help)?)?",
    r"/networks/[^/]+(?:/circuits|/algorithms|/criteria|/analyses(?:/[^/]+)?|/rename|/delete)?",
    r"/networks/[^/]+/(?:circuits|algorithms)/[^/.]+",
    r"/schemas/network-file",
    r"/jobs(?:/[^/]+)?",
    r"/studies(?:/new|/schema)?",
    r"/studies/[^/]+(?:/progress|/design)?",
    r"/train",
    r"/s/[^/]+",
    r"/(?:deleted|findings|glossary|scope|health|metrics|login|openapi\.json|api)",
    r"/(?:static|health|admin)(?:/.*)?",
)
_STORED: Final = re.compile("|".join(STORED))


def is_computed(path: str) -> bool:
    """Whether an address, as :func:`below_api` has it, asks for something that is computed, drawn or gathered."""
    return _STORED.fullmatch(path) is None


class Buckets:
    """A bucket for each address: so many at once, then so many a minute.

    Args:
        per_minute: how many are given in a minute, and at most at once; 0: any number.
        clock: seconds that only grow.
        most: addresses that are remembered; beyond it the one is forgotten that asked longest ago.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic, most: int = MAX_ADDRESSES) -> None:
        self.per_minute = per_minute
        self._clock, self._most = clock, most
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # address → what is left, and when
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._left)

    def take(self, host: str) -> int:
        """Take one; 0 if it was there, else whole seconds until there is one."""
        if not self.per_minute:
            return 0
        key, now = group_of(host), self._clock()
        with self._lock:
            left, then = self._left.pop(key, (float(self.per_minute), now))
            left = min(float(self.per_minute), left + (now - then) * self.per_minute / 60)
            taken = left >= 1
            self._left[key] = (left - 1 if taken else left, now)
            while len(self._left) > self._most:
                self._left.popitem(last=False)
        return 0 if taken else max(1, math.ceil((1 - left) * 60 / self.per_minute))


def group_of(host: str) -> str:
    """Who counts as one: an IPv4 address, or all IPv6 addresses that one subscriber has."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host[:64]
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((int(address), IPV6_BITS), strict=False))
    return str(address)
