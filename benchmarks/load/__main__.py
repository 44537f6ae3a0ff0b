"""``python -m benchmarks.load``: requests at a fixed rate and live pages, while a worker analyses.

Told are errors, times, memory, and the processor time that the server took for each request. Everything runs on this
machine: a server and a worker as processes over a copy of a data folder, and this program. The rate is kept whatever
the server does: a request is due at its time, and its time is counted from then, so that waiting behind a slow answer
counts. Half of the live pages follow a job by server-sent events, as browsers do; the others ask for its page every two
seconds, as browsers do where events do not get through. Memory is what the system holds resident of each process, and
of the worker's children, sampled every two seconds.

A long run for memory: ``--rate 20 --seconds 7200 --live 10``.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import math
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import numpy as np
import psutil

from benchmarks.fuzz_api.known import known_values
from benchmarks.load.client import Broken, Client
from benchmarks.machine import machine, machine_text
from benchmarks.own_server import TOKEN, OwnServer, server_on_copy

ANSWER_SECONDS: Final = 30.0
POLL_SECONDS: Final = 2.0
SAMPLE_SECONDS: Final = 2.0
MOST_AT_ONCE: Final = 1_000


@dataclass
class Measured:
    """What was seen."""

    times: list[float] = field(default_factory=list)
    by_address: dict[str, list[float]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    late: int = 0  # requests that were not even sent, because too many were on their way
    events: int = 0
    polls: int = 0
    stream_errors: Counter[str] = field(default_factory=Counter)
    gaps: list[float] = field(default_factory=list)  # seconds between two signs of life of a stream
    memory: list[tuple[float, int, int]] = field(default_factory=list)  # seconds, server, worker with children
    server_seconds: float = 0.0  # of processor time, while requests were sent


def addresses(url: str) -> list[str]:
    """What people open, as often as it stands here."""
    with httpx.Client(base_url=url, timeout=60) as client:
        places = [place for place in known_values(client) if place.get("mask")]
    chosen = []
    for place in places:
        network, mask = place["network"][0], place["mask"][0]
        base = f"/networks/{network}"
        chosen += [base, f"{base}/circuits", f"{base}/circuits/{mask}", f"{base}/algorithms", f"{base}/explanations"]
        chosen += [f"/api/v1{base}", f"/api/v1{base}/circuits?limit=20", f"/api/v1{base}/circuits/{mask}"]
    return ["/", "/jobs", "/glossary", "/api/v1/jobs", "/static/pluriscope.css", "/health/ready", *chosen]


def ask_for_work(server: OwnServer, seconds: float) -> list[str]:
    """Networks whose analyses keep a worker busy; answers the ids of their jobs."""
    generator = np.random.default_rng(0)
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as client:
        for number in range(max(4, round(seconds / 5))):
            sizes = [2, 4, 4, 1]
            weights = [generator.normal(0, 1, (n, m)).tolist() for m, n in itertools.pairwise(sizes)]
            biases = [generator.normal(0, 1, n).tolist() for n in sizes[1:]]
            network = {
                "format": "pluriscope-network/1", "name": f"load {number}", "sizes": sizes, "weights": weights,
                "biases": biases, "activation": "leaky_relu", "output_activation": "sigmoid",
            }  # fmt: skip
            answer = client.post(
                "/api/v1/networks", params={"task": "decisions", "protocols": ["paper", "complete"]}, json=network
            )
            answer.raise_for_status()
        jobs = client.get("/api/v1/jobs", params={"limit": 50, "state": "queued"}).json()["items"]
    return [job["id"] for job in jobs]


async def requests(client: Client, paths: list[str], rate: float, seconds: float, measured: Measured) -> None:
    """Send requests at their times."""
    began = time.perf_counter()
    under_way: set[asyncio.Task[None]] = set()

    async def one(path: str, due: float) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                status, _ = await client.get(path)
        except (OSError, Broken, TimeoutError) as error:
            measured.errors[f"{type(error).__name__} {error}".strip()] += 1
            return
        took = time.perf_counter() - due
        measured.statuses[status] += 1
        measured.times.append(took)
        measured.by_address.setdefault(path, []).append(took)
        if status >= 400:
            measured.errors[f"{status} {path}"] += 1

    for number in range(round(rate * seconds)):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        if len(under_way) >= MOST_AT_ONCE:
            measured.late += 1
            continue
        task = asyncio.create_task(one(paths[number * 7 % len(paths)], due))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    if under_way:
        await asyncio.wait(under_way)


async def live_page(client: Client, jobs: list[str], number: int, measured: Measured) -> None:
    """One browser with a job's page open: it follows, and opens the next job when one has ended."""
    for turn in range(10**9):
        job = jobs[(number + turn) % len(jobs)]
        try:
            if number % 2:
                await client.get(f"/jobs/{job}", "text/html")
                measured.polls += 1
                await asyncio.sleep(POLL_SECONDS)
                continue
            last = time.perf_counter()
            async for _ in client.follow(f"/jobs/{job}/events"):
                measured.events += 1
                measured.gaps.append(time.perf_counter() - last)
                last = time.perf_counter()
            await asyncio.sleep(0.5)
        except (OSError, Broken) as error:
            measured.stream_errors[f"{type(error).__name__} {error}"] += 1
            await asyncio.sleep(1.0)


