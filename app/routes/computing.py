"""How much one process computes on request at once: the rest waits a little, then is asked to come back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

from app.errors import Busy

AT_ONCE: Final = 2
WAIT_SECONDS: Final = 8.0
_ROOM: Final = BoundedSemaphore(AT_ONCE)


@contextmanager
def room(what: str) -> Iterator[None]:
    """Room for one computation.

    Args:
        what: is to be computed, for the message.

    Raises:
        Busy: there is none in time.
    """
    if not _ROOM.acquire(timeout=WAIT_SECONDS):
        raise Busy(what, f"{AT_ONCE} others are being computed at this moment", "try again in a few seconds")
    try:
        yield
    finally:
        _ROOM.release()
