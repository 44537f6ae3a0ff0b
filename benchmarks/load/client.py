"""A small HTTP client that costs little beside the server that it measures: kept connections, nothing but GET."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
IDLE_SECONDS: Final = 2.0
"""A connection that was idle for longer is left: servers close theirs after some seconds (uvicorn after 5), and who
writes just then is answered by a reset, which browsers hide by asking again."""


class Broken(Exception):
    """The answer is none of HTTP, or ended before its end."""


@dataclass
class Client:
    """Kept connections to one server.

    Args:
        host: of the server.
        port: of the server.
    """

    host: str
    port: int
    free: list[tuple[float, Connection]] = field(default_factory=list)  # since when, the latest last
    opened: int = 0

    async def get(self, path: str, accept: str = "*/*") -> tuple[int, int]:
        """Ask for an address; answers status and bytes of the body.

        Raises:
            OSError: no connection.
            Broken: no answer of HTTP.
        """
        connection = await self._take()
        try:
            status, headers = await self._ask(connection, path, accept)
            size = 0
            async for part in _body(connection[0], headers):
                size += len(part)
        except BaseException:
            connection[1].close()
            raise
        if headers.get("connection", "").lower() == "close":
            connection[1].close()
        else:
            self.free.append((time.monotonic(), connection))
        return status, size

    async def follow(self, path: str) -> AsyncIterator[bytes]:
        """The parts of an answer that does not end, on a connection of its own.

        Raises:
            Broken: the answer is not 200.
        """
        connection = await self._open()
        try:
            status, headers = await self._ask(connection, path, "text/event-stream")
            if status != 200:
                raise Broken(f"status {status}")
            async for part in _body(connection[0], headers):
                yield part
        finally:
            connection[1].close()

    async def _take(self) -> Connection:
        while self.free:
            since, connection = self.free.pop()
            if not connection[0].at_eof() and time.monotonic() - since < IDLE_SECONDS:
                return connection
            connection[1].close()
        return await self._open()

    async def _open(self) -> Connection:
        self.opened += 1
        return await asyncio.open_connection(self.host, self.port)

    async def _ask(self, connection: Connection, path: str, accept: str) -> tuple[int, dict[str, str]]:
        reader, writer = connection
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nAccept: {accept}\r\n\r\n".encode())
        await writer.drain()
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError as error:
            raise Broken("no answer") from error
        first, *lines = head.rstrip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return int(first.split(" ")[1]), headers

    def close(self) -> None:
        """Give all kept connections up."""
        for _, (_, writer) in self.free:
            with suppress(OSError):
                writer.close()


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> AsyncIterator[bytes]:
    try:
        if "content-length" in headers:
            yield await reader.readexactly(int(headers["content-length"]))
            return
        if headers.get("transfer-encoding", "").lower() != "chunked":
            yield await reader.read()
            return
        while size := int((await reader.readline()).split(b";")[0], 16):
            yield await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readline()
    except asyncio.IncompleteReadError as error:
        raise Broken("the answer ends early") from error
