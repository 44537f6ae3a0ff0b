"""How fast this machine is, from a few milliseconds of the kind of work that analyses consist of.

Two pieces are timed, each as often as it is short, and the best run of each counts, since whatever else a machine does
only lengthens a run: small array operations by the interpreter, and one long operation on a large array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

_REPETITIONS: Final = 5
_INTERPRETED: Final = 8.3e-4  # seconds of each piece where the unit costs of stages were measured
_ARRAYS: Final = 1.6e-3
_SLOWEST: Final = 20.0  # beyond it the measurement says more about the moment than about the machine
_FASTEST: Final = 0.1


def machine_slowness(clock: Callable[[], float]) -> float:
    """How many times as long this machine takes as the one on which costs were measured; takes some 20 ms.

    Args:
        clock: seconds of the processor, e.g. ``time.process_time``, so that other programs count little.

    Returns:
        Between 0.1 and 20; 1 if it is as fast.
    """
    interpreted = min(_timed(_interpreted, clock) for _ in range(_REPETITIONS))
    arrays = min(_timed(_arrays, clock) for _ in range(_REPETITIONS))
    # the geometric mean: stages are mixtures of both
    slowness = float(np.sqrt(max(interpreted, 0.0) / _INTERPRETED * max(arrays, 0.0) / _ARRAYS))
    return min(max(slowness, _FASTEST), _SLOWEST)


def _timed(piece: Callable[[], object], clock: Callable[[], float]) -> float:
    begun = clock()
    piece()
    return clock() - begun


def _interpreted() -> int:
    """Many small steps: dictionaries, integers, tiny arrays."""
    found: dict[int, int] = {}
    small = np.arange(8)
    for step in range(1_000):
        key = (step * 7_919) % 257
        found[key] = found.get(key, 0) + (key & 31).bit_count()
        if step % 4 == 0:
            found[key] += int((small & key).sum())
    return len(found)


def _arrays() -> int:
    """A large array compared and combined."""
    values = np.arange(1 << 17, dtype=np.int64)
    return int(np.count_nonzero(((values * 2_654_435_761) & 1_023) < 500)) + int(np.sort(values[::-7]).sum() & 7)
