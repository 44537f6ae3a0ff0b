"""The worker: slots that each take one job at a time through load, compute and save.

The usual slots do what somebody asked for. Beside them there is one for each kind of job that has a pool, and one more
for what somebody asked for, so that nobody waits for the work of others to end. Where that slot has stored a first
answer, and another person has none yet, its job gives way and goes on later from what is stored. One slot does what
nobody asked for, in a process that runs when no other wants the processor; when somebody asks for the job that it does,
another slot begins it again.

A slot is a thread; the computing happens in the slot's own process (:mod:`pluriscope.processes.executor`), so that the
thread is free to renew the lease, to store the progress and to stop the job when a person cancels it. Whatever happens
to processes or workers, a job ends once: the save and the job's end are one transaction, fenced by the lease's owner.

A job of a kind that has a pool sends parts of it there, and saves each in a transaction that is fenced likewise; so the
thread that computes is one of the worker's own.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import secrets
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from sqlalchemy import and_, delete, select
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.circuits.every_loop import load_every_loop
from pluriscope.analysis.errors import AnalysisError, Cancelled, NotInstalledYet
from pluriscope.analysis.running.progress import Progress
from pluriscope.analysis.values.late_functions import function_at
from pluriscope.app.db.engine import Store, open_store
from pluriscope.app.db.errors import StoreError
from pluriscope.app.db.job_tables import JobRow, WorkerRow
from pluriscope.app.db.reads.jobs import UNFINISHED
from pluriscope.app.db.trouble import diagnosis, is_lasting
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.definition import JobDefinition
from pluriscope.app.jobs.definitions import ANALYSE, DEFINITIONS
from pluriscope.app.jobs.handlers import Handler, handler_at
from pluriscope.app.jobs.queue import Claim, LeaseLost
from pluriscope.app.jobs.stages import enqueue_outdated
from pluriscope.app.logs import about
from pluriscope.processes.executor import (
    IDLE,
    KERNEL_YIELDS,
    Away,
    Crashed,
    Executor,
    Lost,
    ProcessExecutor,
    ThreadExecutor,
    lower_priority,
)
from pluriscope.processes.memory import LEAST

if TYPE_CHECKING:
    from pluriscope.app.settings import Settings

log = logging.getLogger("pluriscope.jobs")
T = TypeVar("T")
Pool = Callable[[], AbstractContextManager[Any]]
LASTING_POLLS: Final = 10  # how much longer a worker waits where somebody must make room first
SAVE_ATTEMPTS: Final = 5  # each waits for the database's own busy timeout
SHOWN_EVERY_SECONDS: Final = 10.0
FORGOTTEN: Final = timedelta(days=1)
_LOOK_SECONDS: Final = 1.0  # between two looks whether what compiles is installed
_KEPT_NICENESS: Final = 5  # below that of pages, and before that of other jobs
_UNANSWERED_SECONDS: Final = 15.0  # a job of which nothing is known by then gives way as well


@dataclass(frozen=True)
class Pace:
    """Intervals of a worker's actions, in seconds."""

    lease_seconds: float = queue.LEASE_SECONDS
    poll_seconds: float = 0.5  # between looks into an empty queue
    progress_seconds: float = 0.5  # between two notes of a progress that changes
    look_seconds: float = 0.4  # between two looks whether a job is still wanted

    @property
    def renew_seconds(self) -> float:
        """Seconds between two renewals of a lease when there is no progress to store."""
        return self.lease_seconds / 4


class GivingWay(Exception):
    """Raised where a job has stored a first answer, and another person waits for one."""


class Leaving(Exception):
    """Raised where the worker is stopped while a job is on its way, or a job that nobody asked for makes room."""


class Slot(NamedTuple):
    """What does one job at a time.

    Args:
        kinds: that it takes.
        executor: makes what computes.
        asked: whether it takes only what somebody asked for, or only what nobody did; None for both.
        kept: whether its job gives way to others that have no answer yet.
    """

    kinds: Mapping[str, JobDefinition]
    executor: Callable[[], Executor]
    asked: bool | None = None
    kept: bool = False


