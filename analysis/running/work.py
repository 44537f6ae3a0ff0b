"""Work: the reporter of progress, the clock, the limits and the deadline of a computation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeVar

from pluriscope.analysis.running.limits import DEFAULT_LIMITS, Limits
from pluriscope.analysis.running.progress import OutOfTime, Progress, Report, silent

Clock = Callable[[], float]
EndedBy = Literal["time", "memory"]
Item = TypeVar("Item")


def no_clock() -> float:
    """A clock that stands still: no time is measured, and no deadline is ever reached."""
    return 0.0


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Work:
    """The conditions under which a computation works; its result does not depend on them, except where a limit ends it.

    Args:
        report: called with the progress between two steps. It may raise :class:`~pluriscope.analysis.errors.Cancelled`
            to stop the work.
        clock: seconds from any origin, e.g. ``time.perf_counter``.
        limits: how far searches may go.
        deadline: the clock's reading from which on the time is up: the next report of a stage that is not done raises
            :class:`~pluriscope.analysis.running.progress.OutOfTime`.
        ended: what ended a stage before it was done, by its key; emptied by whoever wants to know.
        stopped: whether somebody asked to stop, which ends the time at once.
    """

    report: Report = silent
    clock: Clock = no_clock
    limits: Limits = DEFAULT_LIMITS
    deadline: float = math.inf
    ended: dict[str, EndedBy] = field(default_factory=dict, compare=False, repr=False)
    stopped: Callable[[], bool] = _never

    def report_step(self, stage: str, done: int, total: int, found: str = "", loss: float | None = None) -> None:
        """Report one step; an empty stage counts as one step.

        Raises:
            Cancelled: the report stopped the work.
            OutOfTime: the time is up, and the stage is not done.
        """
        self.pass_on(Progress(stage, done, max(total, 1), found, loss))

    def pass_on(self, progress: Progress) -> None:
        """Report progress of a part of this work, as :meth:`report_step` does of the whole."""
        self.report(progress)
        if progress.done < progress.total:
            self.check()

    def each(self, stage: str, items: Sequence[Item], found: str = "", *, every: int = 1) -> Iterator[Item]:
        """The items of a stage in order, with a report before the first and before each so-many-th after it.

        Args:
            items: what the stage goes through.
            found: what is said in each report.
            every: reports are made before items 0, ``every``, 2 · ``every``, …; before the others time is checked only.

        Raises:
            Cancelled: the report stopped the work.
            OutOfTime: the time is up.
        """
        for number, item in enumerate(items):
            if number % every == 0:
                self.report_step(stage, number, len(items), found)
            else:
                self.check()
            yield item

    def check(self) -> None:
        """End the work once its time is up; for loops whose steps are too many to report.

        Raises:
            OutOfTime: the time is up.
        """
        if self.is_over:
            raise OutOfTime

    @contextmanager
    def ending(self, stage: str) -> Iterator[None]:
        """Leave the block once the time is up or memory is at its end, and note which.

        Args:
            stage: key of the stage that the block is all of.
        """
        try:
            yield
        except OutOfTime:
            self.ended[stage] = "time"
        except MemoryError:
            self.ended[stage] = "memory"

    @property
    def is_over(self) -> bool:
        """Whether the time is up; without a deadline the clock is not read."""
        return self.stopped() or (self.deadline < math.inf and self.clock() >= self.deadline)

    @property
    def seconds_left(self) -> float:
        """Until the time is up; infinite without a deadline."""
        return 0.0 if self.stopped() else max(self.deadline - self.clock(), 0.0)

    @property
    def is_timed(self) -> bool:
        """Whether the clock measures anything."""
        return self.clock is not no_clock

    def for_seconds(self, seconds: float) -> Work:
        """Return the work with so much time from now, or less where its own time is up before."""
        return replace(self, deadline=min(self.clock() + seconds, self.deadline))

    @property
    def to_its_end(self) -> Work:
        """The work without an end of its time, for a part without which the rest would be lost."""
        return replace(self, deadline=math.inf, stopped=_never)

    def reporting_to(self, report: Report) -> Work:
        """Return the work with another reporter."""
        return replace(self, report=report)


DEFAULT_WORK: Final = Work()
