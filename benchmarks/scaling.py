"""``python -m benchmarks.scaling``: the same jobs on one and on two cluster workers, by turns, on this machine.

Everything is real: a scheduler and workers as processes on loopback, the coordinator of ``pluriscope work --cluster``,
the database, analyses of shaken 2-3-3-1 networks. Efficiency is the throughput with n workers over n times that with
one. On a machine where others compute too, take the median of several turns, and look at the load that is told beside
it: it needs as many idle cores as there are workers, and some rest for the coordinator.
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
from pathlib import Path
from typing import Any

import numpy as np

from analysis.networks.files import parse_network_file
from analysis.protocol import protocol_from_mapping
from app.db.engine import Store, store_at
from app.db.reads.jobs import count_jobs
from app.db.writes import save_network
from app.jobs import queue
from app.jobs.cluster import SCHEDULER_SETTINGS, Cluster
from app.jobs.definitions import DEFINITIONS, analyse_arguments
from app.jobs.worker import Pace, Worker
from benchmarks.faults.installation import ROOT

START_SECONDS = 120.0


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


def enqueue_round(store: Store, round_number: int, n_jobs: int, deepest: int) -> None:
    """So many analyses that nobody has asked for yet."""
    text = (ROOT / "app" / "bundled" / "xor-pretrained.json").read_text()
    protocol = protocol_from_mapping({"name": "measured", "max_depth": deepest})
    with store.write() as session:
        for number in range(n_jobs):
            random_numbers = np.random.default_rng([round_number, number])
            document: dict[str, Any] = json.loads(text)
            for name in ("weights", "biases"):
                layers = [np.asarray(layer, dtype=np.float64) for layer in document[name]]
                document[name] = [(one + 0.01 * random_numbers.standard_normal(one.shape)).tolist() for one in layers]
            document["name"] = f"Shaken {round_number} {number}"
            row = save_network(session, parse_network_file(json.dumps(document).encode()))
            queue.enqueue(session, "analyse", analyse_arguments(row.digest, 0, protocol))


def throughput(store: Store, n_workers: int, round_number: int, n_jobs: int, folder: Path) -> dict[str, float]:
    """Jobs a second with so many workers, once all of them are there and warm."""
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
        enqueue_round(store, round_number, n_jobs, deepest=3)
        cpu, own, begun = sum(client.run(time.process_time).values()), time.process_time(), time.perf_counter()
        thread.start()
        while True:
            with store.read() as session:
                counts = count_jobs(session)
            if counts.get("done", 0) >= n_jobs * (round_number + 1):
                break
            if counts.get("failed"):
                raise RuntimeError("a job failed; nothing was measured")
            time.sleep(0.05)
        seconds = time.perf_counter() - begun
        own = time.process_time() - own
        cpu = sum(client.run(time.process_time).values()) - cpu
    finally:
        stop.set()
        if thread.is_alive():
            thread.join()
        cluster.close()
        machines.close()
    return {
        "workers": n_workers,
        "jobs_per_second": n_jobs / seconds,
        "worker_cpu_share": cpu / seconds / n_workers,
        "worker_cpu_seconds_per_job": cpu / n_jobs,
        "coordinator_cpu_seconds_per_job": own / n_jobs,
    }


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
    found: dict[int, list[float]] = {1: [], asked.workers: []}
    with tempfile.TemporaryDirectory(prefix="pluriscope-scaling-") as name:
        store = store_at(f"sqlite:///{Path(name) / 'scaling.sqlite'}")
        store.migrate()
        for turn in range(2 * asked.turns):
            n_workers = (1, asked.workers)[turn % 2]
            told = throughput(store, n_workers, turn, asked.jobs, Path(name))
            found[n_workers].append(told["jobs_per_second"])
            print(json.dumps({**told, "load": os.getloadavg()[0]}), flush=True)
        store.close()
    one, several = statistics.median(found[1]), statistics.median(found[asked.workers])
    print(
        f"1 worker {one:.2f} jobs/s, {asked.workers} workers {several:.2f} jobs/s, "
        f"efficiency {several / one / asked.workers:.0%} (medians of {asked.turns}; {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f})"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
