"""The application asked within this process, through its ASGI interface: no socket, no second renderer."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import Message

OK: Final = 200


class CannotExport(Exception):
    """An offline copy cannot be made as asked.

    Args:
        item: what is wrong, as the user knows it.
        cause: why, one clause without a final stop.
        cure: what to do about it, one clause without a final stop.
        ours: whether this machine is in the way (a full disk, a folder that cannot be written) and not what was asked.
    """

    def __init__(self, item: str, cause: str, cure: str, *, ours: bool = False) -> None:
        super().__init__(f"{item}: {cause}. {cure[:1].upper()}{cure[1:]}.")
        self.ours = ours


@dataclass
class Answer:
    """What came back.

    Args:
        status: of HTTP.
        location: where it leads on, "" if it does not.
        body: unless somebody took it as it came.
    """

    status: int = 0
    location: str = ""
    body: bytearray = field(default_factory=bytearray)

    @property
    def text(self) -> str:
        return self.body.decode()

    def refused(self, address: str) -> CannotExport:
        """An answer that is no page, in the words of the refusal."""
        try:
            said = str(json.loads(self.body)["error"])
        except (ValueError, KeyError, TypeError):
            said = f"was answered with status {self.status}"
        cause, _, cure = said.rstrip(".").partition(". ")
        return CannotExport(f"address {address[:200]!r}", cause, cure or "look at the page itself")


class InProcess:
    """One application, started while the block lasts.

    It runs in a thread of its own: a request to stop (Ctrl-C, SIGTERM) is raised in the main thread, and so never in
    the midst of the event loop's own work.
    """

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self._open = ExitStack()
        self._portal: BlockingPortal

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._portal = opened.enter_context(start_blocking_portal())
            life = self.app.router.lifespan_context(self.app)
            opened.enter_context(self._portal.wrap_async_context_manager(life))
            self._open = opened.pop_all()
        return self

    def __exit__(self, *raised: Any) -> None:
        self._open.__exit__(*raised)

    def get(self, address: str, take: Callable[[bytes], object] | None = None) -> Answer:
        """What an address answers; where that leads on to another one, that is not followed.

        Args:
            address: path and options.
            take: is given the body as it comes; it is kept in the answer if there is none.
        """
        return self._portal.call(self._ask, address, take)

    def request(self) -> Request:
        """A request that nobody sent, for pages of the copy that the application itself does not have."""
        return Request(self._scope("/"))

    async def _ask(self, address: str, take: Callable[[bytes], object] | None) -> Answer:
        answer = Answer()
        asked = False

        async def receive() -> Message:
            nonlocal asked
            if asked:  # the caller stays until the answer is there
                await anyio.sleep_forever()
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.location = dict(message["headers"]).get(b"location", b"").decode("latin-1")
            elif take and answer.status == OK:
                take(message.get("body", b""))
            else:
                answer.body += message.get("body", b"")

        await self.app(self._scope(address), receive, send)
        return answer

    def _scope(self, address: str) -> dict[str, Any]:
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
            "headers": [(b"host", b"_")],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 80),
            "app": self.app,
        }
