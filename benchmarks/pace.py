"""How fast the processor is at a moment: a fixed piece of work, timed beside what is measured.

``python -m benchmarks.pace COMMAND…`` runs a command and says how fast the processor was meanwhile, and exits as the
command does.

Where neighbours share a core or its cache, the same work was seen to take 4.1 and 7.2 ms of the processor's time with
seconds between. Neither the load nor the processor's time tells of it, so two figures that were taken one after the
other cannot be compared, and a limit cannot be judged. What was measured while the fixed work took little more than its
least can.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Final

from benchmarks.machine import machine, machine_text

_STEPS: Final = 30_000
_KEYS: Final = 4096
_FULL: Final = 1.15
"""How much longer than its least the fixed work may take at full pace."""
_SECONDS: Final = 2.0


def fixed_work() -> float:
    """Milliseconds of the processor's time that some arithmetic and a small dictionary take now."""
    start, number, seen = time.thread_time(), 0, {}
    for step in range(_STEPS):
        number = (number * 1_103_515_245 + 12_345) & 0x7FFF_FFFF
        seen[number % _KEYS] = step
    return 1e3 * (time.thread_time() - start)


def at_full_pace(paces: Sequence[float]) -> list[bool]:
    """Whether the fixed work took little more than the least that it ever took, for each time that it was done."""
    most = _FULL * min(paces, default=0.0)
    return [pace <= most for pace in paces]


def share_of_full_pace(paces: Sequence[float]) -> float:
    """How much of its work the processor did, compared with one at full pace all the time: above 0, at most 1.

    Args:
        paces: milliseconds of the fixed work, at times as far from one another.
    """
    return sum(min(paces) / pace for pace in paces) / len(paces)


def main(command: Sequence[str]) -> int:
    """Run a command, and print its seconds with the pace at which they were spent."""
    if not command:
        print(__doc__)
        return 2
    paces, ended = [fixed_work()], threading.Event()

    def watch() -> None:
        while not ended.wait(_SECONDS):
            paces.append(fixed_work())

    watching = threading.Thread(target=watch, daemon=True)
    start = time.perf_counter()
    watching.start()
    status = subprocess.run(command, check=False).returncode
    elapsed = time.perf_counter() - start
    ended.set()
    watching.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds, share = used.ru_utime + used.ru_stime, share_of_full_pace(paces)
    print(machine_text(machine()))
    print(
        f"{elapsed:.1f} s by the clock, {seconds:.1f} s of the processor by processes that were waited for; a fixed "
        f"piece of work took {min(paces):.2f} to {max(paces):.2f} ms beside it, so of work like it the processor did "
        f"{share:.0%} of what it does at its best: there the command would take about {elapsed * share:.1f} s by the "
        "clock, if it is like that work and nothing else held it up"
    )
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
