"""One attempt at one job: load, compute, follow, save, and whatever may go wrong on the way.

Renewing the lease, telling the progress and passing a cancellation on happen in the slot's thread while the computation
runs elsewhere (:mod:`app.jobs.executor`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from sqlalchemy.exc import OperationalError

from analysis.errors import AnalysisError
from analysis.progress import Progress
from app.db.engine import Store
from app.db.errors import StoreError
from app.db.trouble import diagnosis, is_lasting
from app.jobs import leases, queue
from app.jobs.computing import Crashed, Ending, Finished, Lost, Order, Refused, Stopped
from app.jobs.executor import Executor, Running
from app.jobs.fair_share import CARRIED
from app.jobs.handlers import Handler, handler_at
from app.jobs.leases import Claim, LeaseLost

log = logging.getLogger("pluriscope.jobs")
SAVE_ATTEMPTS: Final = 5  # each waits for the database's own busy timeout


@dataclass(frozen=True)
class Pace:
    """How often a worker does what, in seconds."""

    lease_seconds: float = leases.LEASE_SECONDS
    poll_seconds: float = 0.5  # between looks into an empty queue
    progress_seconds: float = 0.5  # between two notes of a progress that changes
    look_seconds: float = 0.4  # between two looks whether somebody has asked to stop
    grace_seconds: float = 0.8  # for a computation to stop on request before its process is killed

    @property
    def renew_seconds(self) -> float:
        """Between two renewals of a lease when nothing else is to tell."""
        return self.lease_seconds / 4


@dataclass
class Attempt:
    """One attempt at one job.

    Args:
        store: that the job is in.
        claim: the job.
        executor: where it runs.
        pace: how often what happens.
        stop: set when the worker is to leave.
        asked: ids of jobs that somebody has asked to stop, as the worker saw last.
        logged_stage: the last one whose end is in the job's log.
    """

    store: Store
    claim: Claim
    executor: Executor
    pace: Pace
    stop: threading.Event
    asked: Callable[[], Collection[str]] = frozenset
    logged_stage: str = ""

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
            self._give_back(lambda s: leases.requeue(s, self.claim, reason, blame=False))
        except Exception as error:
            log.exception("job %s", self.claim.job_id)
            self.executor.close()
            self._unforeseen(type(error).__name__)

    def _run(self) -> None:
        handler = self.handler
        with self.store.read() as session:
            compute = handler.load(session, self.claim.arguments)
        ending = self._follow(self.executor.start(Order(compute, handler.keep_seconds)))
        if ending is None:
            self.executor.close()
            self._give_back(lambda s: leases.release(s, self.claim))
        elif isinstance(ending, Finished):
            self._insist(lambda: self._save(handler, ending.outcome))
        elif isinstance(ending, Stopped):
            self._give_back(lambda s: leases.stop(s, self.claim))
        elif isinstance(ending, Refused):
            self._fail(str(ending), {"item": ending.item, "cause": ending.cause, "cure": ending.cure})
        elif isinstance(ending, Crashed):
            log.error("job %s: %s", self.claim.job_id, ending.trace)
            self._unforeseen(ending.kind)
        elif isinstance(ending, Lost):
            lost = ending
            log.warning("job %s: its %s", self.claim.job_id, lost.reason)
            self._give_back(lambda s: leases.requeue(s, self.claim, lost.reason, blame=lost.blame))

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
            asked = False
            is_told = stop_by is None and self.claim.job_id in self.asked()  # perhaps of an attempt before this one
            due = self.pace.progress_seconds if reports else self.pace.renew_seconds
            if is_told or now - noted >= min(due, self.pace.renew_seconds):
                noted = now
                try:
                    asked = self._beat(reports)
                except OperationalError as error:  # busy or away: the computation goes on, the lease covers the pause
                    log.warning("job %s: progress not noted: %s", self.claim.job_id, error.orig)
                else:
                    reports = []
            if asked and stop_by is None:
                running.cancel()
                stop_by = now + self.pace.grace_seconds
        reports += running.progress()
        if reports:
            self._insist(lambda: self._beat(reports))
        return ending

    def _insist(self, write: Callable[[], Any]) -> None:
        """Write at the end of a computation: what took long to compute is worth waiting for a busy database.

        Where there is no room, or nothing may be written, it waits until that is mended: nobody else could take the
        job up meanwhile either.
        """
        failures, told = 0, ""
        while True:
            try:
                write()
            except OperationalError as error:
                lasting = is_lasting(error)
                failures += not lasting
                if failures >= SAVE_ATTEMPTS or (lasting and self.stop.is_set()):
                    raise
                cause = str(diagnosis(error) or error.orig)
                if not lasting or cause != told:  # what lasts is told once
                    log.warning("job %s: waiting for the database: %s", self.claim.job_id, cause)
                told = cause
                self.stop.wait(self.pace.poll_seconds)
            else:
                return

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

    def _save(self, handler: Handler[Any], outcome: Any) -> None:
        """Store the outcome and end the job: one transaction, which begins by making sure of the lease."""
        with self.store.write() as session:
            session.info[CARRIED] = self.claim.requester  # what this job asks for is asked for by whoever asked for it
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
        reason = f"computation {error['cause']}"
        result = {"error": error}
        self._give_back(lambda s: leases.requeue(s, self.claim, reason, crashed=True, result=result))

    def _give_back(self, change: Callable[[Any], None]) -> None:
        try:
            with self.store.write() as session:
                change(session)
        except LeaseLost:
            log.warning("job %s is another worker's by now", self.claim.job_id)

    @cached_property
    def handler(self) -> Handler[Any]:
        return handler_at(self.claim.definition.handler)