def run_workers(
    settings: Settings, *, slots: int | None = None, until_idle: bool = False, stop: threading.Event | None = None
) -> None:
    """Open the store and work until stopped (SIGTERM, Ctrl-C or ``stop``), or until nothing is left to do.

    Args:
        slots: jobs at a time; ``settings.workers`` if not given.
        until_idle: return when no job is queued or running any more.
        stop: set it to let the workers leave; jobs on their way are given back.

    Raises:
        StoreUnavailable: the database cannot be opened, or not brought to the current schema.
    """
    stop, slots = stop or threading.Event(), slots or settings.workers
    settings = settings.model_copy(update={"workers": slots})  # they share the memory that there is
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    store = open_store(settings)
    try:
        store.migrate()  # a worker may be the first to start
        while not (stop.is_set() or _has_queued_outdated(store)):
            stop.wait(Pace.poll_seconds)
        multiprocessing.get_context("spawn").Process(target=_compile, daemon=True).start()
        # with hundreds of slots each stores its progress less often, so that all together write little
        pace = Pace(lease_seconds=settings.lease_seconds, progress_seconds=max(0.5, slots / 50))
        executor = partial(ProcessExecutor, settings.memory_of_job)
        kept = partial(executor, loads=(ANALYSE.handler.partition(":")[0],), niceness=_KEPT_NICENESS)
        idle = partial(executor, niceness=IDLE)
        pools = {kind: partial(function_at(one.pool), settings) for kind, one in DEFINITIONS.items() if one.pool}
        worker = Worker(store, slots, stop, pace, executor=executor, kept=kept, idle=idle, pools=pools)
        worker.run(until_idle=until_idle)
    finally:
        store.close()


def _has_queued_outdated(store: Store) -> bool:
    """Queue what an earlier version has made, unless somebody else holds the lock of the database just now."""
    try:
        with store.write() as session:
            enqueue_outdated(session)
    except OperationalError as error:
        if is_lasting(error):
            raise
        log.warning("the database did not answer: %s", error.orig)
        return False
    return True


