"""An answer caught on its way out, if it comes in one piece; streams go on to their reader as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from starlette.types import Message, Send

from app.cache.tags import tag_of

MAX_BODY: Final = 1_000_000


class Caught:
    """What routes send, held back until it is known whole.

    Args:
        send: to the reader.
        passed: called once, before the first thing goes on.
    """

    def __init__(self, send: Send, passed: Callable[[], None]) -> None:
        self._send, self._passed = send, passed
        self._start: Message | None = None
        self._body: bytes | None = None
        self._passing = False

    async def send(self, message: Message) -> None:
        """Take what the routes send."""
        if self._passing:
            await self._send(message)
        elif message["type"] == "http.response.start" and self._start is None:
            self._start = message
        elif (
            message["type"] == "http.response.body"
            and self._start is not None
            and self._body is None
            and not message.get("more_body", False)
        ):
            self._body = bytes(message.get("body", b""))
        else:
            await self._let_go()
            await self._send(message)

    async def _let_go(self) -> None:
        self._passing = True
        self._passed()
        if self._start is not None:
            await self._send(self._start)
        if self._body is not None:
            await self._send({"type": "http.response.body", "body": self._body, "more_body": True})

    async def end(self) -> None:
        """Send on what is held, as it is."""
        if not self._passing and self._start is not None:
            self._passing = True
            await self._send(self._start)
            if self._body is not None:
                await self._send({"type": "http.response.body", "body": self._body})

    def whole(self) -> tuple[list[tuple[bytes, bytes]], bytes, bytes] | None:
        """Headers, body and tag of an answer that its sender may be given again; None if it is another kind."""
        if self._passing or self._start is None or self._body is None or self._start["status"] != 200:
            return None
        headers = [(bytes(name).lower(), bytes(value)) for name, value in self._start.get("headers", ())]
        for name, value in headers:
            if name == b"set-cookie" or (name == b"vary" and value == b"*"):
                return None
            if name == b"cache-control" and b"no-store" in value:
                return None
        if len(self._body) > MAX_BODY:
            return None
        return headers, self._body, tag_of(headers, self._body)
