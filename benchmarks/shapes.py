"""``python -m benchmarks.shapes``: the whole chain on random networks of every admitted shape (:mod:`tests.shapes`).

    python -m benchmarks.shapes --minutes 30              as many as begin within the time, seeds that nobody chose
    python -m benchmarks.shapes --minutes 30 --seed 7     the same again: seeds 7,000,000 and on
    python -m benchmarks.shapes --count 100 --seed 7      so many of them
    python -m benchmarks.shapes --only 17                 one of them, as a fault's line says

Each case is a process of its own that may take so many seconds of the processor, or ten times as many by the clock: one
that does not come to its end is reported as hanging. All are forked from one that has an application ready, so that a
case takes only its own time. A line is printed for each fault, with the seed that does it again; the exit code is 1 if
there was any.
"""

from __future__ import annotations

import argparse
import gc
import math
import multiprocessing
import random
import resource
import signal
import statistics
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, count, islice, takewhile
from pathlib import Path
from typing import Any, Final

from tests.shapes import MANY_CIRCUITS, SMALL, WarmApplication, case_of, limits_of, run_case

HANG_SECONDS: Final = 900.0
WARMING: Final = (2, 3)  # seeds whose pages are of every kind
_IDLE: Final = 10  # seconds by the clock for each of the processor, after which a case that waits counts as hanging
_RANGE: Final = 1_000_000  # seeds of one run, so that runs with other --seed share none


def row_of(seed: int, application: WarmApplication, *, each: int) -> dict[str, Any]:
    """One case as a row: its traits, seconds of the processor by stage, what was found, answers by status, faults."""
    outcome = run_case(seed, application, each=each)
    return {
        "seed": seed,
        **outcome.case.traits,
        "output": outcome.case.output,
        "seconds": outcome.seconds,
        "found": outcome.found,
        "pages": {str(status): n for status, n in sorted(outcome.pages.items())},
        "faults": outcome.faults,
    }


def watched(seeds: Iterable[int], *, each: int, jobs: int, hang_seconds: float) -> Iterator[dict[str, Any]]:
    """The rows of cases, each in a process of its own, some side by side; a process that does not end is ended.

    Each place has an application for either limits, made here and used once for every kind of page, which the processes
    inherit.
    """
    context, waiting, running = multiprocessing.get_context("fork"), iter(seeds), {}
    first = next(waiting, None)
    if first is None:
        return
    waiting = chain([first], waiting)
    with tempfile.TemporaryDirectory() as folder:
        free = [_warmed(Path(folder), place) for place in range(jobs)]
        gc.freeze()  # looking through it for garbage would copy it into each process
        while True:
            while free and (seed := next(waiting, None)) is not None:
                receiver, sender = context.Pipe(duplex=False)
                place = free.pop()
                application = place[limits_of(seed) is SMALL]
                process = context.Process(target=_send_row, args=(sender, seed, application, each, hang_seconds))
                process.start()
                sender.close()
                running[seed] = process, receiver, place, time.monotonic() + _IDLE * hang_seconds
            if not running:
                return
            for seed, (process, receiver, place, deadline) in list(running.items()):
                row = None
                if receiver.poll(0.05):
                    try:
                        row = receiver.recv()
                    except EOFError:
                        process.join()
                        row = _broken(seed, _lost(process.exitcode, hang_seconds))
                elif time.monotonic() > deadline:
                    process.kill()
                    row = _broken(seed, f"hang: no end within {_IDLE * hang_seconds:.0f} s by the clock")
                if row is not None:
                    process.join()
                    free.append(place)
                    del running[seed]
                    yield row


def _warmed(folder: Path, place: int) -> tuple[WarmApplication, WarmApplication]:
    """One that finds many circuits and one with small limits."""
    made = []
    for name, limits in (("many", MANY_CIRCUITS), ("small", SMALL)):
        own = folder / f"{name}-{place}"
        own.mkdir()
        made.append(WarmApplication(own, limits))
        for seed in WARMING:
            run_case(seed, made[-1], to_be_forked=True)
    return made[0], made[1]


def _send_row(sender: Any, seed: int, application: WarmApplication, each: int, hang_seconds: float) -> None:
    most = math.ceil(hang_seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (most, most + 5))  # how busy the machine is makes no case hang
    sender.send(row_of(seed, application, each=each))


def _lost(exit_code: int | None, hang_seconds: float) -> str:
    if exit_code == -signal.SIGXCPU:
        return f"hang: no end within {hang_seconds:.0f} s of the processor"
    return f"process was lost (exit code {exit_code})"


def _broken(seed: int, fault: str) -> dict[str, Any]:
    case = case_of(seed)
    empty: dict[str, Any] = {"seconds": {}, "found": {}, "pages": {}}
    return {"seed": seed, **case.traits, "output": case.output, **empty, "faults": [fault]}


def summary(rows: list[dict[str, Any]]) -> str:
    """How many cases there were, of which kinds, how long they took, and how many had a fault."""
    if not rows:
        return "no cases"
    seconds = [sum(row["seconds"].values()) for row in rows]
    pages: Counter[str] = Counter()
    for row in rows:
        pages.update(row["pages"])
    answers = ", ".join(f"{n:,} of {status}" for status, n in sorted(pages.items()))
    return (
        f"{len(rows)} cases, {sum(bool(row['faults']) for row in rows)} with a fault; "
        f"{sum(row['constant'] for row in rows)} constant, {sum(row['edges'] > 64 for row in rows)} beyond 64 edges, "
        f"{len({row['sizes'] for row in rows})} shapes; processor seconds: median {statistics.median(seconds):.1f}, "
        f"largest {max(seconds):.1f} (seed {rows[seconds.index(max(seconds))]['seed']}); answers: {answers}"
    )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.shapes", description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, help="cases, without an end if not given")
    parser.add_argument("--seed", type=int, help="of the seeds, to do the same again; else a new one")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no case after so many")
    parser.add_argument("--only", type=int, nargs="+", help="these seeds alone")
    parser.add_argument("--each", type=int, default=1, help="pages of each kind, at most")
    parser.add_argument("--jobs", type=int, default=1, help="cases side by side")
    parser.add_argument(
        "--hang", type=float, default=HANG_SECONDS, help="seconds of the processor that a case may take"
    )
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    first = random.SystemRandom().randrange(1 << 31) if given.seed is None else given.seed
    seeds: Iterable[int] = given.only or (first * _RANGE + n for n in islice(count(), given.count))
    if not given.only:
        print(f"--seed {first}", flush=True)
    end = time.monotonic() + 60 * given.minutes
    begun = takewhile(lambda _: time.monotonic() < end, seeds)  # the seeds themselves need not end
    rows = []
    for row in watched(begun, each=given.each, jobs=given.jobs, hang_seconds=given.hang):
        rows.append(row)
        for fault in row["faults"]:
            print(f"seed {row['seed']} ({row['sizes']}, {row['activation']}, {row['output_activation']}): {fault}")
        took = " ".join(f"{stage} {seconds}" for stage, seconds in row["seconds"].items())
        print(f"seed {row['seed']}: {row['sizes']}: {took}", file=sys.stderr, flush=True)
    print(summary(rows))
    sys.exit(any(row["faults"] for row in rows))


if __name__ == "__main__":
    main()
