"""Executors for tests that are about what comes out and not about processes that come and go."""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable
from functools import cache, partial

from pluriscope.analysis.running.work import Work
from pluriscope.processes.executor import Executor, Finished, ProcessExecutor
from pluriscope.processes.memory import LEAST


class Directly:
    """An executor without a process: what it is given is done at once."""

    def start(self, compute, notify):
        self.outcome = compute(Work(clock=time.perf_counter))

    def wait(self, seconds):
        return Finished(self.outcome)

    def stop(self):
        pass

    close = stop


class Lent:
    """An executor that stays for the next worker: its process takes longer to import than most jobs take."""

    def __init__(self, executor: Executor) -> None:
        self.start, self.wait, self.stop = executor.start, executor.wait, executor.stop

    def close(self) -> None:
        """Leave it to whoever lends it."""


@cache
def _process(number: int) -> ProcessExecutor:
    """Process that stays to the end of the tests; one that is lost starts again by itself."""
    executor = ProcessExecutor(LEAST)
    atexit.register(executor.close)
    return executor


def lent_processes(slots: int) -> Callable[[], Executor]:
    """Lend a worker a process for each of its slots, started by the first test that has need of it."""
    return partial(next, (Lent(_process(number)) for number in range(slots)))
