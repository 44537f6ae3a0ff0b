"""Jobs on a dask cluster of real processes on loopback: workers and the scheduler are killed, jobs end once."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.db.engine import store_at
from app.db.job_tables import JobRow
from app.db.reads.jobs import find_job, last_log_lines
from app.db.tables import NetworkRow
from app.jobs import queue
from app.jobs.worker import Pace, Worker
from tests.app.jobs.kinds import KINDS
from tests.app.jobs.test_worker import PATIENCE_SECONDS, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::RuntimeWarning")]
distributed = pytest.importorskip("distributed")

from app.jobs.cluster import SCHEDULER_SETTINGS, Cluster  # noqa: E402  needs the extra

ROOT = Path(__file__).parents[3]
QUICK = Pace(lease_seconds=3.0, poll_seconds=0.05, progress_seconds=0.1)
ENVIRONMENT = {**os.environ, **SCHEDULER_SETTINGS, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


class Loopback:
    """A scheduler and workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self.processes: dict[str, subprocess.Popen] = {}
        self.start_scheduler()

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def start_scheduler(self) -> None:
        log = self.folder / f"scheduler-{time.monotonic_ns()}.txt"
        command = ["scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"]
        self._start("scheduler", command, log)
        pattern = re.compile(r"Scheduler at:\s+tcp://127\.0\.0\.1:(\d+)")
        wait_for(lambda: pattern.search(log.read_text()) is not None)
        self.port = int(pattern.search(log.read_text()).group(1))

    def start_worker(self, name: str) -> None:
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "20", "--name", name]
        self._start(name, ["worker", self.address, *options], self.folder / f"{name}.txt")

    def _start(self, name: str, command: list[str], log: Path) -> None:
        with log.open("ab") as output:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "dask", *command], env=ENVIRONMENT, cwd=self.folder, stdout=output, stderr=output
            )

    def kill(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes.pop(name).wait()

    def close(self) -> None:
        for name in list(self.processes):
            self.kill(name)


@pytest.fixture
def loopback(tmp_path):
    found = Loopback(tmp_path)
    yield found
    found.close()


@pytest.fixture
def coordinator(store, loopback):
    """A worker of the store that computes on the cluster, in a thread; jobs are enqueued by the test."""
    running = []

    def start(slots: int) -> Cluster:
        cluster, stop = Cluster(loopback.address), threading.Event()
        worker = Worker(
            store_at(store.url), slots, stop, QUICK, KINDS, executor=cluster.executor, ready=cluster.is_ready
        )
        thread = threading.Thread(target=worker.run)
        thread.start()
        running.append((cluster, stop, thread, worker))
        return cluster

    yield start
    for cluster, stop, thread, worker in running:
        stop.set()
        thread.join(PATIENCE_SECONDS)
        cluster.close()
        worker.store.close()
        assert not thread.is_alive()


def enqueue(store, kind="count", **arguments) -> str:
    with store.write() as session:
        return queue.enqueue(session, kind, arguments, definitions=KINDS).id


def job(store, job_id: str) -> JobRow:
    with store.read() as session:
        return find_job(session, job_id)


def all_done(store, ids) -> bool:
    return all(job(store, job_id).state == "done" for job_id in ids)


def test_a_killed_cluster_worker_loses_no_job_and_doubles_none(store, loopback, coordinator):
    for name in ("one", "two", "three"):
        loopback.start_worker(name)
    cluster = coordinator(3)
    wait_for(lambda: cluster.n_threads() == 3)
    ids = [enqueue(store, steps=20 + n, seconds=0.05) for n in range(9)]
    wait_for(lambda: sum(job(store, job_id).state == "running" and job(store, job_id).done > 0 for job_id in ids) == 3)
    loopback.kill("two")
    wait_for(lambda: all_done(store, ids))
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(NetworkRow)) == 28
        endings = [
            sum(line.message.endswith(" saved") for line in last_log_lines(session, job_id, 500)) for job_id in ids
        ]
        lines = [line.message for job_id in ids for line in last_log_lines(session, job_id, 500)]
    assert endings == [1] * 9
    assert any("its cluster worker was lost; tried again in" in line for line in lines)


def test_jobs_outlive_the_scheduler(store, loopback, coordinator):
    loopback.start_worker("one")
    cluster = coordinator(1)
    wait_for(lambda: cluster.n_threads() == 1)
    ids = [enqueue(store, steps=40 + n, seconds=0.05) for n in range(3)]
    wait_for(lambda: any(job(store, job_id).done > 2 for job_id in ids))
    loopback.kill("scheduler")
    wait_for(lambda: not any(job(store, job_id).state == "running" for job_id in ids))
    assert max(job(store, job_id).losses for job_id in ids) == 0, "no job is to blame"
    loopback.kill("one")
    loopback.start_scheduler()
    loopback.start_worker("next")
    wait_for(lambda: all_done(store, ids))


@pytest.mark.parametrize(("kind", "arguments"), [("count", {"steps": 2000, "seconds": 0.05}), ("deaf", {"seconds": 8})])
def test_a_cancellation_reaches_the_cluster_within_two_seconds(store, loopback, coordinator, kind, arguments):
    loopback.start_worker("one")
    cluster = coordinator(1)
    wait_for(lambda: cluster.n_threads() == 1)
    endless = enqueue(store, kind, **arguments)
    wait_for(lambda: job(store, endless).state == "running")
    time.sleep(1)
    begun = time.monotonic()
    with store.write() as session:
        queue.cancel(session, endless)
    wait_for(lambda: job(store, endless).state == "cancelled")
    assert time.monotonic() - begun < 2
    following = enqueue(store, steps=2)
    wait_for(lambda: job(store, following).state == "done")  # the cluster worker is free again


def test_without_a_scheduler_jobs_wait(store, tmp_path):
    job_id = enqueue(store, steps=2)
    cluster, stop = Cluster("tcp://127.0.0.1:9"), threading.Event()
    worker = Worker(store, 1, stop, QUICK, KINDS, executor=cluster.executor, ready=cluster.is_ready)
    thread = threading.Thread(target=worker.run)
    thread.start()
    time.sleep(1.5)
    stop.set()
    thread.join(PATIENCE_SECONDS)
    cluster.close()
    row = job(store, job_id)
    assert (row.state, row.attempts) == ("queued", 0)
