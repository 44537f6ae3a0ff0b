"""Every hostile file through the reader: ``python -m tests.hostile.refusing [--files 1000] [--seed …] [--json]``.

Memory is bounded by the system (RLIMIT_AS), so that a reader which takes more fails instead of being slow. Times are
the processor's and the clock's: a busy machine stretches the second alone. Exit code 1 if a file was accepted, made the
reader fail otherwise, or got no single clear message.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.network_files.declaration import Declaration
from pluriscope.analysis.network_files.intake import read_any, take_in
from tests.hostile.files import SEED, hostile_files

MORE_MEMORY = 400 << 20  # beyond what the process has with all readers loaded


def refused(raw: bytes) -> str:
    """The one message with which a file is refused; "" if it was accepted.

    Sent as by form, where least is asked of a file: the tasks are what the network decides.
    """
    try:
        intake = take_in(read_any(raw), Declaration(task="decisions"))
        intake.file()
    except AnalysisError as error:
        return str(error)
    return ""


def run(n: int, seed: int) -> dict[str, Any]:
    """Seconds of the processor by family, the longest by the clock, the peak of memory in bytes, what went wrong."""
    refused(b"\x08\x01")  # loads every reader, so that no file is charged for it
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    address_space = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (address_space + MORE_MEMORY, resource.RLIM_INFINITY))
    times: dict[str, list[float]] = defaultdict(list)
    wrong: list[str] = []
    longest = 0.0
    for position, file in enumerate(hostile_files(n, seed)):
        started, began = time.process_time(), time.perf_counter()
        try:
            message = refused(file.raw)
        except BaseException as error:
            message, wrong = "", [*wrong, f"{position} {file.family}: {type(error).__name__}: {str(error)[:200]}"]
        else:
            if not message:
                wrong.append(f"{position} {file.family}: accepted: {file.raw[:300]!r}")
            elif "\n" in message or len(message) > 4_000 or not message.isprintable():
                wrong.append(f"{position} {file.family}: unclear: {message[:300]!r}")
        times[file.family].append(time.process_time() - started)
        longest = max(longest, time.perf_counter() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    n_files = sum(map(len, times.values()))
    return {"files": n_files, "times": times, "clock": longest, "peak_bytes": peak - before, "wrong": wrong}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = run(options.files, options.seed)
    if options.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return bool(found["wrong"])
    for family, times in sorted(found["times"].items(), key=lambda entry: -max(entry[1])):
        sys.stdout.write(f"{family:28} {len(times):4} files   worst {1000 * max(times):7.1f} ms\n")
    worst = max(max(times) for times in found["times"].values())
    sys.stdout.write(f"{found['files']} files refused, the slowest in {1000 * worst:.0f} ms of the processor, ")
    sys.stdout.write(f"{1000 * found['clock']:.0f} ms by the clock; ")
    sys.stdout.write(f"peak memory {found['peak_bytes'] >> 20} MiB beyond the start\n")
    for line in found["wrong"]:
        sys.stdout.write(f"WRONG {line}\n")
    return bool(found["wrong"])


if __name__ == "__main__":
    sys.exit(main())
