"""Tests of how many pages are made at once, and who waits."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from pluriscope.app.computing import GIVE_BACK
from pluriscope.app.middleware import Turns


class Application:
    """Application that begins its answer when it is let go, sends the rest when it is ended, and counts who is making
    it.
    """

    def __init__(self) -> None:
        self.making = self.sending = 0
        self.begin, self.end = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.making += 1
        if scope["path"] == "/computed":
            GIVE_BACK.get()()
        await self.begin.wait()
        self.making -= 1
        if scope["path"] == "/fails":
            raise ValueError("of the page")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        self.sending += 1
        await self.end.wait()
        await send({"type": "http.response.body", "body": b""})


async def receive() -> Message:
    return {"type": "http.request"}


async def send(_: Message) -> None:
    return


def asked(turns: Turns, path: str = "/", method: str = "GET") -> asyncio.Task[None]:
    return asyncio.ensure_future(turns({"type": "http", "method": method, "path": path}, receive, send))


async def _settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("path", "method", "n_making"),
    [
        ("/networks", "GET", 2),
        ("/networks", "POST", 5),
        ("/static/site.css", "GET", 5),
        ("/networks/static/play", "GET", 2),
        ("/health", "GET", 5),
        ("/computed", "GET", 5),
    ],
)
def test_so_many_pages_are_made_at_once_and_nothing_else_waits_for_them(path, method, n_making):
    async def run() -> int:
        application = Application()
        turns = Turns(application, most=2)
        tasks = [asked(turns, path, method) for _ in range(5)]
        await _settled()
        found = application.making
        application.begin.set()
        application.end.set()
        await asyncio.gather(*tasks)
        return found

    assert asyncio.run(run()) == n_making


@pytest.mark.parametrize("path", ["/networks.csv", "/fails"])
def test_a_turn_is_over_when_the_answer_begins_or_fails(path):
    async def run() -> tuple[int, int]:
        application = Application()
        turns = Turns(application, most=2)
        first = [asked(turns, path) for _ in range(4)]
        await _settled()
        application.begin.set()
        await _settled()  # each that had a turn sends or has failed, and so do those behind it
        application.begin.clear()
        later = [asked(turns) for _ in range(3)]
        await _settled()
        found = application.sending, application.making
        application.begin.set()
        application.end.set()
        await asyncio.gather(*first, *later, return_exceptions=True)
        return found

    assert asyncio.run(run()) == (0 if path == "/fails" else 4, 2)
