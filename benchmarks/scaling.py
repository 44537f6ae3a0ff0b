"""``python -m benchmarks.scaling``: the same jobs on one and on two cluster workers, by turns, on this machine.

Everything is real: a scheduler and workers as processes on loopback, the coordinator of ``pluriscope work --cluster``,
the database, analyses. The jobs are long and bound by the processor: 3-4-4-1 networks with seeded weights, whose
circuits are counted exactly, some seconds each. Every turn does the same jobs on a new store.

Efficiency is the throughput with n workers over n times that with one. It needs as many idle cores as there are
workers, and some rest for the coordinator. On a machine where others compute too the kernel's own account says what was
in the way: of each worker's computing thread the time that it ran and the time that it was ready but had no core.
``ready`` is both over the time by the clock: how much of it the queue, the scheduler and the store kept the worker
supplied. From it and the processor time of a job follows the efficiency on cores of one's own, which is told beside the
plain one.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from analysis.network_files.files import NetworkFile
from analysis.networks.mlp import forward
from analysis.networks.network import Network
from analysis.protocol import protocol_from_mapping
from analysis.tasks import input_table, task_from_table
from app.db.engine import Store, store_at
from app.db.reads.jobs import count_jobs
from app.db.writes import save_network
from app.jobs import queue
from app.jobs.cluster import SCHEDULER_SETTINGS, Cluster
from app.jobs.definitions import DEFINITIONS, analyse_arguments
from app.jobs.worker import Pace, Worker
from benchmarks.faults.installation import ROOT

START_SECONDS: Final = 120.0
SIZES: Final = (3, 4, 4, 1)


class Machines:
    """A scheduler and so many workers on loopback."""

    def __init__(self, folder: Path, n_workers: int) -> None:
        self.environment = {
            **os.environ, **SCHEDULER_SETTINGS, "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
        }  # fmt: skip
        self.folder = folder
        file = folder / f"scheduler-{n_workers}.json"
        scheduler = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
        self.processes = [self._start(scheduler)]
        deadline = time.monotonic() + START_SECONDS
        while not file.exists() or not file.read_text():
            if time.monotonic() > deadline:
                raise RuntimeError("the scheduler does not start")
            time.sleep(0.1)
        self.address = json.loads(file.read_text())["address"]
        worker = ["worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        self.processes += [self._start(worker) for _ in range(n_workers)]

    def _start(self, arguments: list[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments],
            env=self.environment, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def close(self) -> None:
        for process in self.processes[::-1]:
            process.terminate()
            process.wait(20)


def network_of_job(number: int) -> NetworkFile:
    """The n-th network: seeded normal weights, and a bias that makes half of its decisions 1."""
    chance = np.random.default_rng(number)
    weights = [chance.standard_normal((n_out, n_in)) for n_in, n_out in pairwise(SIZES)]
    biases = [chance.standard_normal(n_out) for n_out in SIZES[1:]]

    def network() -> Network:
        return Network.from_arrays(weights, biases, activation="relu", output_activation="linear")

    outputs = forward(network(), input_table(SIZES[0]))[:, 0]
    biases[-1] += 0.5 - np.median(outputs)
    decided = forward(network(), input_table(SIZES[0]))[:, 0] > 0.5
    task = task_from_table([int(one) for one in decided], SIZES[0])
    return NetworkFile(f"Random {number}", network(), (task,))


def enqueue_jobs(store: Store, n_jobs: int) -> None:
    """So many analyses, always the same."""
    protocol = protocol_from_mapping({"name": "measured", "circuit_decision": "threshold", "max_depth": 2})
    with store.write() as session:
        for number in range(n_jobs):
            row = save_network(session, network_of_job(number))
            queue.enqueue(session, "analyse", analyse_arguments(row.digest, 0, protocol))


@dataclass(frozen=True)
class Turn:
    """What was measured with so many workers.

    Args:
        workers: how many.
        jobs_per_second: by the clock.
        cpu_seconds_per_job: of the workers.
        cpu_share: of a core that each worker got.
        ready: share of the time in which a worker ran or waited for a core.
        coordinator_cpu_seconds_per_job: of this process.
        load: of the machine, over the last minute.
    """

    workers: int
    jobs_per_second: float
    cpu_seconds_per_job: float
    cpu_share: float
    ready: float
    coordinator_cpu_seconds_per_job: float
    load: float


def scheduled(pid: int) -> dict[str, tuple[float, float]]:
    """Seconds that each thread of a process ran, and was ready without a core."""
    found = {}
    for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        ran, waited, _ = file.read_text().split()
        found[file.parent.name] = int(ran) / 1e9, int(waited) / 1e9
    return found


def ready_share(before: dict[str, tuple[float, float]], after: dict[str, tuple[float, float]], seconds: float) -> float:
    """Of the thread that ran most, the share of the time in which it ran or was ready to."""
    spent = [[b - a for a, b in zip(before.get(tid, (0.0, 0.0)), now, strict=True)] for tid, now in after.items()]
    return sum(max(spent)) / seconds


def measure(n_workers: int, n_jobs: int, folder: Path) -> Turn:
    """Do all jobs with so many workers, once all of them are there and warm."""
    folder.mkdir()
    store = store_at(f"sqlite:///{folder / 'scaling.sqlite'}")
    store.migrate()
    enqueue_jobs(store, n_jobs)
    machines = Machines(folder, n_workers)
    cluster, stop = Cluster(machines.address), threading.Event()
    kinds = {"analyse": DEFINITIONS["analyse"]}
    worker = Worker(store, n_workers, stop, Pace(), kinds, executor=cluster.executor, ready=cluster.is_ready)
    thread = threading.Thread(target=worker.run)
    try:
        deadline = time.monotonic() + START_SECONDS
        while cluster.n_threads() < n_workers:
            if time.monotonic() > deadline:
                raise RuntimeError("the cluster workers do not come")
            time.sleep(0.1)
        client = cluster.client()
        client.run(_warm_up)
        pids = list(client.run(os.getpid).values())
        before = [scheduled(pid) for pid in pids]
        cpu, own, begun = sum(client.run(time.process_time).values()), time.process_time(), time.perf_counter()
        thread.start()
        while True:
            with store.read() as session:
                counts = count_jobs(session)
            if sum(counts.get(state, 0) for state in ("done", "truncated")) >= n_jobs:  # counted, not listed
                break
            if counts.get("failed"):
                raise RuntimeError("a job failed; nothing was measured")
            time.sleep(0.05)
        seconds = time.perf_counter() - begun
        own = time.process_time() - own
        ready = [ready_share(was, scheduled(pid), seconds) for was, pid in zip(before, pids, strict=True)]
        cpu = sum(client.run(time.process_time).values()) - cpu
    finally:
        stop.set()
        if thread.is_alive():
            thread.join()
        cluster.close()
        machines.close()
        store.close()
    return Turn(
        workers=n_workers,
        jobs_per_second=n_jobs / seconds,
        cpu_seconds_per_job=cpu / n_jobs,
        cpu_share=cpu / seconds / n_workers,
        ready=statistics.mean(ready),
        coordinator_cpu_seconds_per_job=own / n_jobs,
        load=os.getloadavg()[0],
    )


def summary(turns: Sequence[Turn], n_workers: int) -> str:
    """Medians and both efficiencies in words."""

    def median(name: str, workers: int) -> float:
        return statistics.median(getattr(turn, name) for turn in turns if turn.workers == workers)

    one, several = median("jobs_per_second", 1), median("jobs_per_second", n_workers)
    free = [median("ready", n) / median("cpu_seconds_per_job", n) for n in (1, n_workers)]
    return (
        f"1 worker {one:.3f} jobs/s, {n_workers} workers {several:.3f} jobs/s: "
        f"efficiency {several / one / n_workers:.0%}; "
        f"on cores of their own {free[1] / free[0]:.0%} (workers ready {median('ready', 1):.1%} and "
        f"{median('ready', n_workers):.1%} of the time, {median('cpu_seconds_per_job', 1):.2f} and "
        f"{median('cpu_seconds_per_job', n_workers):.2f} s of processor a job; here each got "
        f"{median('cpu_share', 1):.0%} and {median('cpu_share', n_workers):.0%} of a core; medians of "
        f"{len(turns) // 2}; {os.cpu_count()} cores, load {statistics.median(turn.load for turn in turns):.1f})"
    )


def _warm_up() -> None:
    """Import what jobs need, so that no measured one does."""
    import app.jobs.handlers  # noqa: F401


def main(arguments: list[str] | None = None) -> int:
    """Print each turn, then the medians and the efficiency."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # that the cluster goes at the end of a turn is meant
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="to hold against one (2)")
    parser.add_argument("--jobs", type=int, default=40, help="jobs of a turn (40)")
    parser.add_argument("--turns", type=int, default=3, help="of each (3)")
    asked = parser.parse_args(arguments)
    turns: list[Turn] = []
    with tempfile.TemporaryDirectory(prefix="pluriscope-scaling-") as name:
        for number in range(2 * asked.turns):
            turns.append(measure((1, asked.workers)[number % 2], asked.jobs, Path(name) / str(number)))
            print(json.dumps(asdict(turns[-1])), flush=True)
    print(summary(turns, asked.workers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
