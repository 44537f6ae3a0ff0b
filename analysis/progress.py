"""How long work tells its caller where it stands, and how it is told to stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol as Interface


@dataclass(frozen=True)
class Progress:
    """One report.

    Args:
        stage: the stage's key: "circuits", "interpretations", "algorithms", "alignments", "training".
        done: units finished, 0 ≤ done ≤ total.
        total: units in the stage, at least 1.
        found: what has been found so far in this stage, with its noun, e.g. "32 valid circuits"; "" if nothing to say.
        loss: of a training after so many units; None where nothing falls.
    """

    stage: str
    done: int
    total: int
    found: str = ""
    loss: float | None = None


class Report(Interface):
    """A callback for progress. It may raise :class:`analysis.errors.Cancelled` to stop the work between two steps."""

    def __call__(self, progress: Progress, /) -> None: ...


def silent(progress: Progress, /) -> None:
    """Report to nobody and never cancel."""


class OutOfTime(Exception):
    """The time that work was given is up."""
