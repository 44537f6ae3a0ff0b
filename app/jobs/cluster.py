"""Computations on the machines of a dask cluster, behind the same seam as a process of this machine.

The coordinator (``pluriscope work --cluster tcp://scheduler:8786``) claims jobs, reads their inputs, and alone writes
the database; cluster workers are handed a computation and return a value. They hold no state, see no database and may
come and go. The table of jobs stays the only truth: whatever is lost on the way, the job's lease or its return to the
queue brings it back.

- Progress comes as events of the scheduler; what is certain of an analysis on its way stays where it is computed.
- To stop is to give the future up: the computation sees at its next report that nobody wants its task any more. A
  coordinator that dies gives up all of its futures.
- A worker that dies ends its task: start the scheduler with ``allowed-failures`` 0 (:data:`SCHEDULER_SETTINGS`), so
  that the next attempt comes from here.
- A scheduler that dies interrupts every computation; the jobs are queued again, none of them to blame, and no job is
  started until a scheduler answers at that address.
"""

from __future__ import annotations

import logging
import pickle
import secrets
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from analysis.errors import Cancelled
from analysis.progress import Progress, Report
from app.jobs.executor import ClusterMissing, Compute, Crashed, Executor, Finished, Lost, carry_out

log = logging.getLogger("pluriscope.jobs")
CONNECT_SECONDS: Final = 3.0
AGAIN_SECONDS: Final = 2.0  # between two attempts to reach a scheduler
TOPIC: Final = "pluriscope"  # of the events by which computations tell their progress
RESULT_SECONDS: Final = 120.0  # for the value of a finished task to come over
SCHEDULER_SETTINGS: Final = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}


class Cluster:
    """The way to one scheduler, made anew when it was lost.

    Args:
        address: of the scheduler, e.g. ``tcp://10.0.0.5:8786``.

    Raises:
        ClusterMissing: dask is not installed.
    """

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError:
            raise ClusterMissing from None
        self._distributed = distributed
        self.address = address
        self.listeners: dict[str, Report] = {}  # a task's key → who is told of it
        self._lock = threading.Lock()
        self._client: Any = None
        self._not_before = 0.0

    def executor(self) -> Executor:
        """An executor for one slot."""
        return ClusterExecutor(self)

    def is_ready(self) -> bool:
        """Whether the scheduler answers; it is tried again every few seconds."""
        return self.client() is not None

    def n_threads(self) -> int:
        """How many computations the cluster can do at once, 0 if it does not answer."""
        client = self.client()
        return 0 if client is None else sum(client.nthreads().values())

    def client(self) -> Any:
        """The connected client, None while there is no scheduler."""
        with self._lock:
            comm = getattr(self._client, "scheduler_comm", None)
            if comm is not None and self._client.status == "running" and not comm.comm.closed():
                return self._client
            if self._client is not None:
                log.warning("the cluster at %s is lost", self.address)
                self._leave()
            if time.monotonic() < self._not_before:
                return None
            try:
                self._client = self._distributed.Client(
                    self.address, timeout=CONNECT_SECONDS, set_as_default=False, heartbeat_interval="2s"
                )
            except (OSError, TimeoutError) as error:
                self._not_before = time.monotonic() + AGAIN_SECONDS
                log.warning("the cluster at %s does not answer: %s", self.address, error)
                return None
            self._client.subscribe_topic(TOPIC, self._hear)
            return self._client

    def close(self) -> None:
        """Leave the cluster, when no slot works any more."""
        with self._lock:
            self._leave()

    def _leave(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):  # whatever it complains of, it is over
                client.close(timeout=1)

    def _hear(self, event: tuple[float, Sequence[Any]]) -> None:
        """Hand what a computation tells to whom it belongs."""
        _, (key, *told) = event
        tell = self.listeners.get(key)
        if tell is not None:
            tell(Progress(*told))


class ClusterExecutor:
    """One slot's way to the cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._key = ""
        self._future: Any = None
        self._ended = threading.Event()

    def start(self, compute: Compute, tell: Report) -> None:
        client, self._key = self._cluster.client(), f"pluriscope-{secrets.token_hex(12)}"
        if client is not None:
            self._cluster.listeners[self._key] = tell
            task = compute_remotely, pickle.dumps(compute), self._key
            self._future = client.submit(*task, key=self._key, pure=False, retries=0)
            ended = self._ended = threading.Event()
            self._future.add_done_callback(lambda _: ended.set())

    def wait(self, seconds: float) -> Finished | None:
        if self._future is None:
            raise Lost
        if not (self._ended.wait(seconds) or self._future.done()):
            if self._cluster.is_ready():
                return None
            self.stop()
            raise Lost
        future, status = self._future, self._future.status
        if status in ("cancelled", "lost"):
            self.stop()
            raise Lost
        try:
            ending = pickle.loads(future.result(timeout=RESULT_SECONDS))  # noqa: S301  our own value
        except Exception as error:
            kind = type(error).__name__
            if kind == "KilledWorker":
                raise Lost("cluster worker was lost") from None
            if "Cancelled" in kind or isinstance(error, OSError | TimeoutError):
                raise Lost from None
            raise Crashed(kind, repr(error)) from None
        finally:
            self.stop()
        if isinstance(ending, Exception):
            raise ending
        return ending  # type: ignore[no-any-return]  # Finished, see carry_out

    def stop(self) -> None:
        self._cluster.listeners.pop(self._key, None)
        if self._future is not None and not self._future.done():
            with suppress(Exception):  # a scheduler that is gone needs no telling
                self._future.cancel()
        self._future = None

    close = stop


def compute_remotely(compute: bytes, key: str) -> bytes:
    """What a cluster worker does: compute, tell of it, and hear when nobody wants the task any more.

    Returns:
        Pickled, so that the scheduler never opens it, what :func:`~app.jobs.executor.carry_out` returns.
    """
    from distributed import get_worker

    worker = get_worker()

    def send(report: Progress, /) -> None:
        worker.log_event(TOPIC, (key, report.stage, report.done, report.total, report.found))
        task = worker.state.tasks.get(key)
        if task is None or task.state in ("cancelled", "resumed", "released", "forgotten"):
            raise Cancelled(report.stage)

    wanted = pickle.loads(compute)  # noqa: S301  from the coordinator, which may run anything here anyway
    return pickle.dumps(carry_out(wanted, send))
