"""``python -m benchmarks.shapes``: the whole chain on random networks of every admitted shape (:mod:`tests.shapes`).

    python -m benchmarks.shapes --minutes 30              as many as begin within the time, seeds that nobody chose
    python -m benchmarks.shapes --minutes 30 --seed 7     the same again: seeds 7,000,000 and on
    python -m benchmarks.shapes --count 100 --seed 7      so many of them
    python -m benchmarks.shapes --only 17                 one of them, as a fault's line says
    python -m benchmarks.shapes --count 24 --seed 7 --analyse 60

Each case is a process of its own that may take so many seconds of the processor, or ten times as many by the clock: one
that does not come to its end is reported as hanging. All are forked from one that has an application ready, so that a
case takes only its own time. A line is printed for each fault, with the seed that does it again; the exit code is 1 if
there was any. With ``--analyse`` the command ``analyse`` alone is run, with so many seconds: what ``--plan`` said of
seconds and memory stands beside what it took, as a table and as ``shapes.svg`` in the folder ``--output``.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import multiprocessing
import random
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain, count, islice, takewhile
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.figures.standalone import standalone_svg
from pluriscope.figures.svg.elements import drawing, line, text
from tests.shapes import MANY_CIRCUITS, SMALL, WarmApplication, case_of, limits_of, run_case

HANG_SECONDS: Final = 900
WARMING: Final = (2, 3)  # seeds whose pages are of every kind
_IDLE: Final = 10  # seconds by the clock for each of the processor, after which a case that waits counts as hanging
_RANGE: Final = 1_000_000  # seeds of one run, so that runs with other --seed share none


def watched(seeds: Iterable[int]) -> Iterator[dict[str, Any]]:
    """The rows of cases, each in a process of its own; one that does not end is ended.

    There is an application for either limits, made here and used once for every kind of page, which the processes
    inherit.
    """
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        applications = _warmed(Path(folder))
        gc.freeze()  # looking through it for garbage would copy it into each process
        for seed in seeds:
            receiver, sender = context.Pipe(duplex=False)
            application = applications[limits_of(seed) is SMALL]
            process = context.Process(target=_send_row, args=(sender, seed, application))
            process.start()
            sender.close()
            if receiver.poll(_IDLE * HANG_SECONDS):
                try:
                    row = receiver.recv()
                except EOFError:
                    process.join()
                    row = _broken(seed, f"process was lost after {HANG_SECONDS} s or before ({process.exitcode})")
            else:
                process.kill()
                row = _broken(seed, f"hang: no end within {_IDLE * HANG_SECONDS} s by the clock")
            process.join()
            yield row


def _warmed(folder: Path) -> tuple[WarmApplication, WarmApplication]:
    """Start an application that finds many circuits and one with small limits."""
    made = []
    for name, limits in (("many", MANY_CIRCUITS), ("small", SMALL)):
        own = folder / name
        own.mkdir()
        made.append(WarmApplication(own, limits))
        for seed in WARMING:
            run_case(seed, made[-1], to_be_forked=True)
    return made[0], made[1]


def _send_row(sender: Any, seed: int, application: WarmApplication) -> None:
    """Run a case and send its traits, seconds of the processor by stage, and faults."""
    resource.setrlimit(resource.RLIMIT_CPU, (HANG_SECONDS, HANG_SECONDS + 5))  # a busy machine makes no case hang
    outcome = run_case(seed, application)
    sender.send({"seed": seed, **outcome.case.traits, "seconds": outcome.seconds, "faults": outcome.faults})


def _broken(seed: int, fault: str) -> dict[str, Any]:
    return {"seed": seed, **case_of(seed).traits, "seconds": {}, "faults": [fault]}


# --- what an analysis takes, as planned and in fact

_APART: Final = (
    "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:], stdout=sys.stderr); "
    "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(code, used.ru_utime + used.ru_stime, used.ru_maxrss)"
)
"""Runs a command below a small process: on Linux a process has at least the peak memory of the one that began it."""

_BY_PROCESSOR: Final = "import time; time.perf_counter = time.process_time; from pluriscope.app.cli import main; main()"
"""The command with the processor's seconds for those by the clock, so that a busy machine ends nothing earlier."""


