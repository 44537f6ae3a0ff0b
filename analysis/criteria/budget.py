"""The time that each criterion may take, and what becomes of one that takes longer."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from analysis.criteria.criterion import Kind
from analysis.criteria.steps import CriterionStep
from analysis.progress import Progress, Report

Clock = Callable[[], float]
Found = TypeVar("Found")
STAGE_OF: Final[dict[Kind, str]] = {
    "circuit": "circuits",
    "interpretation": "interpretations",
    "algorithm": "algorithms",
    "alignment": "alignments",
}


@dataclass(frozen=True)
class JudgingLimits:
    """How far criteria may go.

    Args:
        max_seconds: for one criterion and one kind of explanation; what is left then is undecided.
        block: explanations judged and handed over at a time.
    """

    max_seconds: float = 60.0
    block: int = 16_384


DEFAULT_JUDGING_LIMITS: Final = JudgingLimits()
_SPENT: Final = "Not decided within the budget of {:.15g} seconds for each criterion."
_SPENT_SHAPE: Final = re.compile(r"Not decided within the budget of ([0-9.e+-]+) seconds for each criterion\.")


def budget_that_ended(note: str) -> float | None:
    """The seconds that a criterion stopped at, read from the note of its verdicts; None if time did not end it."""
    found = _SPENT_SHAPE.search(note)
    return None if found is None else float(found[1])


@dataclass(frozen=True)
class Work:
    """What judging took.

    Args:
        note: why some are undecided, "" if none is.
        seconds: spent.
        stopped: whether the budget or a limit of ours ended it.
    """

    note: str = ""
    seconds: float = 0.0
    stopped: bool = False

    def __add__(self, other: Work) -> Work:
        return Work(self.note or other.note, self.seconds + other.seconds, self.stopped or other.stopped)


class Spent(Exception):
    """A criterion's budget is used up."""


@dataclass
class Budget:
    """Counts the time of every step and ends what takes too long, between two reports.

    Args:
        report: told how far each kind is.
        clock: seconds from any origin; None for no budget.
        max_seconds: for one criterion and one kind.
        used: seconds so far.
    """

    report: Report
    clock: Clock | None
    max_seconds: float
    used: dict[tuple[Kind, CriterionStep], float] = field(default_factory=lambda: defaultdict(float))

    def spent(self, kind: Kind, step: CriterionStep) -> bool:
        """Whether a criterion has no time left for a kind."""
        return self.used[kind, step] >= self.max_seconds

    @property
    def words(self) -> str:
        """What is said of explanations that it left undecided, as :func:`budget_that_ended` reads it."""
        return _SPENT.format(self.max_seconds)

    def run(self, kind: Kind, step: CriterionStep, place: tuple[int, int], judge: Callable[[Report], Found]) -> Found:
        """What ``judge`` returns; the time that it takes counts.

        Args:
            kind: what is judged.
            step: by what.
            place: which of how many pieces of work of this kind it is.
            judge: told where to report.

        Raises:
            Spent: the budget is used up.
        """
        begun = self.clock() if self.clock else 0.0
        before = self.used[kind, step]
        done, total = place

        def report(progress: Progress, /) -> None:
            some = f": {progress.done:,} of {progress.total:,}" if progress.total > 1 else ""
            # of interpretations the pieces of work are circuits, which the progress itself counts
            at = min(done + progress.done, total) if kind == "interpretation" else done
            self.report(Progress(STAGE_OF[kind], at, total, f"{step}{some}"))
            if self.clock and before + self.clock() - begun > self.max_seconds:
                raise Spent

        try:
            report(Progress("criteria", 0, 1))
            return judge(report)
        finally:
            if self.clock:
                self.used[kind, step] = before + self.clock() - begun
