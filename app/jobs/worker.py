"""The worker: some slots, each taking one job at a time through load, compute, save.

A slot is a thread; the computing happens in the slot's own process (:mod:`app.jobs.executor`), so that the thread is
free to renew the lease, tell the progress and pass a cancellation on. Whatever happens to processes or workers, a job
ends once: the save and the job's end are one transaction, fenced by the lease's owner.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app.db.engine import Store, open_store
from app.db.job_tables import JobRow
from app.db.reads.jobs import UNFINISHED
from app.db.trouble import is_lasting
from app.db.upgrade import upgrade
from app.jobs import leases, presence
from app.jobs.attempt import Attempt
from app.jobs.attempt import Pace as Pace  # callers take it from here
from app.jobs.definitions import DEFINITIONS, JobDefinition
from app.jobs.executor import ClusterMissing as ClusterMissing  # callers take it from here
from app.jobs.executor import Executor, ProcessExecutor
from app.jobs.leases import Claim
from app.logs import about

if TYPE_CHECKING:
    from app.jobs.cluster import Cluster
    from app.settings import Settings

log = logging.getLogger("pluriscope.jobs")
LASTING_POLLS: Final = 10  # how much longer an idle worker waits where somebody must make room first


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
        slots: jobs at a time; if not given as many as the cluster can do at once, or ``settings.workers`` without one.
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
    cluster = _cluster(settings)
    try:
        upgrade(store, settings.data)  # a worker may be the first to start
        slots = slots or (cluster and cluster.n_threads()) or settings.workers
        # with hundreds of slots each tells its progress less often, so that the notes of all stay a trickle
        pace = Pace(lease_seconds=settings.lease_seconds, progress_seconds=max(0.5, slots / 50))
        worker = Worker(store, slots=slots, stop=stop, pace=pace, cluster=settings.cluster)
        if cluster is not None:
            log.info("computing on the cluster at %s, %d jobs at a time", settings.cluster, slots)
            worker.executor, worker.ready = cluster.executor, cluster.is_ready
        worker.run(until_idle=until_idle)
    finally:
        if cluster is not None:
            cluster.close()
        store.close()


def _cluster(settings: Settings) -> Cluster | None:
    """The cluster of the settings, None if they name none; dask is loaded only then."""
    if not settings.cluster:
        return None
    from app.jobs.cluster import Cluster

    return Cluster(settings.cluster)


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
        ready: whether there is anywhere to compute; while there is not, no job is started.
        cluster: address of the scheduler that it computes on; "" for processes of its own machine.
        name: of this worker among all; owners of jobs are its slots.
    """

    store: Store
    slots: int = 1
    stop: threading.Event = field(default_factory=threading.Event)
    pace: Pace = field(default_factory=Pace)
    definitions: Mapping[str, JobDefinition] = field(default_factory=lambda: DEFINITIONS)
    executor: Callable[[], Executor] = ProcessExecutor
    ready: Callable[[], bool] = lambda: True
    cluster: str = ""
    name: str = field(default_factory=lambda: f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}")

    def __post_init__(self) -> None:
        self._asked: frozenset[str] = frozenset()  # jobs that somebody has asked to stop
        self._empty_until = 0.0  # one slot that found nothing to do has looked for all of them
        self._show_at = 0.0

    def run(self, *, until_idle: bool = False) -> None:
        """Work until told to leave, or until no job is queued or running any more."""
        threads = [
            threading.Thread(target=self._run_slot, args=(f"{self.name}:{number}", until_idle), name=f"slot {number}")
            for number in range(self.slots)
        ]
        for thread in threads:
            thread.start()
        started_at = datetime.now(UTC)
        for thread in threads:
            while thread.is_alive():
                if time.monotonic() >= self._show_at:
                    self._show_at = time.monotonic() + presence.SHOWN_EVERY_SECONDS
                    now = datetime.now(UTC)
                    presence.show(self.store, self.name, self.slots, self.cluster, started_at=started_at, now=now)
                thread.join(self.pace.look_seconds)  # wakes up often enough for signal handlers to run
                self._look()
        presence.leave(self.store, self.name)

    def _look(self) -> None:
        """See who is asked to stop: one small read for all slots, so that each of them hears of it at once."""
        with suppress(OperationalError), self.store.read() as session:
            asked = select(JobRow.id).where(JobRow.state == "running", JobRow.cancel_requested)
            self._asked = frozenset(session.scalars(asked))

    def _attempt(self, claim: Claim, executor: Executor) -> Attempt:
        return Attempt(self.store, claim, executor, self.pace, self.stop, asked=lambda: self._asked)

    def _run_slot(self, owner: str, until_idle: bool) -> None:
        executor = self.executor()
        try:
            while not self.stop.is_set():
                try:
                    claim = self._claim(owner) if self.ready() else None
                    if claim is not None:
                        self._do(claim, executor)
                    elif until_idle and not self._unfinished():
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

    def _do(self, claim: Claim, executor: Executor) -> None:
        """Make one attempt at a job; every line that is logged on the way says at which."""
        with about(job=claim.job_id, kind=claim.definition.kind):
            log.info("%s started, attempt %d", claim.definition.kind, claim.attempt)
            started = time.monotonic()
            self._attempt(claim, executor).run()
            log.info("%s finished in %.1f s", claim.definition.kind, time.monotonic() - started)

    def _claim(self, owner: str) -> Claim | None:
        """Look before locking: an idle worker must not hold up those who write."""
        if time.monotonic() < self._empty_until:
            return None
        now = datetime.now(UTC)
        waiting = select(JobRow.id).where(leases.claimable(now), JobRow.kind.in_(self.definitions)).limit(1)
        with self.store.read() as session:
            if session.scalar(waiting) is None:
                self._empty_until = time.monotonic() + 0.9 * self.pace.poll_seconds
                return None
        with self.store.write() as session:
            return leases.claim(
                session, owner, lease_seconds=self.pace.lease_seconds, definitions=self.definitions, now=now
            )

    def _unfinished(self) -> bool:
        with self.store.read() as session:
            query = select(JobRow.id).where(JobRow.state.in_(UNFINISHED), JobRow.kind.in_(self.definitions))
            return session.scalar(query.limit(1)) is not None
