"""The time that each criterion may take, and what becomes of one that takes longer."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from analysis.criteria.criterion import Kind
from analysis.criteria.steps import CriterionStep
from analysis.explanations.registry import RECORDED
from analysis.progress import Progress
from analysis.work import Work

Found = TypeVar("Found")
STAGE_OF: Final[Mapping[Kind, str]] = {
    "circuit": "circuits",
    "interpretation": "interpretations",
    "algorithm": "algorithms",
    "alignment": "alignments",
    **{kind.key: kind.plural for kind in RECORDED},
}


OUT_OF_TIME: Final = "Not decided, as the time given for the whole was up."
_SPENT: Final = "Not decided within the budget of {:.15g} seconds for each criterion."
_SPENT_SHAPE: Final = re.compile(r"Not decided within the budget of ([0-9.e+-]+) seconds for each criterion\.")


def budget_that_ended(note: str) -> float | None:
    """The seconds that a criterion stopped at, read from the note of its verdicts; None if time did not end it."""
    found = _SPENT_SHAPE.search(note)
    return None if found is None else float(found[1])


@dataclass(frozen=True)
class Spent:
    """What judging took.

    Args:
        note: why some are undecided, "" if none is.
        seconds: spent.
        stopped: whether the budget or a limit of ours ended it.
    """

    note: str = ""
    seconds: float = 0.0
    stopped: bool = False

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.note or other.note, self.seconds + other.seconds, self.stopped or other.stopped)


@dataclass
class Budget:
    """Counts the time of every criterion and ends what takes too long.

    Args:
        work: of everything that is judged; its limits name the seconds for one criterion and one kind.
        used: seconds so far.
    """

    work: Work
    used: dict[tuple[Kind, CriterionStep], float] = field(default_factory=lambda: defaultdict(float))

    def is_spent(self, kind: Kind, step: CriterionStep) -> bool:
        """Whether a criterion has no time left for a kind."""
        return self.used[kind, step] >= self.work.limits.criterion_seconds or self.work.is_over

    def words(self, kind: Kind, step: CriterionStep) -> str:
        """What is said of explanations that it left undecided, as :func:`budget_that_ended` reads it."""
        seconds = self.work.limits.criterion_seconds
        whole = self.work.is_over or self.used[kind, step] < seconds
        return OUT_OF_TIME if whole else _SPENT.format(seconds)

    def run(self, kind: Kind, step: CriterionStep, place: tuple[int, int], judge: Callable[[Work], Found]) -> Found:
        """What ``judge`` returns; the time that it takes counts.

        Args:
            kind: what is judged.
            step: by what.
            place: which of how many pieces of work of this kind it is.
            judge: is given the criterion's own work, which ends with the budget.

        Raises:
            OutOfTime: the budget is used up.
        """
        begun, before = self.work.clock(), self.used[kind, step]
        done, total = place

        def tell(progress: Progress, /) -> None:
            some = f": {progress.done:,} of {progress.total:,}" if progress.total > 1 else ""
            # of interpretations the pieces of work are circuits, which the progress itself counts
            at = min(done + progress.done, total) if kind == "interpretation" else done
            self.work.tell(STAGE_OF[kind], at, total, f"{step}{some}")

        own = self.work.reporting_to(tell).for_seconds(self.work.limits.criterion_seconds - before)
        try:
            own.tell("criteria", 0, 1)
            return judge(own)
        finally:
            self.used[kind, step] = before + self.work.clock() - begun
