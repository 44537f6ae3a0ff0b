"""When Python looks for garbage, and gives back what it does not need."""

from __future__ import annotations

import asyncio
import ctypes
import gc
from contextlib import suppress
from typing import Final

_COLLECT_AFTER: Final = (20_000, 20, 20)
"""Containers made before it looks, looks before longer ones."""
_SECONDS: Final = 10.0


def collect_garbage_seldom() -> None:
    """Let Python look for garbage less often: what is imported stays, and most of what is made needs no such look.

    A fifth of the time that the application takes to be imported went into looking through what had been imported.
    """
    gc.set_threshold(*_COLLECT_AFTER)


def give_back() -> None:
    """Give memory that nothing needs back to the system: what lies in circles, and what the C library keeps for later.

    After some thousand pages that was more than all the rest.
    """
    gc.collect()
    with suppress(AttributeError, OSError):  # other systems' libraries have no such call
        ctypes.CDLL(None).malloc_trim(0)


async def give_back_now_and_then() -> None:
    """Do so every ten seconds, until it is cancelled."""
    while True:
        await asyncio.sleep(_SECONDS)
        await asyncio.to_thread(give_back)
