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
import shlex
import subprocess
import sys
import time
from typing import Final

MOST_MINUTES: Final = 10.0  # in each round for a step that could go on for ever
# the second takes as long as it takes, more cases may take a test longer than a run that must end lets it
STEPS: Final = {
    "shapes": "benchmarks.shapes --seed {seed} --minutes {minutes}",
    "properties": "pytest -m 'hypothesis and not browser' --hypothesis-seed={seed} --hypothesis-profile=explore"
    " -p no:xdist --no-header --timeout=0 tests/analysis tests/app",
}


def main() -> int:
    """Take the steps until the time is over; the last round is finished. 1 if anything was found, else 0."""
    parser = argparse.ArgumentParser(prog="./run explore", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="how long to look, 10 by default")
    parser.add_argument("--only", choices=STEPS, nargs=1, default=[*STEPS], help="one step alone")
    parser.add_argument("--seed", type=int, default=None, help="first seed, to repeat what was found; else a new one")
    given = parser.parse_args()
    first = seed = random.SystemRandom().randrange(1 << 31) if given.seed is None else given.seed
    print(f"--seed {seed}", flush=True)
    end, found = time.monotonic() + 60 * given.minutes, []
    while seed == first or time.monotonic() < end:
        for name in given.only:
            minutes = min(max(1.0, end - time.monotonic()) / 60 / len(given.only), MOST_MINUTES)
            command = ["-m", *shlex.split(STEPS[name].format(seed=seed, minutes=minutes))]
            done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
            if done.returncode:
                found.append(f"{name}, seed {seed}")
                print(done.stdout, done.stderr, f"FOUND  {found[-1]}: {' '.join(command)}", sep="\n", flush=True)
        seed += 1
    print(f"{seed - first} rounds of {', '.join(given.only)}, seeds {first} to {seed - 1}: {len(found)} findings")
    for one in found:
        print(f"  {one}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
