"""Executors of computations: one interface between the workers and what computes, a process of this machine or a
thread.

A worker's slot owns one executor, so that a process that dies (or is killed) takes nobody else's work with it. What
runs there is pure: it knows no database, and only the worker writes what it finds. A computation is stopped by killing
its process; the next one starts another. When the worker is killed the process ends too, since its pipe closes.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any, Final
from typing import Protocol as Interface

from pluriscope.analysis.errors import AnalysisError, Cancelled, NotInstalledYet
from pluriscope.analysis.running.progress import Progress, Report
from pluriscope.analysis.running.work import Work
from pluriscope.processes.garbage import collect_garbage_seldom, give_back
from pluriscope.processes.memory import allow, end_first, ended_by_system, held, out_of_memory, wants_memory

REPORT_SECONDS: Final = 0.1  # a computation may report thousands of times a second; this many are sent
Compute = Callable[[Work], Any]
IDLE: Final = 19
"""The niceness of a process that runs when no other wants the processor."""
KERNEL_YIELDS: Final = hasattr(os, "SCHED_IDLE")
"""Whether the system has a class of processes that run only then."""
_MOST_KEPT: Final = 220 << 20
"""Bytes that a process may hold at most to be kept for the next computation; it begins with some 130 million."""


@dataclass(frozen=True)
class Finished:
    """Return value of a computation."""

    outcome: Any


@dataclass(frozen=True)
class _Ended:
    """End of a computation."""

    outcome: Finished | Exception
    last: bool = False


class Crashed(Exception):
    """The computation raised something unforeseen: the exception's name, and its traceback for the log only."""


class Away(AnalysisError):
    """Error: the computing machines cannot be reached for now; the job waits for them."""


class Lost(Exception):
    """Error: the process that computed a job is gone.

    Args:
        reason: to follow "its", e.g. "process was lost (exit code -9)".
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Executor(Interface):
    """Runs one computation at a time."""

    def start(self, compute: Compute, notify: Report) -> None:
        """Start a computation.

        Args:
            compute: pickles, with all that it is bound to.
            notify: takes its reports.
        """

    def wait(self, seconds: float) -> Finished | None:
        """Wait for the computation at most so many seconds; None if it goes on.

        Raises:
            AnalysisError: it was refused, or wants more memory than it may take.
            Crashed: by an error of ours.
            Lost: what computed it is gone.
        """

    def stop(self) -> None:
        """End whatever runs; nobody wants its outcome any more."""

    def close(self) -> None:
        """Stop the computation if one runs, and free the executor's resources."""


