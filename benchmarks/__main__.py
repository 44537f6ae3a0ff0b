"""``python -m benchmarks``: one table of ratios, all measured in this run on this machine."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.ground_line import ground_line
from benchmarks.lines import complete_lines, paper_lines, population_lines
from benchmarks.machine import machine, machine_text
from benchmarks.model_lines import attention_lines
from benchmarks.survivors.timing import criteria_lines
from benchmarks.table import Line, table
from benchmarks.timing import FULL, QUICK, TINY, Effort
from benchmarks.wide_lines import attempted_line, counted_line, listed_line

EFFORTS = {"full": FULL, "quick": QUICK, "tiny": TINY}


def stages(effort: Effort) -> Iterator[tuple[str, Callable[[], list[Line]]]]:
    """What is measured, in the order of the table."""
    yield "the stages of `paper`", lambda: paper_lines(effort)
    yield "the whole space of a small network", lambda: complete_lines(effort)
    yield "width 4, listed", lambda: [listed_line(effort)]
    yield "width 5, counted", lambda: [counted_line(effort)]
    yield "transformers", lambda: attention_lines(effort)
    yield "a population", lambda: population_lines(effort)
    yield "every criterion", lambda: criteria_lines(effort)
    yield "the common ground", lambda: [ground_line(effort)]


def all_lines(effort: Effort, tell: Callable[[str], None], *, width6_seconds: float = 0.0) -> list[Line]:
    """Measure everything."""
    lines: list[Line] = []
    for stage, measure in stages(effort):
        tell(stage)
        lines += measure()
    if width6_seconds:
        tell(f"width 6, counted for at most {width6_seconds:g} s")
        lines.append(attempted_line(width6_seconds))
    return lines


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")
    parser.add_argument("--quick", action="store_true", help="smaller work: some seconds, no figures to quote")
    parser.add_argument("--tiny", action="store_true", help="tiny work: whether everything runs and agrees")
    parser.add_argument(
        "--width6",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="attempt the exact count of a 2-6-6-1 network's 46.9 trillion circuits for so long",
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run everything and print the table."""
    options = options_of(arguments)
    started, here = time.perf_counter(), machine()
    size = "tiny" if options.tiny else "quick" if options.quick else "full"

    def tell(stage: str) -> None:
        print(f"… {stage}", file=sys.stderr, flush=True)

    print(machine_text(here), flush=True)
    lines = all_lines(EFFORTS[size], tell, width6_seconds=options.width6)
    print(
        "after import; best of some runs, the engine's caches empty each time; '>': the reference was stopped before "
        "its end, so at least; '~': it did a part, scaled; targets are for two quiet cores"
        + ("" if size == "full" else f"; --{size}: less work, figures not to be quoted")
    )
    print()
    print(table(lines))
    if not options.width6:
        print("\nWidth 6 (46.9 trillion circuits) was not attempted: ask for it with --width6 SECONDS.")
    print(f"\n{time.perf_counter() - started:.0f} s in all")
    if options.json:
        document = {"machine": here, "effort": size, "lines": [line.as_json() for line in lines]}
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
