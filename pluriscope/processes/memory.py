"""The machine's memory, and the part of it that a computing process may take."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from traceback import format_exception_only
from typing import Final

from pluriscope.analysis.errors import BeyondLimits

BESIDE: Final = 256 << 20
"""Bytes that an analysis takes beside what its limits allow for: the program, and batches."""
LEAST: Final = 2 * BESIDE
"""With which every kind of job runs, those that load torch among them."""
_SHARED: Final = 0.75  # of the machine; the rest is for the server, the database and the workers themselves
_UNKNOWN: Final = 1 << 42
_GROUPS: Final = Path("/sys/fs/cgroup")


def bytes_for_each(n_slots: int) -> int:
    """Bytes for each of ``n_slots`` jobs at a time, of the memory of the machine or of its container."""
    return int(_SHARED * _there()) // n_slots


def _there() -> int:
    """Bytes of the machine, or of the narrowest group of processes that this one is in."""
    names = getattr(os, "sysconf_names", {})
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if "SC_PHYS_PAGES" in names else _UNKNOWN
    return min((machine, *_limits_of_groups()))


def _limits_of_groups() -> Iterator[int]:
    """Limits of memory of this process's control groups, of either version, and of the groups around them, in bytes."""
    answer = Path("/proc/self/cgroup")
    for line in answer.read_text().splitlines() if answer.exists() else ():
        _, kinds, path = line.split(":", 2)
        if kinds and "memory" not in kinds.split(","):
            continue
        root, name = (_GROUPS / "memory", "memory.limit_in_bytes") if kinds else (_GROUPS, "memory.max")
        own = root / path.lstrip("/")
        for folder in (own, *own.parents):
            with suppress(OSError, ValueError):  # not there, not readable, or "max"
                yield int((folder / name).read_text())


def allow(n_bytes: int) -> None:
    """Limit the memory of this process; an allocation beyond it raises ``MemoryError``. On Linux only.

    The system counts private memory that may be written; stacks of threads and the like, of which most is never
    touched, come on top.
    """
    if sys.platform != "linux":
        return
    import resource

    taken, touched = _of_status("VmData"), _of_status("RssAnon")
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    soft = n_bytes + max(0, taken - touched)
    soft = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


@contextmanager
def allowing(n_bytes: int) -> Iterator[None]:
    """Limit the memory that this process takes within the block, beside what it holds before it."""
    if sys.platform != "linux":
        yield
        return
    import resource

    former = resource.getrlimit(resource.RLIMIT_DATA)
    allow(n_bytes + _of_status("RssAnon"))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, former)


def held(process: int | str = "self", *, at_most: bool = False) -> int:
    """Bytes of memory that a process holds, or the most that it has held; 0 where the system does not say."""
    return _of_status("VmHWM" if at_most else "VmRSS", process)


def _of_status(name: str, process: int | str = "self") -> int:
    """A figure of a process in bytes; 0 where the system does not say."""
    lines: dict[str, str] = {}
    with suppress(OSError):  # a process may end between the opening of its file and the reading of it
        lines = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    return int(lines.get(name, "0").split()[0]) << 10


def wants_memory(error: BaseException) -> bool:
    """Whether an error says that there is not enough memory; the text is torch's."""
    return isinstance(error, MemoryError) or "can't allocate memory" in "".join(format_exception_only(error))


def end_first() -> None:
    """Have the system end this process before others where the whole machine has no memory left."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def ended_by_system() -> int:
    """Number of processes that the system has ended for want of memory since it started; 0 where it does not report
    it.
    """
    with suppress(OSError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def out_of_memory() -> BeyondLimits:
    """Error of work that needs more memory than it may take."""
    return BeyondLimits(
        "memory",
        "more is needed than one analysis may take here",
        "take a smaller network or stricter rules, or allow more: PLURISCOPE_JOB_MEMORY_BYTES for a job of a server, "
        "PLURISCOPE_MAX_MEMORY_BYTES for a command",
    )
