"""Where computations run: a seam between the workers and whatever computes, one process of this machine by default.

A worker slot owns one executor, so that a process that dies (or must be killed) takes nobody else's work with it. The
process is started afresh (spawn), stays for many jobs, reports progress through a pipe, and leaves when the pipe
closes: when its worker is killed, it ends too. What runs there is pure; only the worker itself writes the database.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Final
from typing import Protocol as Interface

from analysis.errors import AnalysisError, Cancelled
from analysis.progress import Progress, Report

CANCEL: Final = "cancel"
REPORT_SECONDS: Final = 0.1  # a computation may report thousands of times a second; the pipe carries this many
SO_FAR_SECONDS: Final = 2.0  # the least between two times that what is certain so far is made, and before the first
SO_FAR_SHARE: Final = 20  # making it takes at most a 20th of the time


@dataclass(frozen=True)
class Known:
    """What is certain so far, made already: it goes through the pipe where what makes it cannot."""

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
    """The process is gone: killed, or out of memory."""

    exit_code: int | None


Ending = Finished | Refused | Stopped | Crashed | Lost
Computation = Callable[[Any, Report], Any]


class Running(Interface):
    """A computation on its way."""

    def wait(self, seconds: float) -> Ending | None:
        """Wait for its end at most so long; None if it goes on, and at once when there is progress to tell."""

    def progress(self) -> list[Progress]:
        """The reports since the last call, oldest first."""

    def cancel(self) -> None:
        """Ask it to stop at its next report."""


class Executor(Interface):
    """Runs one computation at a time."""

    def start(self, compute: Computation, inputs: Any) -> Running:
        """Start ``compute(inputs, report)``; both must pickle, and so must what it returns."""

    def close(self) -> None:
        """End whatever runs, and give everything back."""


class ProcessExecutor:
    """One spawned process, started when first needed and again after it was lost."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None

    @property
    def pid(self) -> int | None:
        """Process id, None before the first computation."""
        return self._process.pid if self._process else None

    def start(self, compute: Computation, inputs: Any) -> Running:
        if self._process is None or not self._process.is_alive() or self._pipe is None:
            self.close()
            self._pipe, theirs = self._context.Pipe()
            self._process = self._context.Process(target=_serve, args=(theirs,), daemon=True)
            self._process.start()
            theirs.close()
        with suppress(OSError):  # if it died just now, the run below tells so
            self._pipe.send((compute, inputs))
        return _ProcessRun(self._process, self._pipe)

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None


class _ProcessRun:
    """One computation in the process of a :class:`ProcessExecutor`."""

    def __init__(self, process: SpawnProcess, pipe: Connection) -> None:
        self._process, self._pipe = process, pipe
        self._reports: list[Progress] = []

    def wait(self, seconds: float) -> Ending | None:
        wait([self._pipe, self._process.sentinel], seconds)
        while self._pipe.poll():
            try:
                message = self._pipe.recv()
            except (EOFError, OSError):
                break
            if not isinstance(message, Progress):
                return message  # type: ignore[no-any-return]  # an Ending, see _serve
            self._reports.append(message)
        if self._process.is_alive():
            return None
        self._process.join()
        return Lost(self._process.exitcode)

    def progress(self) -> list[Progress]:
        reports, self._reports = self._reports, []
        return reports

    def cancel(self) -> None:
        with suppress(OSError):
            self._pipe.send(CANCEL)


def _serve(pipe: Connection) -> None:
    """What the process does: one computation after another, until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the worker decides what ends
    while True:
        try:
            order = pipe.recv()
        except (EOFError, OSError):
            return
        except Exception as error:  # what was sent cannot be imported here
            pipe.send(Crashed(type(error).__name__, traceback.format_exc()))
            continue
        if order == CANCEL:  # it came when the computation had ended
            continue
        compute, inputs = order
        ending = _run(compute, inputs, _reporter(pipe))
        try:
            pipe.send(ending)
        except OSError:  # the worker is gone
            return
        except Exception as error:  # the outcome cannot be pickled
            pipe.send(Crashed(type(error).__name__, traceback.format_exc()))


def _run(compute: Computation, inputs: Any, report: Report) -> Ending:
    try:
        return Finished(compute(inputs, report))
    except Cancelled:
        return Stopped()
    except AnalysisError as error:
        return Refused(error.item, error.cause, error.cure)
    except Exception as error:
        return Crashed(type(error).__name__, traceback.format_exc())


def _reporter(pipe: Connection) -> Report:
    """A report that sends each stage's first and last step, and some between; it cancels when asked to.

    What is certain so far goes with some of them, so that making it takes little of the time.
    """
    last_stage, last_sent = "", 0.0
    tell_from = time.monotonic() + SO_FAR_SECONDS

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
            tell_from = end + max(SO_FAR_SECONDS, SO_FAR_SHARE * (end - now))
        try:
            asked = pipe.poll()  # nothing but a request to stop is sent during a computation
            pipe.send(replace(progress, so_far=known))
        except OSError:  # the worker is gone: so is everyone who could want the outcome
            raise SystemExit(1) from None
        if asked:
            pipe.recv()
            raise Cancelled(progress.stage)

    return report