def measured(seed: int, seconds: int) -> dict[str, Any]:
    """Plan and measure ``analyse`` of a network: [from, to, taken] of seconds and of megabytes."""
    case = case_of(seed)
    with tempfile.TemporaryDirectory() as folder:
        network, result = (Path(folder, f"{name}.json") for name in ("network", "result"))
        network.write_text(json.dumps(network_file_json(case.file)))
        analyse = [sys.executable, "-m", "pluriscope.app.cli", "analyse", str(network), "--quiet"]
        ran = subprocess.run([*analyse, "--plan", "--json"], capture_output=True, text=True, check=True)
        planned = json.loads(ran.stdout)
        analyse[1:3] = "-c", _BY_PROCESSOR
        apart = [sys.executable, "-c", _APART, *analyse, "--no-masks", f"--seconds={seconds}", f"--output={result}"]
        ran = subprocess.run(apart, capture_output=True, text=True, check=True)
        code, took, peak = map(float, ran.stdout.split())
        outputs, spent = itemgetter("outputs", "seconds")(json.loads(result.read_text()))
    memory = [max(one["peak_bytes"][end] for one in planned["outputs"]) / 1e6 for end in (0, 1)]
    stops = sorted({f"{stop['stage']} ({stop['reason']})" for out in outputs for stop in out.get("stops", ())})
    ended = {stop["stage"] for out in outputs for stop in out.get("stops", ())}
    ranges: dict[str, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for stage in chain.from_iterable(one["stages"] for one in planned["outputs"]):
        ranges[stage["stage"]] = tuple(map(sum, zip(ranges[stage["stage"]], stage["seconds"], strict=True)))
    low, high = planned["seconds"]
    return {
        **case.traits,
        "exit": int(code),
        "rows": 2**case.file.network.n_inputs,
        "seconds": [0.0 if stops else low, high, took],  # what time ends takes less than planned
        "megabytes": [*memory, peak / 1e3],
        "stages": [[*ends, spent.get(stage, 0.0)] for stage, ends in ranges.items() if stage not in ended],
        "stops": stops,
    }


def line_of(row: dict[str, Any]) -> str:
    """A row of the table."""
    cells = [f"{low:,.1f} to {high:,.1f} | {taken:,.1f}" for low, high, taken in (row["seconds"], row["megabytes"])]
    about = f"{row['sizes']} {row['activation']} | {row['edges']} | {row['rows']}"
    return f"| {about} | {' | '.join(cells)} | {row['exit']} {', '.join(row['stops'])} |"


def held(rows: list[dict[str, Any]]) -> str:
    """Table of how many plans held, and how many analyses ended at which limit: of all, by edges and by rows."""
    lines = []
    for name, key in (
        ("all", lambda _: ""),
        ("edges", lambda row: -(-row["edges"] // 20) * 20),
        ("rows", itemgetter("rows")),
    ):
        for group in sorted({key(row) for row in rows}):
            some = [row for row in rows if key(row) == group]
            whole = [row["seconds"] for row in some if not row["stops"]]
            taken = (whole, [one for row in some for one in row["stages"]], [row["megabytes"] for row in some])
            cells = [f"{sum(low <= took <= high for low, high, took in what)} of {len(what)}" for what in taken]
            stops = Counter(stop for row in some for stop in row["stops"])
            ended = ", ".join(f"{n} {stop}" for stop, n in sorted(stops.items())) or "none"
            lines.append(f"| {name} {group} | {len(some)} | {' | '.join(cells)} | {ended} |")
    return "\n".join(lines)


def plot(rows: list[dict[str, Any]]) -> str:
    """Seconds and megabytes by edges, both on scales of powers: what was planned as a bar, what was taken as a dot."""
    body, most = "", max(row["edges"] for row in rows)
    for left, what, ends in ((50, "seconds", (0.1, 1_000.0)), (370, "megabytes", (10.0, 10_000.0))):
        steps = round(math.log10(ends[1] / ends[0]))

        def height(value: float, least: float = ends[0], steps: int = steps) -> float:
            return 220 - 190 * min(1, max(0, math.log10(max(value, least) / least) / steps))

        for step in range(steps + 1):
            value = ends[0] * 10**step
            body += line(left, height(value), left + 240, height(value), "fi-grid")
            body += text(left - 5, height(value) + 4, f"{value:g}", "fi-small", anchor="end")
        for row in rows:
            x, (low, high, taken) = left + 240 * row["edges"] / most, row[what]
            body += line(x, height(low), x, height(high), "fi-ref") + line(
                x - 3, height(taken), x + 3, height(taken), "fi-line"
            )
        body += text(left, 18, what, "fi-text b") + text(left + 240, 240, f"{most} edges", "fi-small", anchor="end")
    words = "Seconds of one processor and peak memory of analyses of random networks by edges, planned and taken."
    return drawing(630, 250, body, sentence=words, css_class="fig")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.shapes", description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, help="cases, without an end if not given")
    parser.add_argument("--seed", type=int, help="of the seeds, to do the same again; else a new one")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no case after so many")
    parser.add_argument("--only", type=int, nargs="+", help="these seeds alone")
    parser.add_argument("--analyse", type=int, help="analyse alone, with so many seconds, and hold plans against it")
    parser.add_argument("--output", type=Path, default=Path(), help="folder of its figure")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    first = random.SystemRandom().randrange(1 << 31) if given.seed is None else given.seed
    seeds: Iterable[int] = given.only or (first * _RANGE + n for n in islice(count(), given.count))
    if not given.only:
        print(f"--seed {first}", flush=True)
    end = time.monotonic() + 60 * given.minutes
    begun = takewhile(lambda _: time.monotonic() < end, seeds)  # the seeds themselves need not end
    rows = []
    if given.analyse:
        for seed in begun:
            rows.append(measured(seed, given.analyse))
            print(line_of(rows[-1]), flush=True)
        print(held(rows))
        (given.output / "shapes.svg").write_text(standalone_svg(plot(rows)))
        return
    for row in watched(begun):
        rows.append(row)
        for fault in row["faults"]:
            print(f"seed {row['seed']} ({row['sizes']}, {row['activation']}, {row['output_activation']}): {fault}")
        took = " ".join(f"{stage} {seconds}" for stage, seconds in row["seconds"].items())
        print(f"seed {row['seed']}: {row['sizes']}: {took}", file=sys.stderr, flush=True)
    n_shapes, n_faults = len({row["sizes"] for row in rows}), sum(bool(row["faults"]) for row in rows)
    print(f"{len(rows)} cases of {n_shapes} shapes, {n_faults} with a fault")
    sys.exit(any(row["faults"] for row in rows))


if __name__ == "__main__":
    main()
