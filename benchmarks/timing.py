"""Taking times: the best of some runs, caches emptied before each; or as much as comes before a limit."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

REPETITIONS: Final = 5


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Args:
        repetitions: runs of the engine, of which the best counts, where a run is short.
        plain_repetitions: runs of the plain version.
        plain_seconds: after which a plain version that has no end is stopped.
        n_drawn: circuits tested plainly where the whole space is out of a plain version's reach.
        n_networks: in the population.
        n_singly: of those, trained and analysed one by one as well.
        n_rows: circuits in the store whose lists are timed.
        n_requests: pages of each list.
        wide: width of the largest network whose circuits are counted.
    """

    repetitions: int
    plain_repetitions: int
    plain_seconds: float
    n_drawn: int
    n_networks: int
    n_singly: int
    n_rows: int
    n_requests: int
    wide: int


FULL: Final = Effort(REPETITIONS, 3, 8.0, 20_000, 100, 5, 1_000_000, 9, 5)
QUICK: Final = Effort(1, 1, 1.0, 3_000, 6, 1, 100_000, 2, 5)
TINY: Final = Effort(1, 1, 0.05, 300, 2, 1, 500, 1, 3)


def timed(work: Callable[[], Any], repetitions: int = 1) -> tuple[float, Any]:
    """Fewest seconds of some runs, since whatever else the machine does only adds to them, and the last result."""
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def timed_cold(work: Callable[[], Any], repetitions: int = REPETITIONS) -> tuple[float, Any]:
    """Fewest seconds and the result, with every cache of the engine emptied before each repetition."""
    seconds = []
    for _ in range(repetitions):
        empty_caches()
        elapsed, result = timed(work)
        seconds.append(elapsed)
    return min(seconds), result


def empty_caches() -> None:
    """Forget what the engine remembers from run to run."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "analysis":
            for value in list(vars(module).values()):
                clear = getattr(value, "cache_clear", None)
                if clear is not None and not isinstance(value, type):
                    clear()


def until(limit_seconds: float, items: Iterator[Any]) -> tuple[int, bool]:
    """How many items came before the limit, and whether that was all of them."""
    deadline = time.perf_counter() + limit_seconds
    count = 0
    for count, _ in enumerate(items, start=1):
        if count % 1024 == 0 and time.perf_counter() > deadline:
            return count, False
    return count, True
