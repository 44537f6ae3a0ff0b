"""A small application around a real store: routes that read it, that read nothing, and that must not be kept."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.access.callers import caller_of
from app.access.credentials import Credentials
from app.addressing import Addresses
from app.cache.answers import KeptAnswers
from app.db.engine import Store, store_at
from app.db.store_version import StoreVersion
from app.db.tables import DataRow, ProtocolRow
from app.gate import Gate
from app.middleware import Envelope
from app.rendering import THEME_COOKIE
from app.routes.depends import now
from app.settings import Settings

LOCAL = ("127.0.0.1", 50_000)
VISITOR = ("203.0.113.7", 50_000)
TOKEN = "let-me-in"  # noqa: S105  of these tests


@pytest.fixture
def elsewhere(store):
    """The same store as another process has it open."""
    opened = store_at(store.url)
    yield opened
    opened.close()


def add_protocol(store: Store, digest: str) -> None:
    """A change of what the pages here show."""
    with store.write() as session:
        session.add(ProtocolRow(digest=digest, name=digest, settings={}))


def add_data(store: Store, digest: str) -> None:
    """A change that no page here has to do with."""
    with store.write() as session:
        session.add(DataRow(digest=digest, record=b"{}"))


def names_in(store: Store) -> list[str]:
    with store.read() as session:
        return list(session.scalars(select(ProtocolRow.name).order_by(ProtocolRow.name)))


@dataclass
class House:
    """The application, how often each of its routes was asked, and what became of requests."""

    store: Store
    settings: Settings
    made: Counter[str] = field(default_factory=Counter)
    seen: list[dict[str, str]] = field(default_factory=list)
    served: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None  # what is made waits for it, if there is one
    begun: int = 0
    seconds: float = 0.0  # of the clock by which answers grow old

    def __post_init__(self) -> None:
        paths = ("names", "time", "nothing", "cookie", "secret", "private", "stream", "many", "gone", "writes", "late")
        routes = [Route(f"/{name}", getattr(self, f"_{name}")) for name in paths]
        routes += [Route("/who", self._who), Route("/static/who", self._who), Route("/jobs/1/events", self._who)]
        kept = Middleware(KeptAnswers, settings=self.settings, clock=lambda: self.seconds)
        outer = [Middleware(Envelope), Middleware(Gate, settings=self.settings), kept]
        self.app = Starlette(routes=routes, middleware=outer)
        state = self.app.state
        state.settings, state.addresses = self.settings, Addresses("")
        state.credentials = Credentials(self.settings.data, self.settings.token)
        state.store, state.store_version = self.store, StoreVersion(self.store)
        self.app.middleware_stack = self._noting(self.app.build_middleware_stack())

    @property
    def made_anew(self) -> list[bool]:
        """Of each request whether a route was asked; if not, the answer was given again.

        PostgreSQL's own work on a database looks like a change of it, so that an answer may be confirmed there where it
        is merely kept on SQLite.
        """
        return [one == "made" for one in self.served]

    def _noting(self, stack):
        async def app(scope, receive, send):
            await stack(scope, receive, send)
            if scope["type"] == "http":
                self.served.append(scope.get("pluriscope.served", "made"))

        return app

    def client(self, host=LOCAL, base_url="http://127.0.0.1") -> TestClient:
        return TestClient(self.app, base_url=base_url, client=host, follow_redirects=False)

    async def _names(self, request: Request) -> Response:
        self.made["names"] += 1
        self.begun += 1
        names = await run_in_threadpool(names_in, self.store)
        if self.gate is not None:
            await self.gate.wait()
        return JSONResponse({"names": names}, headers={"cache-control": "no-cache"})

    async def _late(self, request: Request) -> Response:
        """Somebody changes the store after this has read it, before it answers."""
        names = await run_in_threadpool(names_in, self.store)
        await run_in_threadpool(add_protocol, self.store, f"late-{len(names)}")
        return JSONResponse({"names": names})

    async def _time(self, request: Request) -> Response:
        self.made["time"] += 1
        return HTMLResponse(f"it is {now()}")

    async def _nothing(self, request: Request) -> Response:
        self.made["nothing"] += 1
        return HTMLResponse("always the same " * 200)

    async def _cookie(self, request: Request) -> Response:
        answer = HTMLResponse("yours")
        answer.set_cookie("theme", "dark")
        return answer

    async def _secret(self, request: Request) -> Response:
        return HTMLResponse("hush", headers={"cache-control": "no-store"})

    async def _private(self, request: Request) -> Response:
        return HTMLResponse("yours", headers={"cache-control": "private, no-cache"})

    async def _stream(self, request: Request) -> Response:
        return StreamingResponse(iter([b"one ", b"two"]), media_type="text/plain")

    async def _many(self, request: Request) -> Response:
        return HTMLResponse("x" * 1_100_000)

    async def _gone(self, request: Request) -> Response:
        return HTMLResponse("no such thing", 404)

    async def _writes(self, request: Request) -> Response:
        self.made["writes"] += 1
        await run_in_threadpool(add_protocol, self.store, f"w{self.made['writes']}")
        return HTMLResponse("done")

    async def _who(self, request: Request) -> Response:
        caller = caller_of(request)
        seen = dict(request.headers) | {
            "theme": request.cookies.get(THEME_COOKIE, ""),
            "role": caller.role or "",
            "by": caller.by,
            "url": str(request.url),
        }
        self.seen.append(seen)
        return JSONResponse(seen)


@pytest.fixture
def house(store, tmp_path):
    made = House(store, Settings(data=tmp_path / "data", token=TOKEN))
    yield made
    made.app.state.store_version.close()
