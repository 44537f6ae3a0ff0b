"""Freed memory goes back to the system, whichever thread had it."""

import subprocess
import sys

import pytest

from app.settings import ROOT

# Threads make large pieces and let go of them, but not of a little that was made after them, as pages do.
HOLD_AND_FREE = """
import sys, threading
from app.free_memory import give_back_freed_memory

if sys.argv[1] == "asked":
    assert give_back_freed_memory()

def resident():
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * 4096

before, kept = resident(), []

def hold():
    b"x" * (30 << 20)
    pieces = [b"x" * (4 << 20) for _ in range(8)]
    kept.append(b"x" * 3_000)

threads = [threading.Thread(target=hold) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(resident() - before)
"""


def left(how: str) -> int:
    command = [sys.executable, "-c", HOLD_AND_FREE, how]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
def test_what_threads_have_freed_goes_back():
    assert left("asked") < left("not") / 2
