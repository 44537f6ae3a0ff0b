"""A question to a server for many at once, each of whom gets an answer that is newer than their own asking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Generic, TypeVar

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
