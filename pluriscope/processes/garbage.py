"""Rarer garbage collection by Python, and the return of unused memory to the system."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from typing import Final

_COLLECT_AFTER: Final = (20_000, 10, 4)
"""Containers made before it looks, looks before longer ones."""
_SECONDS: Final = 10.0
_ARENAS: Final = -8  # M_ARENA_MAX of malloc.h
_MAPPED_FROM: Final = -3  # M_MMAP_THRESHOLD


def collect_garbage_seldom() -> None:
    """Let Python look for garbage less often: what is imported stays, and most of what is made needs no such look.

    A fifth of the time that the application takes to be imported went into looking through what had been imported.
    """
    gc.set_threshold(*_COLLECT_AFTER)


def give_back() -> None:
    """Give memory that nothing needs to the system: what lies in circles, and what the C library keeps for later."""
    gc.collect()
    with suppress(AttributeError, OSError):  # other systems' libraries have no such call
        ctypes.CDLL(None).malloc_trim(0)


async def give_back_now_and_then() -> None:
    """Give back every ten seconds, until it is cancelled."""
    from anyio import sleep, to_thread  # of which commands have no use

    with suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        library.mallopt(_ARENAS, 2)  # places from which the C library serves threads, else eight a core
        # what is larger goes back at once; else the bound grows with what was freed, and holes stay among small things
        library.mallopt(_MAPPED_FROM, 128 << 10)
    while True:
        await sleep(_SECONDS)
        await to_thread.run_sync(give_back)
