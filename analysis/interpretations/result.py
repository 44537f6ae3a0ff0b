"""Numbers of interpretations of the listed circuits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class InterpretationCounts:
    """Exact numbers of interpretations, parallel to the listed circuits' masks.

    Args:
        by_circuit: interpretations of each circuit.
        observed_by_circuit: classes of interpretations that the inputs can distinguish (free completions merged).
        truncated_at: circuits counted when a limit was reached (the others have 0), else None.
        complete: whether every valid circuit is listed; else the totals are those of the listed ones alone.
    """

    by_circuit: tuple[int, ...]
    observed_by_circuit: tuple[int, ...]
    truncated_at: int | None = None
    complete: bool = True

    @property
    def total(self) -> int:
        return sum(self.by_circuit)

    @property
    def observed(self) -> int:
        return sum(self.observed_by_circuit)
