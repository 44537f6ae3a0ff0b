"""The application asked within this process, through its ASGI interface: no socket, no second renderer."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urljoin, urlsplit

from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import Message

from app.offline.errors import CannotExport

# no host name, so that pages write links as paths and not with a host that nobody can reach
HOST: Final = b"_"
MOST_REDIRECTS: Final = 5
MOST_BYTES_KEPT: Final = 64 << 20
OK: Final = 200
T = TypeVar("T")


@dataclass
class Answer:
    """What came back."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode()


class InProcess:
    """One application, started while the block lasts.

    What was read as JSON to plan a copy is kept until it is saved, as long as all of it takes little memory.
    """

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self._runner = asyncio.Runner()
        self._life = app.router.lifespan_context(app)
        self._kept: dict[str, bytes] = {}
        self._n_kept = 0

    def __enter__(self) -> InProcess:
        self._runner.__enter__()
        try:
            self._run(self._life.__aenter__())
        except BaseException:
            self._runner.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            self._run(self._life.__aexit__(None, None, None))
        finally:
            self._runner.close()

    def get(self, address: str, *, fragment: bool = False) -> Answer:
        """What an address answers, redirects followed.

        Args:
            address: path and options.
            fragment: ask as htmx does for a part of a page.
        """
        body = bytearray()
        answer = self._follow(address, body.extend, fragment=fragment)
        answer.body = bytes(body)
        return answer

    def json(self, address: str) -> Any:
        """The value that an address answers.

        Raises:
            CannotExport: it is refused; with the words of the refusal.
        """
        if address in self._kept:
            return json.loads(self._kept[address])
        answer = self.get(address)
        if answer.status != OK:
            raise CannotExport(f"address {address[:200]!r}", *refusal_of(answer))
        if self._n_kept + len(answer.body) <= MOST_BYTES_KEPT:
            self._kept[address] = answer.body
            self._n_kept += len(answer.body)
        return json.loads(answer.body)

    def save(self, address: str, path: Path) -> int:
        """What an address answers, written to a file as it comes.

        Returns:
            its bytes.

        Raises:
            CannotExport: it is refused.
        """
        kept = self._kept.pop(address, None)
        if kept is not None:
            self._n_kept -= len(kept)
            return path.write_bytes(kept)
        with path.open("wb") as file:
            answer = self._follow(address, file.write)
        if answer.status != OK:
            answer.body = path.read_bytes()
            path.unlink()
            raise CannotExport(f"address {address[:200]!r}", *refusal_of(answer))
        return path.stat().st_size

    def request(self, address: str) -> Request:
        """A request that nobody sent, for pages of the copy that the application itself does not have."""
        return Request(self._scope(address, fragment=False))

    def _follow(self, address: str, take: Callable[[bytes], object], *, fragment: bool = False) -> Answer:
        for _ in range(MOST_REDIRECTS):
            answer = self._run(self._ask(address, take, fragment=fragment))
            if "location" not in answer.headers:
                return answer
            address = urljoin(address, answer.headers["location"])
        raise CannotExport(f"address {address[:200]!r}", "leads on without end", "report it")

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end, or cancel when the process is asked to stop.

        Raises:
            KeyboardInterrupt: asked to stop; nothing of the work goes on.
        """
        loop = self._runner.get_loop()
        tasks: list[asyncio.Task[T]] = []

        def cancel() -> None:
            for task in tasks:
                task.cancel()

        async def run() -> T:
            tasks.append(asyncio.ensure_future(work))
            if received:
                cancel()
            return await tasks[0]

        with _requests_to_stop(lambda: loop.call_soon_threadsafe(cancel)) as received:
            try:
                return self._runner.run(run())
            except asyncio.CancelledError:
                # an answer on its way would go on when the application ends, to a file closed by then
                left = asyncio.all_tasks(loop)
                for task in left:
                    task.cancel()
                if left:
                    loop.run_until_complete(asyncio.wait(left))
                raise

    async def _ask(self, address: str, take: Callable[[bytes], object], *, fragment: bool) -> Answer:
        answer = Answer()
        asked = False

        async def receive() -> Message:
            nonlocal asked
            if asked:  # the caller stays until the answer is there
                await asyncio.Event().wait()
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in message["headers"]}
            elif "location" not in answer.headers:
                take(message.get("body", b""))

        await self.app(self._scope(address, fragment=fragment), receive, send)
        return answer

    def _scope(self, address: str, *, fragment: bool) -> dict[str, Any]:
        parts = urlsplit(address)
        headers = [(b"host", HOST)]
        if fragment:
            headers += [(b"hx-request", b"true"), (b"hx-request-type", b"partial")]
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
            "headers": headers,
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 80),
            "app": self.app,
        }


@contextmanager
def _requests_to_stop(cancel: Callable[[], object]) -> Iterator[list[int]]:
    """Keep requests to stop (Ctrl-C, SIGTERM) until the end of the block, where their handlers are called.

    A handler that raises in the midst of an event loop's own work takes a step away from it, and what waits for that
    step waits for ever.

    Args:
        cancel: called at once, from the signal's handler.

    Raises:
        KeyboardInterrupt: there was a request.
    """
    received: list[int] = []

    def keep(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        cancel()

    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield received
        return
    former = {int(number): signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handlers = {number: handler for number, handler in former.items() if callable(handler)}
    for number in handlers:
        signal.signal(number, keep)
    try:
        yield received
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in received:
            handlers[number](number, None)
        if received:
            raise KeyboardInterrupt


def refusal_of(answer: Answer) -> tuple[str, str]:
    """Cause and cure of a refusal, as its JSON tells them."""
    try:
        said = str(json.loads(answer.body)["error"])
    except (ValueError, KeyError, TypeError):
        return f"was answered with status {answer.status}", "look at the page itself"
    cause, _, cure = said.rstrip(".").partition(". ")
    return cause, cure or "look at the page itself"
