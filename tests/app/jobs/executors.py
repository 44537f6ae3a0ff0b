"""Executors for tests that are about what comes out and not about processes that come and go."""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable, Collection
from functools import cache, partial

from sqlalchemy import select

from pluriscope.analysis.running.work import Work
from pluriscope.app.db.engine import Store
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.jobs.definitions import DEFINITIONS
from pluriscope.app.jobs.worker import Pace, Worker
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


def work(store: Store, kinds: Collection[str]) -> None:
    """Do all jobs of these kinds, in this process: another would import for as long as many of them take."""
    definitions = {kind: DEFINITIONS[kind] for kind in kinds}
    # nobody else takes jobs here, so a machine too busy to renew a lease in time loses none
    pace = Pace(lease_seconds=600, poll_seconds=0.1, look_seconds=0.05)
    Worker(store, slots=1, definitions=definitions, pace=pace, executor=Directly).run(until_idle=True)
    with store.read() as session:
        failed = select(JobRow.title, JobRow.error).where(JobRow.state == "failed")
        assert session.execute(failed).all() == []