class ProcessExecutor:
    """A spawned process, started when first needed and again after it was lost or stopped.

    Args:
        n_bytes: memory that a computation may take.
        keeps: whether a process that has become large computes on, for computations that are all alike.
        begin: what it does first, where the code that it runs is somebody else's; makes it head of a group of
            processes, all of which end with it.
        forked: whether it begins with all that this process has, functions that no other could import among them.
        loads: modules that it imports before it is given anything.
        niceness: that it adds to its own; pages that somebody waits for come first. With :data:`IDLE` it runs when no
            other process wants the processor.
    """

    def __init__(
        self,
        n_bytes: int,
        *,
        keeps: bool = False,
        begin: Callable[[], None] | None = None,
        forked: bool = False,
        loads: Sequence[str] = (),
        niceness: int = 10,
    ) -> None:
        self._n_bytes, self._keeps, self._begin, self._forked = n_bytes, keeps, begin, forked
        self._loads, self._niceness = loads, niceness
        self._context: Any = multiprocessing.get_context("fork" if forked else "spawn")
        self._process: BaseProcess | None = None
        self._pipe: Connection
        self._report: Report
        self._ended_before: int
        self._busy = False

    @property
    def is_warm(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.is_alive()

    def warm(self) -> None:
        """Start the process ahead of what it will compute, unless it runs."""
        if not self.is_warm:
            self.close()
            self._pipe, theirs = self._context.Pipe()
            arguments = (theirs, self._n_bytes, self._keeps, self._begin, self._loads, self._niceness)
            self._process = self._context.Process(target=_serve, args=arguments, daemon=True)
            main = sys.modules["__main__"]
            if self._begin is not None and not self._forked:  # a script that starts it is not run again there
                sys.modules["__main__"] = ModuleType("__main__")
            try:
                self._process.start()
            finally:
                sys.modules["__main__"] = main
            theirs.close()

    def start(self, compute: Compute, notify: Report) -> None:
        self.warm()
        self._report, self._busy, self._ended_before = notify, True, ended_by_system()
        with suppress(OSError):  # if it died just now, wait() notices
            self._pipe.send(compute)

    @property
    def ends(self) -> list[Any]:
        """Objects to wait for with :func:`multiprocessing.connection.wait`: a message, or the process's end."""
        return [self._pipe, self._process.sentinel] if self._process else []

    @property
    def held(self) -> int:
        """Bytes of memory that the process holds."""
        return held(self._process.pid or "") if self._process else 0

    def wait(self, seconds: float) -> Finished | None:
        if self._process is None:
            raise Lost("process was lost")
        wait([self._pipe, self._process.sentinel], seconds)
        while self._pipe.poll():
            try:
                message = self._pipe.recv()
            except (EOFError, OSError):
                break
            if isinstance(message, Progress):
                self._report(message)
                continue
            self._busy = False
            if message.last:
                self._process.join()
                self.close()
            if isinstance(message.outcome, Exception):
                raise message.outcome
            outcome: Finished = message.outcome
            return outcome
        if self._process.is_alive():
            return None
        self._process.join()
        if self._process.exitcode == -signal.SIGKILL and ended_by_system() > self._ended_before:
            raise out_of_memory()
        raise Lost(f"process was lost (exit code {self._process.exitcode})")

    def stop(self) -> None:
        if self._busy:
            self.close()

    def close(self) -> None:
        if self._process is not None:
            with suppress(OSError, AttributeError):  # it has ended, has no group yet, or the system knows none
                if self._begin is not None:
                    os.killpg(self._process.pid or 0, signal.SIGKILL)
            self._process.kill()
            self._process.join()
            self._process.close()
            self._pipe.close()
        self._process, self._busy = None, False


class ThreadExecutor:
    """A thread of the worker, for what sends its computations elsewhere itself; it is stopped when it next reports."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        self._ended: Finished | Exception

    def start(self, compute: Compute, notify: Report) -> None:
        self._stopped.clear()

        def report(progress: Progress, /) -> None:
            if self._stopped.is_set():
                raise Cancelled(progress.stage)
            notify(progress)

        def run() -> None:
            try:
                self._ended = Finished(compute(Work(_reporter(report), clock=time.perf_counter)))
            except Exception as error:  # passed on to the thread that waits for its end
                self._ended = error

        self._thread = threading.Thread(target=run, name="computation")
        self._thread.start()

    def wait(self, seconds: float) -> Finished | None:
        if self._thread is None:
            raise Lost("thread was lost")
        self._thread.join(seconds)
        if self._thread.is_alive():
            return None
        if isinstance(self._ended, Exception):
            raise self._ended
        return self._ended

    def stop(self) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    close = stop


def _serve(
    pipe: Connection, n_bytes: int, keeps: bool, begin: Callable[[], None] | None, loads: Sequence[str], niceness: int
) -> None:
    """Main function of the process: compute one call after another, until the pipe closes."""
    if begin is not None:
        begin()
    end_first()
    lower_priority(niceness)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the worker decides what ends
    collect_garbage_seldom()
    for name in loads:
        import_module(name)

    def send(message: object) -> None:
        try:
            pipe.send(message)
        except OSError:  # the worker is gone: so is everyone who could want the outcome
            raise SystemExit(1) from None
        except Exception as error:  # the outcome cannot be pickled
            pipe.send(_Ended(_failed(error)))

    while True:
        try:
            compute = pipe.recv()
        except (EOFError, OSError):
            return
        except Exception as error:  # what was sent cannot be imported here
            send(_Ended(_failed(error)))
        else:
            allow(n_bytes)
            ended = _Ended(carry_out(compute, send), not keeps and _is_large())
            del compute
            send(ended)
            if ended.last:
                return


def lower_priority(niceness: int) -> None:
    """Let others come before this process, all others if ``niceness`` is :data:`IDLE`."""
    if hasattr(os, "nice"):
        os.nice(niceness)
    if niceness == IDLE and KERNEL_YIELDS:
        with suppress(OSError):  # a container may forbid it
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _is_large() -> bool:
    """Whether this process holds so much, torch for one, that the next computation had better have another."""
    if "torch" in sys.modules:
        return True
    if held() > _MOST_KEPT:
        give_back()
    return held() > _MOST_KEPT


# --- one computation where it runs


def carry_out(compute: Compute, send: Report) -> Finished | Exception:
    """Compute, and send reports of progress.

    Args:
        compute: what.
        send: takes reports; what it raises ends the computation.

    Returns:
        what became of it, in a form that pickles.
    """
    work = Work(_reporter(send), clock=time.perf_counter)
    try:
        return Finished(compute(work))
    except Cancelled as error:
        return Cancelled(error.item)
    except AnalysisError as error:
        return AnalysisError(error.item, error.cause, error.cure)
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> Exception:
    """Error to send for one that no computation foresees; to be called where it is caught."""
    if wants_memory(error):
        return out_of_memory()
    if isinstance(error, NotInstalledYet):
        return error
    return Crashed(type(error).__name__, traceback.format_exc())


def _reporter(send: Report) -> Report:
    """A report that sends each stage's first and last step, what more is known, and some between."""
    last_stage, last_sent = "", 0.0

    def report(progress: Progress, /) -> None:
        nonlocal last_stage, last_sent
        now = time.monotonic()
        news = progress.known is not None or progress.part is not None
        turning_point = news or progress.stage != last_stage or progress.done >= progress.total
        if turning_point or now - last_sent >= REPORT_SECONDS:
            last_stage, last_sent = progress.stage, now
            send(progress)

    return report
