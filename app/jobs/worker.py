"""The worker: some slots, each taking one job at a time through load, compute, save.

A slot is a thread; the computing happens in the slot's own process (:mod:`app.jobs.executor`), so that the thread is
free to renew the lease, tell the progress and pass a cancellation on. Whatever happens to processes or workers, a job
ends once: the save and the job's end are one transaction, fenced by the lease's owner. What is large is staged before
in transactions of their own, each fenced alike, so that nobody waits long for the database.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from analysis.errors import AnalysisError
from analysis.progress import Progress
from app.db.engine import Store, open_store
from app.db.errors import StoreError
from app.db.reads.jobs import UNFINISHED
from app.db.tables import JobRow
from app.jobs import leases, queue
from app.jobs.definitions import DEFINITIONS, JobDefinition
from app.jobs.executor import Crashed, Ending, Executor, Finished, Lost, ProcessExecutor, Refused, Running, Stopped
from app.jobs.handlers import Handler, handler_at
from app.jobs.leases import Claim, LeaseLost

if TYPE_CHECKING:
    from app.settings import Settings

log = logging.getLogger("pluriscope.jobs")
SAVE_ATTEMPTS: Final = 5  # each waits for the database's own busy timeout


@dataclass(frozen=True)
class Pace:
    """How often a worker does what, in seconds."""

    lease_seconds: float = leases.LEASE_SECONDS
    poll_seconds: float = 0.5  # between looks into an empty queue
    progress_seconds: float = 0.5  # between two notes of a progress that changes
    grace_seconds: float = 2.0  # for a computation to stop on request before its process is killed

    @property
    def renew_seconds(self) -> float:
        """Between two renewals of a lease when nothing else is to tell."""
        return self.lease_seconds / 4


def run_workers(
    settings: Settings,
    *,
    slots: int | None = None,
    until_idle: bool = False,
    stop: threading.Event | None = None,
) -> None:
    """Open the store and work until told to leave (SIGTERM, Ctrl-C or ``stop``), or until nothing is left to do.

    Args:
        settings: of the application.
        slots: jobs at a time, ``settings.workers`` if not given.
        until_idle: return when no job is queued or running any more.
        stop: set it to let the workers leave; jobs on their way are given back.

    Raises:
        StoreUnavailable: the database cannot be opened, or not brought to the current schema.
    """
    stop = stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    store = open_store(settings)
    try:
        store.migrate()  # a worker may be the first to start
        Worker(store, slots=slots or settings.workers, stop=stop).run(until_idle=until_idle)
    finally:
        store.close()


@dataclass
class Worker:
    """Takes jobs of a store.

    Args:
        store: with the current schema.
        slots: jobs at a time.
        stop: set it to let the worker leave.
        pace: intervals.
        definitions: the kinds of jobs it takes.
        executor: makes the executor of each slot.
    """

    store: Store
    slots: int = 1
    stop: threading.Event = field(default_factory=threading.Event)
    pace: Pace = field(default_factory=Pace)
    definitions: Mapping[str, JobDefinition] = field(default_factory=lambda: DEFINITIONS)
    executor: Callable[[], Executor] = ProcessExecutor

    def run(self, *, until_idle: bool = False) -> None:
        """Work until told to leave, or until no job is queued or running any more."""
        name = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
        threads = [
            threading.Thread(target=self._run_slot, args=(f"{name}:{number}", until_idle), name=f"slot {number}")
            for number in range(self.slots)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.5)  # wakes up often enough for signal handlers to run

    def _run_slot(self, owner: str, until_idle: bool) -> None:
        executor = self.executor()
        try:
            while not self.stop.is_set():
                try:
                    claim = self._claim(owner)
                    if claim is not None:
                        _Attempt(self, claim, executor).run()
                    elif until_idle and not self._unfinished():
                        return
                    else:
                        self.stop.wait(self.pace.poll_seconds)
                except OperationalError as error:  # the database is away for a moment; the lease covers the rest
                    log.warning("the database did not answer: %s", error.orig)
                    self.stop.wait(self.pace.poll_seconds)
        finally:
            executor.close()

    def _claim(self, owner: str) -> Claim | None:
        """Look before locking: an idle worker must not hold up those who write."""
        now = datetime.now(UTC)
        waiting = select(JobRow.id).where(leases.claimable(now), JobRow.kind.in_(self.definitions)).limit(1)
        with self.store.read() as session:
            if session.scalar(waiting) is None:
                return None
        with self.store.write() as session:
            return leases.claim(
                session, owner, lease_seconds=self.pace.lease_seconds, definitions=self.definitions, now=now
            )

    def _unfinished(self) -> bool:
        with self.store.read() as session:
            query = select(JobRow.id).where(JobRow.state.in_(UNFINISHED), JobRow.kind.in_(self.definitions))
            return session.scalar(query.limit(1)) is not None


def sweep_all(store: Store, sweep: Callable[[Any], bool]) -> None:
    """Sweep in small transactions; whatever is left if the database is busy is swept another time."""
    with suppress(OperationalError):
        more = True
        while more:
            with store.write() as session:
                more = sweep(session)


class _Attempt:
    """One attempt at one job."""

    def __init__(self, worker: Worker, claim: Claim, executor: Executor) -> None:
        self.worker, self.claim, self.executor = worker, claim, executor
        self.store, self.pace, self.stop = worker.store, worker.pace, worker.stop
        self.logged_stage = ""  # the last one whose end is in the job's log

    def run(self) -> None:
        """Take the job to whatever end it has; nothing that goes wrong with it may end the slot."""
        try:
            self._run()
        except LeaseLost:
            log.warning("job %s is another worker's by now", self.claim.job_id)
            self.executor.close()
        except (AnalysisError, StoreError) as error:
            self._fail(str(error), {"item": error.item, "cause": error.cause, "cure": error.cure})
        except OperationalError as error:
            log.warning("job %s: the database did not answer: %s", self.claim.job_id, error.orig)
            self.executor.close()
            reason = "database did not answer"
            self._give_back(lambda s: leases.requeue(s, self.claim, reason, blame=False, **self._kinds))
        except Exception as error:
            log.exception("job %s", self.claim.job_id)
            self.executor.close()
            self._unforeseen(type(error).__name__)

    def _run(self) -> None:
        handler = self.handler
        with self.store.read() as session:
            inputs = handler.load(session, self.claim.arguments)
        ending = self._follow(self.executor.start(handler.compute, inputs))
        if ending is None:
            self.executor.close()
            self._give_back(lambda s: leases.release(s, self.claim))
        elif isinstance(ending, Finished):
            self._store(handler, ending.outcome)
        elif isinstance(ending, Stopped):
            self._give_back(lambda s: leases.stop(s, self.claim))
        elif isinstance(ending, Refused):
            self._fail(str(ending), {"item": ending.item, "cause": ending.cause, "cure": ending.cure})
        elif isinstance(ending, Crashed):
            log.error("job %s: %s", self.claim.job_id, ending.trace)
            self._unforeseen(ending.kind)
        elif isinstance(ending, Lost):
            log.warning("job %s: its process was lost (exit code %s)", self.claim.job_id, ending.exit_code)
            reason = f"process was lost (exit code {ending.exit_code})"
            self._give_back(lambda s: leases.requeue(s, self.claim, reason, **self._kinds))

    def _follow(self, running: Running) -> Ending | None:
        """Renew the lease until the computation ends; None if the worker was told to leave."""
        noted = time.monotonic()
        reports: list[Progress] = []
        stop_by: float | None = None
        while (ending := running.wait(self.pace.progress_seconds / 2)) is None:
            reports += running.progress()
            if self.stop.is_set():
                return None
            now = time.monotonic()
            if stop_by is not None and now > stop_by:
                self.executor.close()  # it does not report, so it cannot hear
                return Stopped()
            due = self.pace.progress_seconds if reports else self.pace.renew_seconds
            if now - noted < min(due, self.pace.renew_seconds):
                continue
            noted = now
            try:
                asked = self._beat(reports)
            except OperationalError as error:  # busy or away: the computation goes on, the lease covers the pause
                log.warning("job %s: progress not noted: %s", self.claim.job_id, error.orig)
                continue
            reports = []
            if asked and stop_by is None:
                running.cancel()
                stop_by = now + self.pace.grace_seconds
        reports += running.progress()
        if reports:
            self._insist(lambda: self._beat(reports))
        return ending

    def _insist(self, write: Callable[[], Any]) -> None:
        """Write at the end of a computation: what took long to compute is worth waiting for a busy database."""
        for _ in range(SAVE_ATTEMPTS - 1):
            try:
                write()
            except OperationalError as error:
                log.warning("job %s: waiting for the database: %s", self.claim.job_id, error.orig)
                self.stop.wait(self.pace.poll_seconds)
            else:
                return
        write()

    def _beat(self, reports: Sequence[Progress]) -> bool:
        """Renew the lease and note what was reported; returns whether the job is asked to stop."""
        newest = reports[-1] if reports else None
        so_far = next((report.so_far for report in reversed(reports) if report.so_far is not None), None)
        with self.store.write() as session:
            asked = leases.heartbeat(session, self.claim, newest, lease_seconds=self.pace.lease_seconds)
            if so_far is not None and self.handler.keep is not None:
                self.handler.keep(session, self.claim.arguments, so_far())
            for line in self._stages_ended(reports):
                queue.add_log(session, self.claim.job_id, line)
        return asked

    def _stages_ended(self, reports: Sequence[Progress]) -> Iterator[str]:
        """One line of the log for each stage that came to its end."""
        for report in reports:
            if report.done >= report.total and report.stage != self.logged_stage:
                self.logged_stage = report.stage
                yield f"{report.stage}: {report.found or 'done'}"

    def _store(self, handler: Handler[Any, Any], outcome: Any) -> None:
        """Stage what is large, save and end the job, then sweep up what others left behind or this has replaced."""
        if handler.stage is not None:
            for step in handler.stage(self.claim.arguments, outcome):
                self._insist(lambda step=step: self._stage(step))  # type: ignore[misc]  # mypy knows no such default
        self._insist(lambda: self._save(handler, outcome))
        self._sweep()

    def _sweep(self) -> None:
        if self.handler.sweep is not None:
            sweep_all(self.store, self.handler.sweep)

    def _stage(self, step: Callable[[Any], None]) -> None:
        with self.store.write() as session:
            leases.heartbeat(session, self.claim, lease_seconds=self.pace.lease_seconds)
            step(session)

    def _save(self, handler: Handler[Any, Any], outcome: Any) -> None:
        """Store the outcome and end the job: one transaction, which begins by making sure of the lease."""
        with self.store.write() as session:
            leases.heartbeat(session, self.claim, lease_seconds=self.pace.lease_seconds)
            saved = handler.save(session, self.claim.arguments, outcome)
            leases.finish(session, self.claim, saved.result, saved.found, truncated=saved.truncated)

    def _fail(self, message: str, error: Mapping[str, str]) -> None:
        self._give_back(lambda s: leases.fail(s, self.claim, message, result={"error": dict(error)}))

    def _unforeseen(self, kind: str) -> None:
        """An error of ours: the traceback is in the worker's log, the user gets what can be said of it.

        It is tried once more: full memory or a full disk come as such errors too, and pass.
        """
        error = {
            "item": f"job {self.claim.job_id}",
            "cause": f"ended by an unforeseen error ({kind})",
            "cure": "retry it; if it fails again, report it with the worker's log",
        }
        most = self.worker.definitions[self.claim.kind].max_crashes
        reason = f"computation {error['cause']}"
        result = {"error": error}
        self._give_back(lambda s: leases.requeue(s, self.claim, reason, most=most, result=result, **self._kinds))

    def _give_back(self, change: Callable[[Any], None]) -> None:
        try:
            with self.store.write() as session:
                change(session)
            self._sweep()
        except LeaseLost:
            log.warning("job %s is another worker's by now", self.claim.job_id)

    @cached_property
    def handler(self) -> Handler[Any, Any]:
        return handler_at(self.worker.definitions[self.claim.kind].handler)

    @property
    def _kinds(self) -> dict[str, Any]:
        return {"definitions": self.worker.definitions}
