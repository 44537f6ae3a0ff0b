"""``python -m benchmarks.queue_load``: how many cluster workers one queue and one store can serve.

The coordinator, its slots, claims, heartbeats, progress, saves and the database are the real ones; only the computing
is pretended: a run lasts as long as chance says and reports on the way as a real one does. Every job saves a blob, so
that its end is a transaction of realistic size. Beside it a reader asks for the list of jobs all the time, as pages do.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from analysis.progress import Progress
from app.addressing import Addresses
from app.db.engine import Store, store_at
from app.db.job_tables import JobRow
from app.db.reads.jobs import count_jobs
from app.jobs.computing import Ending, Finished, Order, Stopped
from app.jobs.definitions import JobDefinition
from app.jobs.handlers import Handler, Saved
from app.jobs.worker import Pace, Worker
from app.pages.jobs import JobsOptions, build_jobs

RESULT_BYTES = 20_000


@dataclass(frozen=True)
class TimedStore(Store):
    """A store that measures its write transactions."""

    waits: list[float] = field(default_factory=list)
    holds: list[float] = field(default_factory=list)

    @contextmanager
    def write(self) -> Iterator[Session]:
        begun = time.perf_counter()
        with super().write() as session:
            session.connection()  # takes the lock
            locked = time.perf_counter()
            yield session
        self.waits.append(locked - begun)
        self.holds.append(time.perf_counter() - locked)


class Pretended:
    """An executor whose runs last as long as their inputs say."""

    def start(self, order: Order) -> Pretended:
        self.seconds = float(order.inputs["seconds"])
        self.begun = self.told = time.monotonic()
        self.stopped = False
        return self

    def wait(self, seconds: float) -> Ending | None:
        if self.stopped:
            return Stopped()
        left = self.begun + self.seconds - time.monotonic()
        time.sleep(max(0.0, min(seconds, left)))
        return Finished(self.seconds) if left <= seconds else None

    def progress(self) -> list[Progress]:
        done = int(1000 * min(1.0, (time.monotonic() - self.begun) / max(self.seconds, 1e-9)))
        return [Progress("pretending", done, 1000, f"{done} found")]

    def cancel(self) -> None:
        self.stopped = True

    def close(self) -> None:
        pass


def _load(_session: Session, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    return arguments


def _compute(_inputs: Any, _work: Any) -> None:
    raise NotImplementedError("computing is pretended")


def _save(_session: Session, _arguments: Mapping[str, Any], _outcome: Any) -> Saved:
    return Saved({"result": os.urandom(RESULT_BYTES // 2).hex()}, "pretended")


HANDLER: Handler[Any, Any] = Handler(_load, _compute, _save)
KIND = JobDefinition("pretend", "benchmarks.queue_load:HANDLER", "1", "Pretend")
KINDS = {"pretend": KIND}


def fill(store: Store, n_jobs: int, mean_seconds: float, requesters: int, seed: int) -> None:
    """Queue jobs of random length, asked for by several."""
    chance = random.Random(seed)  # noqa: S311  to be the same each time
    now = datetime.now(UTC)
    for start in range(0, n_jobs, 500):
        with store.write() as session:
            for number in range(start, min(start + 500, n_jobs)):
                seconds = chance.expovariate(1 / mean_seconds) if mean_seconds else 0.0
                arguments = {"number": number, "seconds": round(seconds, 4)}
                session.add(
                    JobRow(
                        id=KIND.job_id(arguments), kind="pretend", arguments=arguments, title=f"Job {number}",
                        state="queued", requester=f"r{number % requesters}", turn=number // requesters, result={},
                        created_at=now,
                    )
                )  # fmt: skip


def measure(url: str, slots: int, n_jobs: int, mean_seconds: float, seconds: float, seed: int) -> dict[str, Any]:
    """Let a coordinator with so many slots work for a while; what it did, and how long it waited for the lock."""
    plain = store_at(url)
    plain.migrate()
    store = TimedStore(plain.url, plain.reader, plain.writer)
    fill(store, n_jobs, mean_seconds, requesters=10, seed=seed)
    store.waits.clear()
    store.holds.clear()
    stop = threading.Event()
    pace = replace(Pace(), progress_seconds=max(0.5, slots / 50))
    worker = Worker(store, slots, stop, pace, KINDS, executor=Pretended)
    thread = threading.Thread(target=worker.run, kwargs={"until_idle": True})
    reads: list[float] = []
    cpu, begun = time.process_time(), time.perf_counter()
    thread.start()
    while thread.is_alive() and time.perf_counter() - begun < seconds:
        asked = time.perf_counter()
        try:
            with store.read() as session:
                build_jobs(session, Addresses(), JobsOptions(), datetime.now(UTC))
        except OperationalError:
            reads.append(float("inf"))
        reads.append(time.perf_counter() - asked)
        time.sleep(0.05)
    elapsed = time.perf_counter() - begun
    cpu = time.process_time() - cpu
    with store.read() as session:
        counts = count_jobs(session)
    stop.set()
    thread.join()
    done = counts.get("done", 0)
    store.close()
    return {
        "database": url.partition(":")[0],
        "slots": slots,
        "mean_job_seconds": mean_seconds,
        "jobs_done": done,
        "jobs_per_second": round(done / elapsed, 1),
        "asked_per_second": round(slots / mean_seconds, 1) if mean_seconds else None,
        "transactions_per_second": round(len(store.waits) / elapsed, 1),
        "lock_wait_ms": _spread(store.waits),
        "lock_held_ms": _spread(store.holds),
        "page_of_jobs_ms": _spread(reads),
        "coordinator_cpu_share": round(cpu / elapsed, 2),
        "failed": counts.get("failed", 0),
        "seconds": round(elapsed, 1),
    }


def _spread(values: list[float]) -> list[float]:
    """Median, 95th percentile and largest, in milliseconds."""
    if not values:
        return []
    ordered = sorted(values)
    return [round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) for share in (0.5, 0.95, 1.0)]


def main(arguments: list[str] | None = None) -> int:
    """Print one line of JSON for each number of slots."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queue_load", description=__doc__)
    parser.add_argument("--slots", type=int, nargs="+", default=[10, 50, 200, 400], help="simulated cluster workers")
    parser.add_argument("--mean", type=float, default=10.0, help="mean seconds of a job; 0 for the queue's own limit")
    parser.add_argument("--jobs", type=int, default=20_000, help="jobs in the queue at the beginning")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long each is measured")
    parser.add_argument("--url", default="", help="SQLAlchemy URL of an empty database; else a new SQLite file")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    for slots in asked.slots:
        with tempfile.TemporaryDirectory(prefix="pluriscope-queue-") as folder:
            url = asked.url or f"sqlite:///{Path(folder) / 'queue.sqlite'}"
            found = measure(url, slots, asked.jobs, asked.mean, asked.seconds, asked.seed)
        print(json.dumps({**found, "load": round(os.getloadavg()[0], 1)}), flush=True)
        if asked.url:
            break  # a database of one's own is filled once
    return 0


if __name__ == "__main__":
    sys.exit(main())
