"""One computation where it runs, be that a process beside the worker or a machine elsewhere: no database, no clock of
its own but to tell its progress at a measured pace.

Reports of progress go out while it runs. One thing comes in: the request to stop, which it hears at its next report.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from analysis.errors import AnalysisError, Cancelled
from analysis.progress import Progress, Report
from analysis.work import Work

REPORT_SECONDS: Final = 0.1  # a computation may report thousands of times a second; this many are sent
SO_FAR_SECONDS: Final = 2.0  # the least between two times that what is certain so far is made, and before the first
SO_FAR_SHARE: Final = 20  # making it takes at most a 20th of the time


@dataclass(frozen=True)
class Order:
    """What is to be computed; all of it pickles.

    Args:
        compute: called with the work.
        so_far_seconds: the least between two times that what is certain so far is made, and before the first.
    """

    compute: Callable[[Work], Any]
    so_far_seconds: float = SO_FAR_SECONDS


@dataclass(frozen=True)
class Known:
    """What is certain so far, made already: it goes where what makes it cannot."""

    value: Any

    def __call__(self) -> Any:
        return self.value


@dataclass(frozen=True)
class Finished:
    """The computation returned."""

    outcome: Any


@dataclass(frozen=True)
class Refused:
    """The engine refused its input; item, cause and cure of its error."""

    item: str
    cause: str
    cure: str

    def __str__(self) -> str:
        return str(AnalysisError(self.item, self.cause, self.cure))


@dataclass(frozen=True)
class Stopped:
    """The computation stopped on request."""


@dataclass(frozen=True)
class Crashed:
    """The computation raised something unforeseen.

    Args:
        kind: name of the exception.
        trace: its traceback, for the log only.
    """

    kind: str
    trace: str


@dataclass(frozen=True)
class Lost:
    """What computed it is gone: killed, out of memory, or out of reach.

    Args:
        reason: to follow "its", e.g. "process was lost (exit code -9)".
        blame: whether the work itself may be the cause.
    """

    reason: str
    blame: bool = True


Ending = Finished | Refused | Stopped | Crashed | Lost


def carry_out(order: Order, send: Callable[[Progress], None], is_asked: Callable[[], bool]) -> Ending:
    """Compute, and tell of it.

    Args:
        order: what.
        send: takes reports; what it raises ends the computation.
        is_asked: whether somebody has asked to stop; looked at before each report that is sent.
    """
    work = Work(_reporter(send, is_asked, order.so_far_seconds), clock=time.perf_counter)
    try:
        return Finished(order.compute(work))
    except Cancelled:
        return Stopped()
    except AnalysisError as error:
        return Refused(error.item, error.cause, error.cure)
    except Exception as error:
        return Crashed(type(error).__name__, traceback.format_exc())


def _reporter(send: Callable[[Progress], None], is_asked: Callable[[], bool], so_far_seconds: float) -> Report:
    """A report that sends each stage's first and last step, and some between; it cancels when asked to.

    What is certain so far goes with some of them, so that making it takes little of the time.
    """
    last_stage, last_sent = "", 0.0
    tell_from = time.monotonic() + so_far_seconds

    def report(progress: Progress, /) -> None:
        nonlocal last_stage, last_sent, tell_from
        now = time.monotonic()
        turning_point = progress.stage != last_stage or progress.done >= progress.total
        if not turning_point and now - last_sent < REPORT_SECONDS:
            return
        last_stage, last_sent = progress.stage, now
        known = None
        if progress.so_far is not None and now >= tell_from:
            known = Known(progress.so_far())
            end = time.monotonic()
            tell_from = end + max(so_far_seconds, SO_FAR_SHARE * (end - now))
        asked = is_asked()
        send(replace(progress, so_far=known))
        if asked:
            raise Cancelled(progress.stage)

    return report
