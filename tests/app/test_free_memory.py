"""Freed memory goes back to the system, whichever thread had it and in however small pieces."""

import os
import subprocess
import sys

import pytest

from tests.checkout import ROOT

# Threads make pieces and let go of them, but not of a little that was made after them or among them, as pages do.
HOLD_AND_FREE = """
import sys, threading, time
from app import free_memory

size, n_pieces, kept_every, wait = map(int, sys.argv[2:])
if sys.argv[1] != "not":
    free_memory._SECONDS = 0.05
    assert free_memory.give_back_freed_memory(computing=sys.argv[1] == "computing")

def resident():
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * 4096

before, kept = resident(), []

def hold():
    b"x" * (30 << 20)
    pieces = [b"x" * size for _ in range(n_pieces)]
    kept.append(pieces[::kept_every] if kept_every else b"x" * 3_000)

if sys.argv[1] == "computing":
    hold()
else:
    threads = [threading.Thread(target=hold) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
time.sleep(wait / 10)
print(resident() - before - sum(map(len, kept[0])) * 4 if kept_every else resident() - before)
"""
LARGE = (4 << 20, 8, 0, 0)
LATER = (4 << 20, 8, 0, 3)
SMALL = (20_000, 1_500, 100, 3)


def left(how: str, case: tuple[int, ...]) -> int:
    command = [sys.executable, "-c", HOLD_AND_FREE, how, *map(str, case)]
    # as the C library does by itself
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
@pytest.mark.parametrize("case", [LARGE, SMALL], ids=["large", "small"])
def test_what_threads_have_freed_goes_back(case):
    assert left("asked", case) < left("not", case) / 10


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
def test_what_a_job_has_freed_goes_back_after_a_while():
    """At once there are some 60 MB of it."""
    assert left("computing", LATER) < 4 << 20
