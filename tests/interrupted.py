"""Work that is stopped again and again and goes on behind what was finished."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analysis.shards import PackedShards, Shard


class Stop(Exception):
    """Raised where a process would have been killed."""


def ends_the_same(work: Callable[[PackedShards], Any], *, parts: int = 2, most: int = 100) -> tuple[Any, int]:
    """Stop a work after so many new parts, begin again with what was kept, and so on until it ends.

    Args:
        work: takes where parts go.
        parts: kept in each attempt.
        most: attempts.

    Returns:
        What it ended with, and in how many attempts.
    """
    known: dict[str, bytes] = {}
    for attempt in range(1, most + 1):
        kept: list[Shard] = []

        def take(shard: Shard, kept: list[Shard] = kept) -> None:
            kept.append(shard)
            if len(kept) >= parts:
                raise Stop

        try:
            return work(PackedShards(dict(known), take)), attempt
        except Stop:
            n_before = len(known)
            known |= {shard.key: shard.data for shard in kept}
            assert len(known) > n_before, "an attempt got no further"
    raise AssertionError(f"not ended in {most} attempts")
