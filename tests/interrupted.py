"""Work that is stopped again and again and goes on behind what was finished."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analysis.checkpoints import Checkpoint, PackedCheckpoints
from analysis.work import Work


class Stop(Exception):
    """Raised where a process would have been killed."""


def ends_the_same(attempt_with: Callable[[Work], Any], *, parts: int = 2, most: int = 100) -> tuple[Any, int]:
    """Stop a computation after so many new parts, begin again with what was kept, and so on until it ends.

    Args:
        attempt_with: the computation.
        parts: kept in each attempt.
        most: attempts.

    Returns:
        What it ended with, and in how many attempts.
    """
    known: dict[str, bytes] = {}
    for attempt in range(1, most + 1):
        kept: list[Checkpoint] = []

        def take(checkpoint: Checkpoint, kept: list[Checkpoint] = kept) -> None:
            kept.append(checkpoint)
            if len(kept) >= parts:
                raise Stop

        try:
            return attempt_with(Work(checkpoints=PackedCheckpoints(dict(known), take))), attempt
        except Stop:
            n_before = len(known)
            known |= {checkpoint.key: checkpoint.data for checkpoint in kept}
            assert len(known) > n_before, "an attempt got no further"
    raise AssertionError(f"not ended in {most} attempts")
