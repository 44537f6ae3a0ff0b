"""Where computations run: a seam between the workers and whatever computes, one process of this machine by default.

A worker slot owns one executor, so that a process that dies (or must be killed) takes nobody else's work with it. The
process is started afresh (spawn), stays for many jobs, reports progress through a pipe, and leaves when the pipe
closes: when its worker is killed, it ends too. What runs there is pure; only the worker itself writes the database.
"""

from __future__ import annotations

import multiprocessing
import signal
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Final
from typing import Protocol as Interface

from analysis.progress import Progress
from app.garbage import collect_garbage_seldom
from app.jobs.computing import Crashed, Ending, Lost, Order, carry_out

CANCEL: Final = "cancel"


class ClusterMissing(Exception):
    """A cluster is to be used, but the extra ``cluster`` is not installed."""


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

    def start(self, order: Order) -> Running:
        """Start it; what it returns must pickle too."""

    def close(self) -> None:
        """End whatever runs, and give everything back."""


class Told:
    """What a computation has told and nobody has read yet."""

    def __init__(self) -> None:
        self._reports: list[Progress] = []

    def take(self, report: Progress) -> None:
        self._reports.append(report)

    def progress(self) -> list[Progress]:
        reports, self._reports = self._reports, []
        return reports


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

    def start(self, order: Order) -> Running:
        if self._process is None or not self._process.is_alive() or self._pipe is None:
            self.close()
            self._pipe, theirs = self._context.Pipe()
            self._process = self._context.Process(target=_serve, args=(theirs,), daemon=True)
            self._process.start()
            theirs.close()
        with suppress(OSError):  # if it died just now, the run below tells so
            self._pipe.send(order)
        return _ProcessRun(self._process, self._pipe)

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None


class _ProcessRun(Told):
    """One computation in the process of a :class:`ProcessExecutor`."""

    def __init__(self, process: SpawnProcess, pipe: Connection) -> None:
        super().__init__()
        self._process, self._pipe = process, pipe

    def wait(self, seconds: float) -> Ending | None:
        wait([self._pipe, self._process.sentinel], seconds)
        while self._pipe.poll():
            try:
                message = self._pipe.recv()
            except (EOFError, OSError):
                break
            if not isinstance(message, Progress):
                return message  # type: ignore[no-any-return]  # an Ending, see _serve
            self.take(message)
        if self._process.is_alive():
            return None
        self._process.join()
        return Lost(f"process was lost (exit code {self._process.exitcode})")

    def cancel(self) -> None:
        with suppress(OSError):
            self._pipe.send(CANCEL)


def _serve(pipe: Connection) -> None:
    """What the process does: one computation after another, until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the worker decides what ends
    collect_garbage_seldom()

    def send(report: Progress) -> None:
        try:
            pipe.send(report)
        except OSError:  # the worker is gone: so is everyone who could want the outcome
            raise SystemExit(1) from None

    def is_asked() -> bool:
        try:
            if not pipe.poll():
                return False
            pipe.recv()  # nothing but a request to stop is sent during a computation
        except (EOFError, OSError):
            raise SystemExit(1) from None
        return True

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
        ending = carry_out(order, send, is_asked)
        try:
            pipe.send(ending)
        except OSError:  # the worker is gone
            return
        except Exception as error:  # the outcome cannot be pickled
            pipe.send(Crashed(type(error).__name__, traceback.format_exc()))
