"""A cache in the process: of values by key those used last, as many as there is room for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock, RLock
from typing import Generic, TypeVar

from pluriscope.analysis.values.described import Described

T = TypeVar("T")


class Recent(Described, Generic[T]):
    """A cache of the values used last. A key contains all that its value depends on, so values never become stale.

    Args:
        most: what all values together may take; what was asked for longest ago goes first, and the last one stays.
        size: what one value takes; None counts them.
    """

    def __init__(self, most: int, size: Callable[[T], int] | None = None) -> None:
        self._most, self._size, self._lock = most, size, Lock()
        self._making = RLock()
        self._kept: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._taken = 0

    def get(self, key: Hashable) -> T | None:
        """The value under a key; None if it is not kept."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def put(self, key: Hashable, value: T) -> T:
        """Keep a value and return it."""
        size = 1 if self._size is None else self._size(value)
        with self._lock:
            self._taken += size - self._kept.pop(key, (None, 0))[1]
            self._kept[key] = value, size
            while len(self._kept) > 1 and self._taken > self._most:
                self._taken -= self._kept.popitem(last=False)[1][1]
        return value

    def of(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value under a key. If it is not kept, it is made: once, even if several threads wait for it."""
        if (kept := self.get(key)) is not None:
            return kept
        with self._making:
            kept = self.get(key)
            return self.put(key, make()) if kept is None else kept
