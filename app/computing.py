"""Limits to what one process computes on request: a few requests at once, each for so many seconds of the processor.

A few more requests wait, the others are refused with 503. Whatever a request computes ends when its seconds are over or
when nobody waits for it any more.
"""

from __future__ import annotations

import asyncio
import ctypes
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import partial
from threading import BoundedSemaphore, Lock, get_ident
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pluriscope.analysis.running.progress import OutOfTime
from pluriscope.analysis.running.work import Work
from pluriscope.app.errors import Busy, TakesTooLong

SECONDS: Final = 10.0
"""Of its thread's processor time that a request may compute."""
GRACE: Final = 1.0
"""Further seconds for what looks at the time to say what is known; then it is ended, and again after as many."""
TICK: Final = 0.1

AT_ONCE: Final = 2
WAITING: Final = 6
"""Most that wait: each keeps a thread, of which a process has 40 for all requests."""
WAIT_SECONDS: Final = 8.0
_ROOM: Final = BoundedSemaphore(AT_ONCE)
_QUEUE: Final = BoundedSemaphore(AT_ONCE + WAITING)
_INSIDE: Final[ContextVar[bool]] = ContextVar("inside", default=False)

GIVE_BACK: Final[ContextVar[Callable[[], object]]] = ContextVar("give_back", default=lambda: None)
"""Lets the next page be made before this one begins its answer; called from whichever thread makes it."""


class Ended(BaseException):  # which nothing that computes takes for an answer
    """What a request computes has taken too long, or nobody waits for it any more."""


TOO_LONG: Final = (OutOfTime, Ended)


@contextmanager
def room(what: str) -> Iterator[None]:
    """Wait for room for one computation; a thread that has it already goes on at once.

    A page's turn is given back first (:class:`pluriscope.app.middleware.Turns`), so that pages which only read are made
    meanwhile.

    Args:
        what: is to be computed, for the message.

    Raises:
        Busy: too many wait already, or there is no room in time.
    """
    if _INSIDE.get():
        yield
        return
    GIVE_BACK.get()()
    bound = BOUND.get()
    left = bound.leave()  # nothing is raised between taking room and giving it back
    busy = Busy(what, f"{AT_ONCE} others are being computed at this moment", "try again in a few seconds")
    if not _QUEUE.acquire(blocking=False):
        raise busy
    try:
        if not _ROOM.acquire(timeout=WAIT_SECONDS):
            raise busy
        token = _INSIDE.set(True)
        try:
            with bound.within(what):
                yield
        finally:
            _INSIDE.reset(token)
            _ROOM.release()
    finally:
        _QUEUE.release()
        if left is not None:
            bound.enter(left)


class Bound:
    """What a request may compute: :data:`SECONDS` of the processor, while somebody waits for the answer.

    After that :class:`Ended` is raised in its thread between two steps of Python, as Ctrl-C is in a program's main
    thread, whether or not what computes looks at a clock.
    """

    def __init__(self) -> None:
        self._lock, self._thread, self._gone, self._raised = Lock(), 0, False, False
        self._until = self._end = math.inf  # by the clock: when what looks at it stops, when the rest is ended
        self._clock: Callable[[], float] = time.monotonic

    @property
    def is_over(self) -> bool:
        """Whether nothing more should be computed."""
        return self._gone or self._clock() >= self._until

    @contextmanager
    def within(self, what: str) -> Iterator[None]:
        """Compute within the bound; what is within already goes on.

        Args:
            what: is computed, for the message.

        Raises:
            TakesTooLong: it was ended, and did not say itself what was known by then.
        """
        if self._thread:
            yield
            return
        self.enter(SECONDS)
        try:
            try:
                yield
            finally:
                self.leave()
        except TOO_LONG:
            self.leave()  # where it arrived on the way out
            raise TakesTooLong(what, CAUSE.format(SECONDS), CURE) from None

    def enter(self, seconds: float) -> None:
        """From now on this thread is ended after so many; a system without clocks of threads counts waiting, too."""
        own = getattr(time, "pthread_getcpuclockid", None)
        clock = partial(time.clock_gettime, own(get_ident())) if own else time.monotonic
        with self._lock:
            self._raised = False
            self._clock, self._until, self._thread = clock, clock() + seconds, get_ident()
            self._end = -math.inf if self._gone else self._until + GRACE

    def leave(self) -> float | None:
        """Nothing is raised in the thread any more. Returns the seconds that were left; None if it was not within."""
        with self._lock:
            thread, until, clock = self._thread, self._until, self._clock
            self._thread, self._until, self._clock = 0, math.inf, time.monotonic  # the thread's ends with it
        if self._raised:
            # One that has not arrived does at the end of a loop's step. Taking it back leaves a sign that something
            # is to be looked at, which slows every thread, and where calls are counted never ends in Python 3.11.
            try:
                for _ in range(2):
                    pass
            except Ended:
                pass
        return until - clock() if thread else None

    def tick(self, *, gone: bool = False) -> None:
        """End what is computed if its time is over, or if who asked has gone; called from another thread."""
        with self._lock:
            if gone:
                self._gone, self._end = True, -math.inf
            if self._thread and self._clock() >= self._end:
                self._end, self._raised = self._clock() + GRACE, True
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), ctypes.py_object(Ended))


BOUND: Final[ContextVar[Bound]] = ContextVar("bound", default=Bound())  # noqa: B039  # nobody ticks this one
CAUSE: Final = "takes too long here, more than {:g} seconds of the processor"
CURE: Final = (
    "ask for it as an analysis, which a worker makes, or compute it at the command line or in a notebook, where "
    "nothing ends it"
)


def work() -> Work:
    """Work within the request's bound: what looks at it ends in time to say what is known."""
    return Work(stopped=lambda: BOUND.get().is_over)


class Bounded:
    """ASGI middleware: watches over each request's bound, and over who asked while a page or a file is made."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        bound, passed = Bound(), asyncio.Queue[Message]()

        async def watch() -> None:
            while True:
                await asyncio.sleep(TICK)
                bound.tick()

        async def listen() -> None:
            with suppress(HTTPException):  # a body that is too large, which nobody reads
                while (message := await receive())["type"] != "http.disconnect":
                    passed.put_nowait(message)
                bound.tick(gone=True)
                passed.put_nowait(message)

        is_get = scope["method"] == "GET"  # with any other something may be sent
        tasks = [asyncio.create_task(one()) for one in ((watch, listen) if is_get else (watch,))]
        token = BOUND.set(bound)
        try:
            await self.app(scope, passed.get if is_get else receive, send)
        finally:
            BOUND.reset(token)
            bound.leave()
            for task in tasks:
                task.cancel()
