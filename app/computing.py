"""A limit to what one process computes on request at once: a few requests wait, the others are refused with 503."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import BoundedSemaphore
from typing import Final

from pluriscope.app.errors import Busy

AT_ONCE: Final = 2
WAITING: Final = 6
"""Most that wait: each keeps a thread, of which a process has 40 for all requests."""
WAIT_SECONDS: Final = 8.0
_ROOM: Final = BoundedSemaphore(AT_ONCE)
_QUEUE: Final = BoundedSemaphore(AT_ONCE + WAITING)
_INSIDE: Final[ContextVar[bool]] = ContextVar("inside", default=False)

GIVE_BACK: Final[ContextVar[Callable[[], object]]] = ContextVar("give_back", default=lambda: None)
"""Lets the next page be made before this one begins its answer; called from whichever thread makes it."""


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
    busy = Busy(what, f"{AT_ONCE} others are being computed at this moment", "try again in a few seconds")
    if not _QUEUE.acquire(blocking=False):
        raise busy
    try:
        if not _ROOM.acquire(timeout=WAIT_SECONDS):
            raise busy
        token = _INSIDE.set(True)
        try:
            yield
        finally:
            _INSIDE.reset(token)
            _ROOM.release()
    finally:
        _QUEUE.release()
