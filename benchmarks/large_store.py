"""A store with a million explanations, made up but saved as jobs save: for measuring what needs no engine.

``python -m benchmarks.large_store [--circuits N] [--algorithms N] [--folder DIR]`` fills a new database, measures every
list at every order, filter and depth, and prints the figures with the memory that they took. ``--only TEXT`` asks for
the addresses that hold a text alone, and may be given several times.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from app.db.engine import open_store
from app.jobs.backfill import fill_in
from app.main import create_app, settle
from app.settings import Settings
from benchmarks.isolated import ROOT, peak_bytes
from benchmarks.large_addresses import PARTS
from benchmarks.large_made_up import made_up_analysis, save
from benchmarks.large_pages import LOOPBACK, REQUESTS, measure, names_of
from benchmarks.large_populations import save_populations
from benchmarks.large_table import markdown, summary
from benchmarks.large_verdicts import save_ground, save_verdicts
from benchmarks.machine import machine, machine_text


def save_alone(folder: Path, n_circuits: int, n_algorithms: int) -> dict[str, float]:
    """Fill a new database in this process, from an analysis that came through a pipe as a worker's does."""
    store = open_store(Settings(data=folder))
    store.migrate()
    file, analysis = made_up_analysis(n_circuits, n_algorithms)
    made = resident_megabytes()
    saving = save(store, file, analysis)
    saved_peak = peak_bytes() / 1e6
    judged = save_verdicts(store, analysis)
    save_ground(store, analysis)
    store.close()
    with_analysis = {"resident_with_analysis_mb": made, "peak_mb": saved_peak, "verdict_peak_mb": peak_bytes() / 1e6}
    return {**asdict(saving), **asdict(judged), "per_second": saving.per_second, **with_analysis}


def populate_alone(folder: Path, n_networks: int) -> dict[str, float]:
    """Add networks and a study to a database in this process."""
    store = open_store(Settings(data=folder))
    store.migrate()
    saving = save_populations(store, n_networks)
    store.close()
    return {**asdict(saving), "peak_mb": peak_bytes() / 1e6}


def serve_alone(folder: Path, requests: int, only: Sequence[str] = ()) -> dict[str, Any]:
    """Ask for every list in this process, which has done nothing else but get ready as a server does.

    Args:
        folder: of the database.
        requests: to each address, after the first.
        only: ask only for addresses that hold one of these texts, and of all if there are none.
    """
    store = open_store(Settings(data=folder))
    store.migrate()  # it may be an earlier version's
    fill_in(store)  # as an idle worker does
    store.close()
    # one visitor asks for more than anybody could, and every answer is made anew
    app = create_app(Settings(data=folder, computed_per_minute=0))
    settle(app)
    with TestClient(app, base_url="http://127.0.0.1", client=LOOPBACK) as client:
        client.get("/glossary")
        before = resident_megabytes()
        names = names_of(client)
        every = [(part, address) for part in PARTS for address in names.addresses(part)]
        wanted = [one for one in every if not only or any(text in one[1] for text in only)]
        timings = [(part, measure(client, address, requests)) for part, address in wanted]
    return {
        "resident_before_mb": before,
        "peak_mb": peak_bytes() / 1e6,
        "lists": [{"part": part, **asdict(timing)} for part, timing in timings],
    }


def resident_megabytes() -> float:
    """Memory of this process now."""
    status = Path("/proc/self/status")
    if not status.exists():
        return peak_bytes() / 1e6
    line = next(text for text in status.read_text().splitlines() if text.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024 / 1e6


def main() -> int:
    """Fill and measure, each in a process of its own; print."""
    parser = argparse.ArgumentParser(prog="benchmarks.large_store", description=__doc__)
    parser.add_argument("--circuits", type=int, default=1_000_000)
    parser.add_argument("--algorithms", type=int, default=5_000)
    parser.add_argument("--networks", type=int, default=0, help="in the gallery, and as many others in a study")
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--only", action="append", default=[], metavar="TEXT", help="addresses with this text alone")
    parser.add_argument("--folder", type=Path, default=None, help="keep the database here; one that is there is used")
    parser.add_argument(
        "--markdown", action="store_true", help="print the tables of docs/scale.md instead of a line each"
    )
    parser.add_argument("--part", choices=("all", "save", "populate", "serve"), default="all", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part == "save":
        print(json.dumps(save_alone(options.folder, options.circuits, options.algorithms)))
        return 0
    if options.part == "populate":
        print(json.dumps(populate_alone(options.folder, options.networks)))
        return 0
    if options.part == "serve":
        print(json.dumps(serve_alone(options.folder, options.requests, options.only)))
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        print(machine_text(machine()))
        if not any(folder.glob("*.sqlite")):
            _print_saving(_in_a_process("save", folder, options))
            if options.networks:
                _print_populating(_in_a_process("populate", folder, options))
        served = _in_a_process("serve", folder, options)
        print("server: {resident_before_mb:.0f} MB before the first list, at most {peak_mb:.0f} MB".format(**served))
        print(summary(served["lists"]))
        if options.markdown:
            print(markdown(served["lists"]))
            return 0
        print("milliseconds by the clock, of the processor's time, and both of the very first visit")
        names = ("p50", "p95", "processor", "processor_p95", "first", "first_processor")
        print(" ".join(f"{name:>8}" for name in ("p50", "p95", "CPU p50", "CPU p95", "first", "CPU")))
        for timing in served["lists"]:
            numbers = " ".join(f"{timing[name]:8.1f}" for name in names)
            print(numbers, f" {timing['part']}: {timing['address']}")
    return 0


def _print_saving(saved: dict[str, Any]) -> None:
    """What saving took, in words."""
    print(
        "saved {circuits:,} circuits and {alignments:,} alignments: made ready in {prepare_seconds:.1f} s, "
        "inserted in {insert_seconds:.1f} s ({per_second:,.0f} a second), longest transaction "
        "{longest_seconds:.2f} s; database {megabytes:.0f} MB".format(**saved)
    )
    print(
        "memory: {resident_with_analysis_mb:.0f} MB with the analysis alone, at most {peak_mb:.0f} MB while it was "
        "made ready and saved".format(**saved)
    )
    print(
        "verdicts of {criteria} criteria: made ready in {verdict_prepare_seconds:.1f} s, inserted in "
        "{verdict_insert_seconds:.1f} s, longest transaction {verdict_longest_seconds:.2f} s; "
        "{verdict_megabytes:.1f} MB, of these {count_megabytes:.2f} MB counts of interpretations; at most "
        "{verdict_peak_mb:.0f} MB of memory".format(**saved)
    )


def _print_populating(saved: dict[str, Any]) -> None:
    """What saving many networks took, in words."""
    print(
        "saved {networks:,} networks in {network_seconds:.0f} s of the processor, a study of {outcomes:,} in "
        "{study_seconds:.0f} s; at most {peak_mb:.0f} MB".format(**saved)
    )


def _in_a_process(part: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One part in a process of its own, so that its memory is its own.

    Raises:
        RuntimeError: it failed; with what it said.
    """
    numbers = [f"--{name}={getattr(options, name)}" for name in ("circuits", "algorithms", "networks", "requests")]
    only = [f"--only={text}" for text in options.only]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.large_store", f"--part={part}", f"--folder={folder}", *numbers, *only],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{part} failed:\n{done.stderr.strip()}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


if __name__ == "__main__":
    sys.exit(main())
