"""What a process has freed goes back to the system: for those that live for months.

glibc keeps freed memory for later, in a pool for every few threads, and the more of it the larger the pieces were that
it has seen. A server was seen to hold 1.8 GB so, of which it used 0.4. Two pools and fixed limits keep what is held
nearer to what is used, and what small pieces still hold among them is let go of every minute.

A piece of its own costs the system a page fault for every 4 KiB, each time anew. Lists go through ten million circuits
some at a time, in arrays of up to 2 MB, so pieces below 4 MiB are kept between one step and the next. While another
process filled a store, a list by five conditions took 283 ms of the processor when those from 256 KiB on were not kept,
a third of it in faults of one array; minutes later, without that neighbour, both ways took the same.
"""

from __future__ import annotations

import ctypes
import gc
import threading
import time
from collections.abc import Callable
from typing import Final

_TRIM_THRESHOLD: Final = -1  # numbers of glibc's malloc.h
_MMAP_THRESHOLD: Final = -3
_ARENA_MAX: Final = -8
_POOLS: Final = 2
_HELD_BYTES: Final = 16 << 20
_OWN_PIECE_BYTES: Final = 4 << 20
_HELD_WHILE_COMPUTING: Final = 256 << 20
_OWN_PIECE_WHILE_COMPUTING: Final = 32 << 20  # the most that glibc takes
_SECONDS: Final = 60.0
_COLLECT_AFTER: Final = (20_000, 20, 20)
"""How often Python looks for garbage: containers made before it looks, looks before longer ones."""


def collect_garbage_seldom() -> None:
    """Let Python look for garbage less often: what is imported stays, and most of what is made needs no such look.

    A fifth of the time that the application takes to be imported went into looking through what had been imported.
    """
    gc.set_threshold(*_COLLECT_AFTER)


def give_back_freed_memory(*, computing: bool = False) -> bool:
    """Ask the C library to hold little of what is freed; call it before threads are started.

    Args:
        computing: in its main thread, where arrays of megabytes come and go all the time; to give back each and ask for
            it anew took an eighth of the processor's time, so that what is freed stays until the minute is over.

    Returns:
        Whether it was understood; other libraries than glibc have no such settings, and most do not need them.
    """
    try:
        library = ctypes.CDLL(None)
        mallopt, trim = library.mallopt, library.malloc_trim
    except (AttributeError, OSError, TypeError):
        return False
    held, own_piece = _HELD_BYTES, _OWN_PIECE_BYTES
    if computing:
        held, own_piece = _HELD_WHILE_COMPUTING, _OWN_PIECE_WHILE_COMPUTING
    settings = (_ARENA_MAX, _POOLS), (_TRIM_THRESHOLD, held), (_MMAP_THRESHOLD, own_piece)
    understood = all(mallopt(name, value) == 1 for name, value in settings)
    threading.Thread(target=_go_on_trimming, args=(trim,), name="free memory", daemon=True).start()
    return understood


def _go_on_trimming(trim: Callable[[int], int]) -> None:
    while True:
        time.sleep(_SECONDS)
        trim(0)
