"""``python -m benchmarks [--json FILE]``: one table of ratios, all measured in this run on this machine."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

from benchmarks.lines import PLAIN_REPETITIONS, REPETITIONS, Line, all_lines


def machine() -> dict[str, str | int]:
    """What the figures were measured on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [text.split(":", 1)[1].strip() for text in cpuinfo.read_text().splitlines() if "model name" in text]
        model = names[0] if names else model
    return {
        "processor": model,
        "cores": os.cpu_count() or 1,
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "torch": version("torch"),
        "load_average": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown",
    }


def seconds_text(seconds: float) -> str:
    """Three digits with a fitting unit."""
    for unit, factor in (("s", 1), ("ms", 1e3)):
        if seconds * factor >= 1:
            return f"{seconds * factor:#.3g}".rstrip(".") + f" {unit}"
    return f"{seconds * 1e6:.0f} µs"


def table(lines: list[Line]) -> str:
    """The lines as text columns."""
    rows = [("work", "plain", "engine", "ratio", "")]
    for line in lines:
        ratio = f"{'> ' if line.lower_bound else ''}{line.ratio:,.{1 if line.ratio < 10 else 0}f}×"
        plain = ("> " if line.lower_bound else "") + seconds_text(line.plain_seconds)
        rows.append((line.work, plain, seconds_text(line.engine_seconds), ratio, line.note))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    text = []
    for work, *numbers, note in rows:
        cells = "  ".join(number.rjust(width) for number, width in zip(numbers, widths[1:4], strict=True))
        text.append(f"{work.ljust(widths[0])}  {cells}  {note}".rstrip())
    return "\n".join([text[0], "-" * max(map(len, text)), *text[1:]])


def main() -> int:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")
    options = parser.parse_args()
    started = time.perf_counter()
    lines = all_lines(lambda stage: print(f"… {stage}", file=sys.stderr, flush=True))
    here = machine()
    print(", ".join(f"{key.replace('_', ' ')} {value}" for key, value in here.items()))
    print(
        f"after import; best of up to {REPETITIONS} runs of the engine, its caches empty each time, and of up to "
        f"{PLAIN_REPETITIONS} plain runs; '>': stopped before its end, so at least"
    )
    print()
    print(table(lines))
    print(f"\n{time.perf_counter() - started:.0f} s in all")
    if options.json:
        document = {"machine": here, "lines": [line.as_json() for line in lines]}
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