def resident(pid: int) -> int:
    """Bytes resident of a process and its children."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    total = 0
    for one in family:
        try:
            total += one.memory_info().rss
        except psutil.Error:
            continue
    return total


async def sample_memory(server: int, worker: int, measured: Measured) -> None:
    """Look at the memory of both every few seconds."""
    began = time.perf_counter()
    while True:
        measured.memory.append((time.perf_counter() - began, resident(server), resident(worker)))
        await asyncio.sleep(SAMPLE_SECONDS)


async def measure(server: OwnServer, worker: subprocess.Popen[bytes], options: argparse.Namespace) -> Measured:
    """Load the server for so long."""
    measured = Measured()
    paths = addresses(server.url)
    jobs = ask_for_work(server, options.seconds)
    parts = urlsplit(server.url)
    client = Client(str(parts.hostname), int(parts.port or 80))
    for path in dict.fromkeys(paths):
        await client.get(path)  # the first visitor of each page compiles and draws what is then kept
    beside = [asyncio.create_task(live_page(client, jobs, n, measured)) for n in range(options.live)]
    beside.append(asyncio.create_task(sample_memory(server.process.pid, worker.pid, measured)))
    process = psutil.Process(server.process.pid)
    before = sum(process.cpu_times()[:2])
    await requests(client, paths, options.rate, options.seconds, measured)
    measured.server_seconds = sum(process.cpu_times()[:2]) - before
    for task in beside:
        task.cancel()
    await asyncio.gather(*beside, return_exceptions=True)
    client.close()
    return measured


def quantile(values: list[float], share: float) -> float:
    """The value below which so large a share lies; not a number where there is none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else math.nan


def report(measured: Measured, options: argparse.Namespace) -> dict[str, Any]:
    """The figures to quote."""
    megabytes = [(round(at), round(server / 1e6), round(worker / 1e6)) for at, server, worker in measured.memory]
    worst = sorted(((quantile(times, 0.95), path) for path, times in measured.by_address.items()), reverse=True)[:5]
    return {
        "asked_per_second": options.rate,
        "answered": sum(measured.statuses.values()),
        "errors": sum(measured.errors.values()) + measured.late,
        "kinds_of_errors": dict(measured.errors.most_common(10))
        | ({"not sent": measured.late} if measured.late else {}),
        "statuses": dict(measured.statuses),
        "ms": {f"p{round(100 * q)}": round(1000 * quantile(measured.times, q), 1) for q in (0.5, 0.95, 0.99, 1.0)},
        "server_processor_ms_per_request": round(1000 * measured.server_seconds / max(1, len(measured.times)), 2),
        "slowest_addresses_p95_ms": {path: round(1000 * took) for took, path in worst},
        "live_pages": options.live,
        "events": measured.events,
        "polls": measured.polls,
        "stream_errors": dict(measured.stream_errors),
        "longest_silence_of_a_stream_s": round(max(measured.gaps, default=0.0), 1),
        "memory_MB_first_middle_last": megabytes[:1] + megabytes[len(megabytes) // 2 :][:1] + megabytes[-1:],
        "memory_MB_most": (max(m[1] for m in megabytes), max(m[2] for m in megabytes)) if megabytes else (),
        "load_average_at_the_end": round(os.getloadavg()[0], 1),
    }


def main(arguments: list[str] | None = None) -> int:
    """Measure, tell, and fail if anything failed."""
    parser = argparse.ArgumentParser(prog="benchmarks.load", description=__doc__)
    parser.add_argument("--data", type=Path, help="a copy of this data folder is served; else a new one is made")
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second (default: 200)")
    parser.add_argument("--seconds", type=float, default=60.0, help="for so long (default: 60)")
    parser.add_argument("--live", type=int, default=50, help="live pages beside them (default: 50)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures and samples to FILE")
    options = parser.parse_args(arguments)
    print(machine_text(machine()))
    with server_on_copy(options.data) as server:
        worker = server.worker("--workers", "1")
        try:
            figures = report(measured := asyncio.run(measure(server, worker, options)), options)
            print(json.dumps(figures, indent=1), flush=True)
        finally:
            worker.terminate()
            worker.wait(60)
    print(json.dumps(figures, indent=1))
    if options.json:
        options.json.write_text(json.dumps(figures | {"memory": measured.memory}, indent=1))
    return 1 if figures["errors"] or figures["stream_errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
