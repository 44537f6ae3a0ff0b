"""Looks for what no test has tried yet, for as long as it is given: ``./run explore``.

Each round takes every step once, with a new seed, which nobody chose unless it is given to repeat a finding. A step is
a program that looks for failures by itself, prints what it finds, and exits with 0 if it found none. A finding is
mended and kept as an ``@example`` or a case beside the test.

    python -m benchmarks.exploring --minutes 10
    python -m benchmarks.exploring --minutes 60 --only properties --seed 7
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MOST_MINUTES: Final = 10.0  # in each round for a step that could go on for ever


@dataclass(frozen=True)
class Step:
    """One way to look.

    Args:
        name: as ``--only`` takes it.
        command: from a seed and the seconds that are left to what is run.
    """

    name: str
    command: Callable[[int, float], list[str]]


def properties(seed: int, _seconds: float) -> list[str]:
    """Every property test of the suite with other cases; slow ones too."""
    # more cases may take a test longer than a run that must end lets it
    options = [
        f"--hypothesis-seed={seed}",
        "--hypothesis-profile=explore",
        "-p",
        "no:xdist",
        "--no-header",
        "--timeout=0",
    ]
    return [sys.executable, "-m", "pytest", "-m", "hypothesis and not browser", *options, "tests/analysis", "tests/app"]


def shapes(seed: int, seconds: float) -> list[str]:
    """All work and pages on random networks of every shape, for some minutes of each round."""
    minutes = str(min(seconds / 60 / len(STEPS), MOST_MINUTES))
    return [sys.executable, "-m", "benchmarks.shapes", "--seed", str(seed), "--minutes", minutes]


# the other takes as long as it takes, so the one that can end in time comes first
STEPS = (Step("shapes", shapes), Step("properties", properties))


def explore(minutes: float, only: str, first_seed: int) -> int:
    """Take the steps until the time is over; the last round is finished. 1 if anything was found, else 0."""
    steps = [step for step in STEPS if only in ("", step.name)]
    end = time.monotonic() + 60 * minutes
    n_rounds, found = 0, []
    while n_rounds == 0 or time.monotonic() < end:
        seed = first_seed + n_rounds
        for step in steps:
            command = step.command(seed, max(1.0, end - time.monotonic()))
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                found.append((step.name, seed))
                print(done.stdout, done.stderr, sep="\n", flush=True)
                print(f"FOUND  {step.name}, seed {seed}: {' '.join(command[1:])}", flush=True)
        n_rounds += 1
    names = ", ".join(step.name for step in steps)
    print(f"{n_rounds} rounds of {names}, seeds {first_seed} to {first_seed + n_rounds - 1}: {len(found)} findings")
    for name, seed in found:
        print(f"  {name}, seed {seed}")
    return 1 if found else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run explore", description=__doc__.split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="how long to look, 10 by default")
    parser.add_argument("--only", choices=[step.name for step in STEPS], default="", help="one step alone")
    parser.add_argument("--seed", type=int, default=None, help="first seed, to repeat what was found; else a new one")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 31) if given.seed is None else given.seed
    print(f"--seed {seed}", flush=True)
    return explore(given.minutes, given.only, seed)


if __name__ == "__main__":
    sys.exit(main())
