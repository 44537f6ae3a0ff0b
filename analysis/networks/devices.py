"""Where torch computes, and on how many threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from analysis.errors import InvalidTraining


def available_device(name: str) -> torch.device:
    """A torch device by its name.

    Raises:
        InvalidTraining: torch knows no such device here.
    """
    try:
        place = torch.device(name)
        torch.ones(1, device=place).item()  # has to compute and give back: "meta" makes arrays without values
    except (RuntimeError, AssertionError, ImportError):
        raise InvalidTraining(f"device {name!r}", "is not available to torch here", "use cpu") from None
    return place


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch to one thread: the arrays are tiny, and threads that wait for each other cost many times the work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
