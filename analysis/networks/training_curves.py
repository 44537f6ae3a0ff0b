"""Curves of training: loss and outputs epoch by epoch, thinned to a bounded number of points; without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

MOST_POINTS: Final = 200  # of one loss curve
MOST_LOOKS: Final = 64  # epochs at which one network's outputs are kept
_FEWEST: Final = 6
_POINTS_OF_ALL: Final = 4_000  # of all curves that are told at once
_NUMBERS_OF_ONE: Final = 4_096  # outputs kept of one network
_NUMBERS_OF_ALL: Final = 40_000

Look = tuple[int, tuple[tuple[float, ...], ...]]
"""Epoch, and the outputs after it: ``[input][output]``, inputs counted in binary."""


@dataclass
class Looks:
    """The outputs of one network in training at some epochs: at every one, and as soon as there are too many at every
    second of these, and so on. The newest is always among them.

    Args:
        most: kept at once, at least 2; 0 to keep none.
    """

    most: int
    stride: int = 1
    kept: list[Look] = field(default_factory=list)

    def wants(self, epoch: int) -> bool:
        """Whether the outputs after this epoch are to be kept."""
        return self.most > 0 and (epoch == 1 or epoch % self.stride == 0)

    def add(self, epoch: int, outputs: Sequence[Sequence[float]]) -> None:
        """Keep the outputs after an epoch; an epoch that is kept already is left as it is."""
        if self.most == 0 or (self.kept and self.kept[-1][0] == epoch):
            return
        self.kept.append((epoch, tuple(tuple(map(float, row)) for row in outputs)))
        while len(self.kept) > self.most:
            self.stride *= 2
            inner = [look for look in self.kept[1:-1] if look[0] % self.stride == 0]
            self.kept = [self.kept[0], *inner, self.kept[-1]]


def thinned(losses: Sequence[float], max_points: int = MOST_POINTS) -> tuple[tuple[int, float], ...]:
    """(epoch, loss) of the first epoch, the last, and evenly between; of all if they are few enough.

    Args:
        losses: of every epoch from the first.
        max_points: at least 1; if just one is wanted it is the last.
    """
    n = len(losses)
    if max_points == 1:
        chosen = [n - 1] if n else []
    elif n <= max_points:
        chosen = list(range(n))
    else:
        chosen = sorted({round(step * (n - 1) / (max_points - 1)) for step in range(max_points)})
    return tuple((at + 1, losses[at]) for at in chosen)


def points_each(n_networks: int) -> int:
    """Points of each loss curve where several are told of at once."""
    return max(_FEWEST, min(MOST_POINTS, _POINTS_OF_ALL // max(1, n_networks)))


def looks_each(n_networks: int, n_inputs: int, n_outputs: int) -> int:
    """At how many epochs outputs are kept of each network where several are told of at once."""
    numbers: int = 2**n_inputs * n_outputs
    return max(_FEWEST, min(MOST_LOOKS, _NUMBERS_OF_ONE // numbers, _NUMBERS_OF_ALL // (numbers * max(1, n_networks))))


def losses_json(losses: Sequence[tuple[int, float]]) -> list[list[float | None]]:
    """(epoch, loss) pairs as JSON values."""
    return [[epoch, finite(loss)] for epoch, loss in losses]


def outputs_json(outputs: Sequence[Look]) -> list[list[Any]]:
    """Outputs at some epochs as JSON values, to five digits."""
    return [[epoch, [[short(value) for value in row] for row in rows]] for epoch, rows in outputs]


def finite(value: float | None) -> float | None:
    """The value, None where it is none that JSON knows."""
    return value if value is not None and abs(value) < float("inf") else None


def short(value: float) -> float | None:
    """A value to five significant digits, None where it is none that JSON knows."""
    return float(f"{value:.5g}") if abs(value) < float("inf") else None
