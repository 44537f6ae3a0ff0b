"""What a method answers about one network, as it was checked: scores, a mask or a nested family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Track = Literal["gradients", "runs", "validity"]
TRACKS: Final[tuple[Track, ...]] = ("gradients", "runs", "validity")
"""What a method may ask, each also what those before it may."""
Outcome = Literal["answered", "raised", "timeout", "memory", "unreadable", "beyond-track", "not-offered"]


@dataclass(frozen=True)
class Calls:
    """How often a method asked.

    Args:
        gradients: derivatives that were taken, one for each backward pass over all rows.
        runs: circuits that were run over all rows.
        validity: circuits whose validity was asked.
    """

    gradients: int = 0
    runs: int = 0
    validity: int = 0

    @property
    def track(self) -> Track:
        """The first track that allows what was asked."""
        return "validity" if self.validity else "runs" if self.runs else "gradients"


@dataclass(frozen=True)
class Submission:
    """One answer; exactly one of scores, mask and family is there if the outcome is "answered", else none.

    Args:
        outcome: what became of the method on this network.
        message: why, where it did not answer; a sentence.
        scores: one for each edge, larger is more important.
        mask: edges of the circuit that it answers with.
        family: nested masks, ascending, each a part of the next.
        own: the circuit at the method's own operating point, where it has one beside its scores.
        calls: how often it asked.
        seconds: that it took.
    """

    outcome: Outcome
    message: str = ""
    scores: tuple[float, ...] | None = None
    mask: int | None = None
    family: tuple[int, ...] | None = None
    own: int | None = None
    calls: Calls = Calls()
    seconds: float = 0.0
