"""Where kept answers stand: so many bytes of them, those asked for last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from app.db.traces import Trace
from app.watching.metrics import KEPT_BYTES

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
