"""Computations on the machines of a dask cluster, behind the same seam as a process of this machine.

The coordinator (``pluriscope work --cluster tcp://scheduler:8786``) claims jobs, reads their inputs, and alone writes
the database; cluster workers are handed an order, compute, and return a value. They hold no state, see no database and
may come and go. The table of jobs stays the only truth: whatever is lost on the way (a worker, the scheduler, this
process), the job's lease or its requeue brings it back.

How it goes together:

- One client for a coordinator. Progress comes as events of the scheduler, which the client hands to the runs that they
  belong to; what is certain of an analysis on its way stays where it is computed.
- To cancel is to give the future up. The scheduler then tells the worker, where the computation sees at its next
  report that nobody wants its task any more. A coordinator that dies gives up all of its futures, so what it had
  started ends there too.
- A worker that dies ends its task: start the scheduler with ``allowed-failures`` 0 (:data:`SCHEDULER_SETTINGS`), so
  that the next attempt comes from here. With dask's own default the task is first tried again by the scheduler.
- A scheduler that dies interrupts every run; the jobs are queued again, none of them to blame, and no job is started
  until a scheduler answers at that address.
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

from analysis.progress import Progress
from app.jobs.computing import Crashed, Ending, Lost, Order, Stopped, carry_out
from app.jobs.executor import ClusterMissing, Executor, Running, Told

log = logging.getLogger("pluriscope.jobs")

CONNECT_SECONDS: Final = 3.0
AGAIN_SECONDS: Final = 2.0  # between two attempts to reach a scheduler
TOPIC: Final = "pluriscope"  # of the events by which runs tell their progress
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
        self._lock = threading.Lock()
        self._client: Any = None
        self._runs: dict[str, _ClusterRun] = {}
        self._not_before = 0.0
        self._closed = False

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
            if self._client is not None and self._client.status == "running" and self._is_connected():
                return self._client
            if self._client is not None:
                log.warning("the cluster at %s is lost", self.address)
                self._drop()
            if self._closed or time.monotonic() < self._not_before:
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

    def submit(self, run: _ClusterRun, order: Order) -> Any:
        """Hand an order to the cluster; the future, or None if there is no scheduler."""
        client = self.client()
        if client is None:
            return None
        self._runs[run.key] = run
        return client.submit(compute_remotely, pickle.dumps(order), run.key, key=run.key, pure=False, retries=0)

    def forget(self, run: _ClusterRun) -> None:
        """A run has ended; what it still tells is dropped."""
        self._runs.pop(run.key, None)

    def close(self) -> None:
        """Leave the cluster."""
        with self._lock:
            self._closed = True
            self._drop()

    def _is_connected(self) -> bool:
        comm = getattr(self._client, "scheduler_comm", None)
        return comm is not None and not comm.comm.closed()

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):  # whatever it complains of, it is over
                client.close(timeout=1)

    def _hear(self, event: tuple[float, Sequence[Any]]) -> None:
        """Hand what a run tells to whom it belongs."""
        _, (key, *told) = event
        run = self._runs.get(key)
        if run is not None:
            run.take(Progress(*told))


class ClusterExecutor:
    """One slot's way to the cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._run: _ClusterRun | None = None

    def start(self, order: Order) -> Running:
        self._run = _ClusterRun(self._cluster, order)
        return self._run

    def close(self) -> None:
        if self._run is not None:
            self._run.give_up()
        self._run = None


class _ClusterRun(Told):
    """One computation somewhere on the cluster."""

    def __init__(self, cluster: Cluster, order: Order) -> None:
        super().__init__()
        self.key = f"pluriscope-{secrets.token_hex(12)}"
        self._cluster = cluster
        self._news = threading.Event()
        self._asked = False
        self._future = cluster.submit(self, order)
        if self._future is not None:
            self._future.add_done_callback(lambda _: self._news.set())

    def take(self, report: Progress) -> None:
        super().take(report)
        self._news.set()

    def wait(self, seconds: float) -> Ending | None:
        if self._future is not None and not self._asked:
            self._news.wait(seconds)
            self._news.clear()
        ending: Ending | None = None
        if self._asked:
            ending = Stopped()
        elif self._future is None or self._future.done():
            ending = self._ending()
        elif not self._cluster.is_ready():
            ending = self._away()
        if ending is not None:
            self._cluster.forget(self)
        return ending

    def cancel(self) -> None:
        self._asked = True
        self.give_up()
        self._news.set()

    def give_up(self) -> None:
        """Nobody wants the outcome any more."""
        if self._future is not None and not self._future.done():
            with suppress(Exception):  # a scheduler that is gone needs no telling
                self._future.cancel()
        self._cluster.forget(self)

    def _away(self) -> Lost:
        return Lost(f"cluster at {self._cluster.address} was lost", blame=False)

    def _ending(self) -> Ending:
        """What became of the future."""
        if self._future is None or self._future.status in ("cancelled", "lost"):
            return self._away()
        try:
            ending: Ending = pickle.loads(self._future.result(timeout=RESULT_SECONDS))  # noqa: S301  our own value
        except Exception as error:
            kind = type(error).__name__
            if kind == "KilledWorker":
                return Lost("cluster worker was lost")
            if "Cancelled" in kind or isinstance(error, OSError | TimeoutError):
                return self._away()
            return Crashed(kind, repr(error))
        return ending


def compute_remotely(order_bytes: bytes, key: str) -> bytes:
    """What a cluster worker does: compute, tell of it, and hear when nobody wants the task any more.

    Returns:
        The pickled :data:`~app.jobs.computing.Ending`; as bytes, so that the scheduler never opens it.
    """
    from distributed import get_worker

    worker = get_worker()
    order: Order = pickle.loads(order_bytes)  # noqa: S301  from the coordinator, which may run anything here anyway

    def send(report: Progress) -> None:
        worker.log_event(TOPIC, (key, report.stage, report.done, report.total, report.found))

    def is_asked() -> bool:
        task = worker.state.tasks.get(key)
        return task is None or task.state in ("cancelled", "resumed", "released", "forgotten")

    return pickle.dumps(carry_out(order, send, is_asked))
