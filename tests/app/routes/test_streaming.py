"""Tests that what is sent while it is read lets go of it, however the sending ends."""

from __future__ import annotations

import asyncio
from collections.abc import Generator

import pytest
from starlette.types import Message

from pluriscope.app.routes.streaming import Streamed


class Reader:
    """A reader who leaves after so many parts."""

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.heard: list[bytes] = []

    async def receive(self) -> Message:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message.get("body"):
            self.heard.append(message["body"])
        if len(self.heard) >= self.patience:
            raise OSError("the reader has left")


def _read(reader: Reader, reply: list[str]) -> None:
    def parts() -> Generator[str, None, None]:
        try:
            for number in range(5):
                reply.append(f"read {number}")
                yield f"{number}\n"
        finally:
            reply.append("closed")

    answer = Streamed(parts(), media_type="text/csv")
    assert reply == ["read 0"], "the first part is read before anything is sent, and nothing more"
    scope = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}}
    asyncio.run(answer(scope, reader.receive, reader.send))


def test_all_of_it_is_sent_and_then_it_is_closed():
    reply: list[str] = []
    reader = Reader(patience=6)
    _read(reader, reply)
    assert b"".join(reader.heard) == b"0\n1\n2\n3\n4\n"
    assert reply[-1] == "closed"


def test_a_reader_who_leaves_closes_it():
    reply: list[str] = []
    with pytest.raises(BaseException):  # noqa: B017, PT011  # as the server above it is told
        _read(Reader(patience=2), reply)
    assert reply == ["read 0", "read 1", "closed"]


def test_what_is_refused_is_refused_before_anything_is_sent():
    def parts() -> Generator[str, None, None]:
        raise LookupError("no such network")
        yield ""

    with pytest.raises(LookupError):
        Streamed(parts())
