"""The application called within this process, without a socket."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import Message

from pluriscope.analysis.errors import ExplainedError

OK: Final = 200


class CannotExport(ExplainedError):
    """Error: an offline copy with this content cannot be made."""


@dataclass
class Answer:
    """Answer of the application, with the names of headers in small letters."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)

    @property
    def location(self) -> str:
        """Address that the answer redirects to; "" if it does not."""
        return self.headers.get("location", "")

    def refused(self, address: str) -> CannotExport:
        """An answer that is no page, in the words of the refusal."""
        try:
            cause = str(json.loads(self.body)["error"])
        except (ValueError, KeyError, TypeError):
            cause = f"was answered with status {self.status}"
        cause, _, cure = cause.rstrip(".").partition(". ")
        return CannotExport(f"address {address[:200]!r}", cause, cure or "look at the page itself")


@dataclass
class Site:
    """A running application. It runs in a thread of its own: a request to stop (Ctrl-C, SIGTERM) is raised in the main
    thread, and so never in the midst of the event loop's own work.

    Args:
        most: bytes of an answer; a larger one is refused.
    """

    app: FastAPI
    portal: BlockingPortal
    most: int = sys.maxsize

    def ask(self, address: str, headers: Mapping[str, str] = {}) -> Answer:
        """Answer of the application to a GET request; redirections are not followed."""
        found: Answer = self.portal.call(self._ask, self._scope(address, headers))
        return found

    def request(self) -> Request:
        """A request that nobody sent, for pages of the copy that the application itself does not have."""
        return Request(self._scope("/"))

    async def _ask(self, scope: dict[str, Any]) -> Answer:
        answer, is_sent = Answer(), False

        async def receive() -> Message:
            nonlocal is_sent
            if is_sent:  # the caller stays until the answer is there
                await anyio.sleep_forever()
            is_sent = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {name.decode().lower(): value.decode("latin-1") for name, value in message["headers"]}
            else:
                answer.body += message.get("body", b"")
                if len(answer.body) > self.most:
                    raise RuntimeError("the answer is too large")  # which ends it

        try:
            await self.app(scope, receive, send)
        except RuntimeError as problem:
            if len(answer.body) <= self.most:
                raise
            what, cause = f"address {scope['path'][:200]!r}", f"has more than {self.most >> 20} MiB"
            raise CannotExport(what, cause, "ask a server, or save it in Python") from problem
        return answer

    def _scope(self, address: str, headers: Mapping[str, str] = {}) -> dict[str, Any]:
        parts = urlsplit(address)
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": unquote(parts.path),
            "raw_path": parts.path.encode("ascii"),
            "query_string": parts.query.encode("ascii"),
            "root_path": "",
            # no host name, so that pages write links as paths and not with a host that nobody can reach
            "headers": [(b"host", b"_"), *((name.encode(), value.encode()) for name, value in headers.items())],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 80),
            "app": self.app,
        }


@contextmanager
def answering(app: FastAPI) -> Iterator[Site]:
    """The application, started while the block lasts."""
    with start_blocking_portal() as portal:
        life = app.router.lifespan_context(app)
        with portal.wrap_async_context_manager(life):
            yield Site(app, portal)
