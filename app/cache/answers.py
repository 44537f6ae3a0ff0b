"""Answers to GET, kept while they are true and given again: docs/decisions/0018 says why so and not otherwise.

For each request:

1. What may the answer depend on? (:mod:`app.cache.question`)
2. Is there one, and has nothing been committed since? (:mod:`app.db.store_version`) Then it is given.
3. Something has: does what it was read from say the same as then? (:mod:`app.db.traces`) Then it is given.
4. Else it is made, and kept. Whoever asks for the same meanwhile waits for it, once, and begins at 2.

An answer made before somebody's change is never given after it, whichever process made the change: the version is asked
for anew for each request, and before anything is read. Only what no store knows may be older: an answer is made anew
after some seconds, and one that shows the time after one.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import Final, Generic, Literal, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.cache.question import Question, question_of
from app.db.engine import Store
from app.db.store_version import StoreVersion
from app.db.traces import Trace, is_unchanged, recording
from app.observability.metrics import KEPT_ANSWERS, KEPT_BYTES
from app.settings import Settings

THREADS: Final = 2
"""Of its own: kept answers are given quickly also while routes use all of theirs."""
SECONDS_OF_TIME: Final = 1.0
"""For how long an answer is given that shows the time when it was made: less than what is shown of it."""
SECONDS_TO_ASK: Final = 2.0
"""After which a database server is taken not to answer; the routes may have more luck, and nothing is kept."""
MIN_PACKED: Final = 1_000
PACKED: Final = (b"text/", b"application/json", b"application/schema+json", b"image/svg+xml")
Outcome = Literal["kept", "confirmed", "made", "passed"]


class KeptAnswers:
    """ASGI middleware: keeps answers, tags them, and says so where their reader has them already.

    Args:
        app: what it wraps.
        settings: how much is kept and how long.
        clock: seconds that only grow.
    """

    def __init__(self, app: ASGIApp, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self.app = app
        self._settings, self._clock = settings, clock
        self.shelf = Shelf(settings.kept_answers_bytes)
        self._threads = ThreadPoolExecutor(THREADS, "kept-answers")  # which end with the application
        self._under_way: dict[Hashable, asyncio.Event] = {}
        self._rounds: Rounds[Hashable | None] | None = None
        self._asked: StoreVersion | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        question = question_of(scope, self._settings.prefix) if scope["type"] == "http" else None
        if question is None:
            await self.app(scope, receive, send)
            return
        state = scope["app"].state
        versions: StoreVersion | None = getattr(state, "store_version", None)
        if question.key is None or versions is None or not self.shelf.most:
            await self._make(scope, question, None, receive, send)
            return
        await self._answer(scope, question, state.store, versions, receive, send)

    async def _answer(
        self, scope: Scope, question: Question, store: Store, versions: StoreVersion, receive: Receive, send: Send
    ) -> None:
        key, waited = question.key, False
        while True:
            version = await self._version(versions)
            kept = self._recent(key)
            if kept is not None and version is not None and kept.version == version:
                await self._give(scope, question, kept, "kept", send)
                return
            other = self._under_way.get(key)
            if other is None or waited:
                break
            await other.wait()
            waited = True
        done = asyncio.Event()
        if other is None:
            self._under_way[key] = done
        try:
            confirmed = kept is not None and version is not None and await self._is_true(store, kept)
            if confirmed and kept is not None:
                kept.version = version
            else:
                await self._make(scope, question, version, receive, send, done)
                return
        finally:
            self._end(key, done)
        await self._give(scope, question, kept, "confirmed", send)

    async def _make(
        self,
        scope: Scope,
        question: Question,
        version: Hashable | None,
        receive: Receive,
        send: Send,
        done: asyncio.Event | None = None,
    ) -> None:
        """Let the routes answer, and keep it under a version of the store that was asked for before."""

        def ended() -> None:
            if done is not None:
                self._end(question.key, done)

        caught = Caught(send, ended)
        with recording() as trace:
            try:
                await self.app(question.scope, receive, caught.send)
            finally:
                if question.scope is not scope and "route" in question.scope:
                    scope["route"] = question.scope["route"]
        whole = caught.whole()
        if whole is None:
            ended()
            KEPT_ANSWERS.labels("passed").inc()
            await caught.end()
            return
        headers, body, tag = whole
        answer = KeptAnswer(_tagged(headers, tag), body, tag, scope.get("route"), trace, version, self._clock())
        if question.key is not None and version is not None and _is_public(headers):
            self.shelf.put(question.key, answer)
        ended()
        await self._give(scope, question, answer, "made", send)

    async def _give(self, scope: Scope, question: Question, answer: KeptAnswer, outcome: Outcome, send: Send) -> None:
        KEPT_ANSWERS.labels(outcome).inc()
        if outcome != "made":
            scope["route"] = answer.route
            scope["pluriscope.served"] = outcome
        if is_had(question.tags, answer.tag):
            await send({"type": "http.response.start", "status": 304, "headers": without_content(answer.headers)})
            await send({"type": "http.response.body", "body": b""})
            return
        headers, body = list(answer.headers), answer.body
        if question.takes_gzip and outcome != "made" and _is_packable(answer):
            packed = await self._packed(question.key, answer)
            if packed:
                body = packed
                headers = [(name, value) for name, value in headers if name != b"content-length"]
                headers += [(b"content-encoding", b"gzip"), (b"content-length", b"%d" % len(packed))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _packed(self, key: Hashable, answer: KeptAnswer) -> bytes:
        """The body compressed, once: an answer that is given a second time will be given a third time."""
        if answer.packed is None:
            loop = asyncio.get_running_loop()
            packed = await loop.run_in_executor(self._threads, partial(gzip.compress, answer.body, 5, mtime=0))
            answer.packed = packed if len(packed) < len(answer.body) else b""
            if self.shelf.get(key) is answer:
                self.shelf.put(key, answer)  # anew, for it has grown
        return answer.packed

    def _recent(self, key: Hashable) -> KeptAnswer | None:
        """What is kept there, if it is not too old."""
        kept = self.shelf.get(key)
        if kept is None:
            return None
        most = self._settings.kept_answers_seconds
        age = self._clock() - kept.made_at
        return kept if age < (min(most, SECONDS_OF_TIME) if kept.trace.told_time else most) else None

    async def _is_true(self, store: Store, kept: KeptAnswer) -> bool:
        """Whether all it was read from is as it was, on a snapshot taken after the version was asked for."""
        trace: Trace = kept.trace
        if not trace.whole:
            return False
        if not trace.asked:
            return True
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, is_unchanged, store.reader, trace)
        except (SQLAlchemyError, store.reader.dialect.loaded_dbapi.Error):
            return False  # the routes will meet the trouble themselves, and say what it is

    async def _version(self, versions: StoreVersion) -> Hashable | None:
        if versions.is_quick:
            return versions.now()
        if self._rounds is None or self._asked is not versions:
            self._rounds, self._asked = Rounds(versions.now, self._threads), versions
        try:
            async with asyncio.timeout(SECONDS_TO_ASK):
                return await self._rounds.answer()
        except TimeoutError:
            return None

    def _end(self, key: Hashable, done: asyncio.Event) -> None:
        done.set()
        if self._under_way.get(key) is done:
            del self._under_way[key]


def _tagged(headers: list[tuple[bytes, bytes]], tag: bytes) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in headers if name not in (b"etag", b"vary")]
    vary = [value for name, value in headers if name == b"vary"]
    return [*kept, (b"etag", tag), (b"vary", b", ".join([*vary, b"Accept-Encoding"]))]


def _is_public(headers: list[tuple[bytes, bytes]]) -> bool:
    return not any(name == b"cache-control" and b"private" in value for name, value in headers)


def _is_packable(answer: KeptAnswer) -> bool:
    if len(answer.body) < MIN_PACKED:
        return False
    kinds = [value for name, value in answer.headers if name == b"content-type"]
    coded = any(name == b"content-encoding" for name, _ in answer.headers)
    return not coded and any(kind.startswith(PACKED) for kind in kinds)


# --- A question to a server for many at once, each of whom gets an answer that is newer than their own asking


T = TypeVar("T")


class Rounds(Generic[T]):
    """Rounds of asking, one at a time. Whoever comes while one is under way waits for the next.

    Args:
        ask: blocks until it has the answer.
        threads: in which it does so.
    """

    def __init__(self, ask: Callable[[], T], threads: Executor) -> None:
        self._ask, self._threads = ask, threads
        self._current: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None
        self.n_rounds = 0

    async def answer(self) -> T:
        """An answer that was asked for after this was called."""
        if self._next is None:
            self._next = asyncio.create_task(self._round(self._current))
        return await asyncio.shield(self._next)

    async def _round(self, before: asyncio.Task[T] | None) -> T:
        if before is not None and not before.done():
            await asyncio.wait({before})
        self._current, self._next = self._next, None
        self.n_rounds += 1
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._ask)


# --- where kept answers stand: so many bytes of them, those asked for last


EACH: Final = 1_000
"""Bytes that an answer takes beside its body, roughly."""


@dataclass(eq=False, slots=True)
class KeptAnswer:
    """An answer and why it is true.

    Args:
        headers: as the routes set them, and its tag.
        body: whole.
        tag: as in the header ``ETag``.
        route: what answered, for the metrics.
        trace: what it was read from; not whole where it is true for one version of the store alone.
        version: of the store, at which it is known to be true.
        made_at: seconds of the clock of whoever keeps it.
        packed: the body as gzip sends it, once somebody wanted it; empty where it is not worth it.
    """

    headers: list[tuple[bytes, bytes]]
    body: bytes
    tag: bytes
    route: object
    trace: Trace
    version: Hashable
    made_at: float
    packed: bytes | None = None

    @property
    def size(self) -> int:
        headers = sum(len(name) + len(value) for name, value in self.headers)
        return EACH + headers + len(self.body) + len(self.packed or b"") + self.trace.size


class Shelf:
    """Answers by what was asked.

    Args:
        most: bytes; what was asked for longest ago goes first.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.n_bytes = 0
        self._kept: OrderedDict[Hashable, tuple[KeptAnswer, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> KeptAnswer | None:
        """What is kept there."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, answer: KeptAnswer) -> None:
        """Keep an answer, in place of an older one, as far as there is room."""
        self.drop(key)
        size = answer.size + len(repr(key))
        if size > self.most:
            return
        self._kept[key] = answer, size
        self._count(size)
        while self.n_bytes > self.most:
            _, (_, gone) = self._kept.popitem(last=False)
            self._count(-gone)

    def drop(self, key: Hashable) -> None:
        """Keep it no longer."""
        _, size = self._kept.pop(key, (None, 0))
        self._count(-size)

    def _count(self, n_bytes: int) -> None:
        self.n_bytes += n_bytes
        KEPT_BYTES.inc(n_bytes)


# --- what a route sends, until it is known whole


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


# --- entity tags


_TAG: Final = re.compile(rb'(?:W/)?("[^"]*")')
_OF_CONTENT: Final = (b"content-length", b"content-type", b"content-encoding")
_OF_OTHERS: Final = (b"etag", b"date", b"set-cookie", b"server-timing")


def tag_of(headers: Iterable[tuple[bytes, bytes]], body: bytes) -> bytes:
    """The tag of an answer: its own, or a weak one, since it may be sent compressed or not.

    Headers count too: readers take those that they kept with the body.
    """
    digest = blake2b(digest_size=12)
    for name, value in headers:
        if name == b"etag":
            return value
        if name not in _OF_OTHERS:
            digest.update(b"%d:%s%d:%s" % (len(name), name, len(value), value))
    digest.update(body)
    return b'W/"%s"' % digest.hexdigest().encode()


def is_had(tags: bytes, tag: bytes) -> bool:
    """Whether the header ``If-None-Match`` names this tag; weak and strong ones count alike, as it wants it."""
    if not tags:
        return False
    if tags.strip() == b"*":
        return True
    own = _TAG.fullmatch(tag)
    return own is not None and own[1] in (found[1] for found in _TAG.finditer(tags))


def without_content(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of a 304, which has no content."""
    return [(name, value) for name, value in headers if name not in _OF_CONTENT]