def _compile() -> None:
    """Compile what counts ahead of the jobs that need it, if no process has before."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker ends it
    lower_priority(IDLE)
    while True:
        try:
            return load_every_loop()
        except NotInstalledYet:
            time.sleep(_LOOK_SECONDS)


@dataclass
class Worker:
    """Takes jobs of a store.

    Args:
        store: with the current schema.
        slots: jobs at a time.
        stop: set it to let the worker leave.
        pace: intervals.
        definitions: the kinds of jobs it takes.
        executor: makes the executor of each slot but those of kinds with a pool.
        kept: makes those of one more slot for what somebody asked for; None for no such slot.
        idle: makes that of the slot for what nobody asked for; None for no such slot: then the usual ones do it, too.
        pools: makes what computes for a job of a kind that has a pool.
        name: of this worker among all; owners of jobs are its slots.
    """

    store: Store
    slots: int = 1
    stop: threading.Event = field(default_factory=threading.Event)
    pace: Pace = field(default_factory=Pace)
    definitions: Mapping[str, JobDefinition] = field(default_factory=lambda: DEFINITIONS)
    executor: Callable[[], Executor] = field(default_factory=lambda: partial(ProcessExecutor, LEAST))
    kept: Callable[[], ProcessExecutor] | None = None
    idle: Callable[[], Executor] | None = None
    pools: Mapping[str, Pool] = field(default_factory=dict)
    name: str = field(default_factory=lambda: f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}")
    _lapsed: Collection[queue.Held] = ()

    def run(self, *, until_idle: bool = False) -> None:
        """Work until stopped, or until no job is queued or running any more."""
        pooled = {kind: one for kind, one in self.definitions.items() if one.pool}
        others = {kind: one for kind, one in self.definitions.items() if not one.pool}
        slots = [Slot(others, self.executor, None if self.idle is None else True)] * (self.slots if others else 0)
        slots += [Slot({kind: one}, ThreadExecutor) for kind, one in pooled.items()]
        slots += [] if self.kept is None else [Slot(others, self.kept, True, kept=True)]
        slots += [] if self.idle is None else [Slot(others, self.idle, False)]
        threads = [
            threading.Thread(
                target=self._run_slot, args=(f"{self.name}:{number}", slot, until_idle), name=f"slot {number}"
            )
            for number, slot in enumerate(slots)
        ]
        for thread in threads:
            thread.start()
        started_at, show_at, watch_at, watch = datetime.now(UTC), 0.0, 0.0, queue.Watch()
        for thread in threads:
            while thread.is_alive():
                if time.monotonic() >= watch_at:
                    watch_at = time.monotonic() + self.pace.renew_seconds
                    with suppress(OperationalError), self.store.read() as session:
                        self._lapsed = watch.lapsed(session)
                    if self._lapsed:
                        with suppress(OperationalError), self.store.write() as session:
                            queue.release_unknown(session, self._lapsed, definitions=self.definitions)
                if time.monotonic() >= show_at:
                    show_at = time.monotonic() + SHOWN_EVERY_SECONDS
                    show(self.store, self.name, self.slots, started_at=started_at, now=datetime.now(UTC))
                    with suppress(SQLAlchemyError, sqlite3.Error):
                        self.store.tidy()
                thread.join(self.pace.look_seconds)  # wakes up often enough for signal handlers to run
        leave(self.store, self.name)

    def _run_slot(self, owner: str, slot: Slot, until_idle: bool) -> None:
        executor = slot.executor()
        # what gave way has lost its process, and to start one takes seconds
        spare = slot.executor() if slot.kept else executor
        try:
            while not self.stop.is_set():
                try:
                    if isinstance(executor, ProcessExecutor) and isinstance(spare, ProcessExecutor) and slot.kept:
                        executor, spare = (executor, spare) if executor.is_warm else (spare, executor)
                        executor.warm()
                        spare.warm()
                    held = self._claim(owner, slot)
                    if held is not None:
                        with about(job=held.job_id):
                            _Attempt(self, held, executor, slot).run()
                    elif until_idle and not self._any(slot.kinds, JobRow.state.in_(UNFINISHED)):
                        return
                    else:
                        self.stop.wait(self.pace.poll_seconds)
                except OperationalError as error:  # the database is away for a moment; the lease covers the rest
                    log.warning("the database did not answer: %s", error.orig)
                    # whoever has a result to save comes first once there is room again
                    polls = LASTING_POLLS if is_lasting(error) else 1
                    self.stop.wait(polls * self.pace.poll_seconds)
        finally:
            executor.close()
            spare.close()

    def is_anybody_waiting(self) -> bool:
        """Whether a person waits for a job that has no answer yet."""
        waits = queue.claimable(datetime.now(UTC), asked=True)
        return self._any(self.definitions, and_(waits, JobRow.priority <= queue.REQUESTED_PRIORITY))

    def makes_room(self) -> bool:
        """Whether what nobody asked for has to stop for what somebody did, since the system does not see to it."""
        return not KERNEL_YIELDS and self._any(
            self.definitions, and_(JobRow.state.in_(UNFINISHED), JobRow.priority < 0)
        )

    def _claim(self, owner: str, slot: Slot) -> Claim | None:
        """Look before locking: an idle worker must not hold up those who write."""
        now, lapsed, kinds = datetime.now(UTC), self._lapsed, slot.kinds
        if slot.asked is False and self.makes_room():
            return None
        with self.store.read() as session:
            left = [one for kind in kinds.values() if kind.left and (one := function_at(kind.left))(session, ask=False)]
        if not left and not self._any(kinds, queue.claimable(now, lapsed, asked=slot.asked)):
            return None
        with self.store.write() as session:
            for ask_for_it in left:
                ask_for_it(session, ask=True)
            session.flush()
            lease = self.pace.lease_seconds
            return queue.claim(
                session, owner, lease_seconds=lease, lapsed=lapsed, definitions=kinds, asked=slot.asked, now=now
            )

    def _any(self, kinds: Mapping[str, JobDefinition], which: Any) -> bool:
        with self.store.read() as session:
            return session.scalar(select(JobRow.id).where(which, JobRow.kind.in_(kinds)).limit(1)) is not None


class _Attempt:
    """An attempt at a job."""

    def __init__(self, worker: Worker, held: Claim, executor: Executor, slot: Slot) -> None:
        self.worker, self.store, self.pace = worker, worker.store, worker.pace
        self.held, self.executor, self.slot = held, executor, slot
        self.reports: list[Progress] = []  # that are not noted yet
        self.logged_stage = ""
        self.handler: Handler[Any] | None = None
        self.is_answered = held.definition.kind != ANALYSE.kind  # somebody knows something of it

    def run(self) -> None:
        """Take the job to whatever end it has; nothing that goes wrong with it may end the slot."""
        job, held = self.held.job_id, self.held
        log.info("%s started, attempt %d", held.definition.kind, held.attempt)
        started = time.monotonic()
        try:
            # the computation gets values, not a session: it runs elsewhere, for as long as it takes
            handler = handler_at(held.definition.handler)
            with self.store.read() as session:
                compute: Callable[..., Any] = handler.load(session, held.arguments)
            if held.definition.pool:
                compute = partial(compute, write=self._write, pool=self.worker.pools[held.definition.kind])
            self.executor.start(compute, self.reports.append)
            self.handler = handler
            outcome = self._followed()
            self._insist(lambda: self._save(handler, outcome))
            change = None  # the job has ended in the transaction that saved its outcome
        except LeaseLost:
            log.warning("job %s is another worker's by now", job)
            change = None
        # any other end is a change of the job's row: given back unharmed, ended, waiting, or tried again
        except Leaving:
            change = _given_back(held)
        except GivingWay:
            change = partial(queue.give_way, held=held)
        except Cancelled:
            change = _ended(held, "cancelled")
        except (Away, NotInstalledYet) as error:
            log.warning("job %s: %s", job, error)
            change = _waiting(held, str(error))
        except (AnalysisError, StoreError) as error:
            change = _ended(held, "failed", str(error), error)
        except Lost as lost:
            log.warning("job %s: its %s", job, lost.reason)
            change = _given_back(held, lost.reason)
        except OperationalError as error:
            log.warning("job %s: the database did not answer: %s", job, error.orig)
            change = _given_back(held)
        except Crashed as crash:
            kind, trace = crash.args
            log.error("job %s: %s", job, trace)
            change = _unforeseen(held, kind)
        except Exception as error:
            log.exception("job %s", job)
            change = _unforeseen(held, type(error).__name__)
        self.executor.stop()  # before the job is free for others, so that it never runs twice
        if change is not None:
            try:
                with self.store.write() as session:
                    queue.heartbeat(session, held, self.reports[-1] if self.reports else None)  # how far it got
                    change(session)
            except LeaseLost:
                log.warning("job %s is another worker's by now", job)
        log.info("%s finished in %.1f s", held.definition.kind, time.monotonic() - started)

    def _followed(self) -> Any:
        """Wait for the computation and return its result; meanwhile renew the lease, and store progress and partial
        results.
        """
        began = noted = looked = time.monotonic()
        while (finished := self.executor.wait(min(self.pace.progress_seconds / 2, self.pace.look_seconds))) is None:
            if self.worker.stop.is_set():
                raise Leaving
            now = time.monotonic()
            if now - began >= _UNANSWERED_SECONDS:
                self.is_answered = True
            due = min(self.pace.progress_seconds if self.reports else self.pace.renew_seconds, self.pace.renew_seconds)
            try:
                if now - looked >= self.pace.look_seconds:
                    looked = now
                    self._look()
                if now - noted >= due:
                    noted = now
                    self._beat()
            except OperationalError as error:  # busy or away: the computation goes on, the lease covers the pause
                log.warning("job %s: progress not noted: %s", self.held.job_id, error.orig)
        self.handler = None  # the whole outcome is stored next
        if self.reports:
            self._insist(self._beat)
        return finished.outcome

    def _look(self) -> None:
        """Raise if a person has cancelled the job, the lease is lost, or the job is to give way or to make room."""
        with self.store.read() as session:
            row = session.get(JobRow, self.held.job_id)
        if row is None:
            raise LeaseLost(self.held.job_id)
        if row.cancel_requested:
            raise Cancelled
        if self.slot.asked is False and (row.is_asked or self.worker.makes_room()):
            raise Leaving
        if self.slot.kept and self.is_answered and self.worker.is_anybody_waiting():
            self._beat()
            raise GivingWay

    def _beat(self) -> None:
        """Renew the lease, note what was reported, and store what was found by now."""
        reports = list(self.reports)
        newest = reports[-1] if reports else None
        losses = [(one.done, one.loss) for one in reports if one.loss is not None and isfinite(one.loss)]
        known, lease = next((one.known for one in reversed(reports) if one.known), None), self.pace.lease_seconds
        with self.store.write() as session:
            queue.heartbeat(session, self.held, newest, losses=losses, known=known, lease_seconds=lease)
            for line in self._stages_ended(reports):
                queue.add_log(session, self.held.job_id, line)
            part = next((one.part for one in reversed(reports) if one.part is not None), None)
            keep = None if self.handler is None else self.handler.keep
            if part is not None and keep is not None:
                keep(session, self.held.arguments, part)
        # what is stored is not computed again after giving way
        self.is_answered |= part is not None if keep is not None else known is not None and known.method != "tested"
        del self.reports[: len(reports)]

    def _stages_ended(self, reports: Sequence[Progress]) -> Iterator[str]:
        """Lines of the log for the stages that came to their end."""
        for report in reports:
            if report.done >= report.total and report.stage != self.logged_stage:
                self.logged_stage = report.stage
                yield f"{report.stage}: {report.found or 'done'}"

    def _write(self, change: Callable[[Session], Any]) -> Any:
        """Change something on the way, as long as the job is ours."""

        def fenced() -> Any:
            with self.store.write() as session:
                queue.heartbeat(session, self.held, lease_seconds=self.pace.lease_seconds)
                return change(session)

        return self._insist(fenced)

    def _insist(self, write: Callable[[], T]) -> T:
        """Write at the end of a computation: what took long to compute is worth waiting for a busy database.

        Where there is no room, or nothing may be written, it waits until that is mended: nobody else could take the
        job up meanwhile either.
        """
        for attempt in count(1):
            try:
                return write()
            except OperationalError as error:
                lasting = is_lasting(error)
                if self.worker.stop.is_set() or (attempt >= SAVE_ATTEMPTS and not lasting):
                    raise
                log.warning("job %s: waiting for the database: %s", self.held.job_id, diagnosis(error) or error.orig)
                self.worker.stop.wait(self.pace.poll_seconds * (LASTING_POLLS if lasting else 1))
        raise AssertionError  # the count has no end

    def _save(self, handler: Handler[Any], outcome: Any) -> None:
        """Store the outcome and end the job: one transaction, which begins by making sure of the lease."""
        with self.store.write() as session:
            queue.heartbeat(session, self.held, lease_seconds=self.pace.lease_seconds)
            saved = handler.save(session, self.held.arguments, outcome)
            state = "truncated" if saved.truncated else "done"
            queue.end(session, self.held, state, saved.found, result=saved.result)


Change = Callable[[Session], None]


def _ended(held: Claim, state: str, answer: str = "", error: AnalysisError | StoreError | None = None) -> Change:
    result = {"error": {"item": error.item, "cause": error.cause, "cure": error.cure}} if error else None
    return lambda session: queue.end(session, held, state, answer, result=result)


def _given_back(held: Claim, reason: str = "") -> Change:
    return lambda session: queue.give_back(session, held, reason)


def _waiting(held: Claim, what_for: str) -> Change:
    return lambda session: queue.give_back(session, held, waits_for=what_for)


def _unforeseen(held: Claim, kind: str) -> Change:
    """Give a job back after an error of ours: the traceback is in the worker's log, the user gets a short report.

    It is tried again: a full disk comes as such an error too, and passes.
    """
    cause = f"ended by an unforeseen error ({kind})"
    cure = "retry it; if it fails again, report it with the worker's log"
    error = {"item": f"job {held.job_id}", "cause": cause, "cure": cure}
    return lambda session: queue.give_back(session, held, f"computation {cause}", result={"error": error})


# --- which workers are there: for people and monitoring; jobs do not need it, so nothing that goes wrong here matters


def show(store: Store, name: str, slots: int, *, started_at: datetime, now: datetime) -> None:
    """Record that a worker is running, and delete the records of workers that have been gone for a day.

    Args:
        store: that it works on.
        name: as its jobs' owners begin.
        slots: jobs at a time.
        started_at: when it began.
    """
    row = WorkerRow(
        name=name,
        host=socket.gethostname()[:80],
        pid=os.getpid(),
        slots=slots,
        version=ENGINE_VERSION,
        started_at=started_at,
        seen_at=now,
    )
    with suppress(SQLAlchemyError, StoreError), store.write() as session:
        session.execute(delete(WorkerRow).where(WorkerRow.seen_at < now - FORGOTTEN))
        session.merge(row)


def leave(store: Store, name: str) -> None:
    """Take a worker off the list."""
    with suppress(SQLAlchemyError, StoreError), store.write() as session:
        session.execute(delete(WorkerRow).where(WorkerRow.name == name))
