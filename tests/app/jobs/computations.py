"""Computations of small kinds of jobs, in a module of its own: to import more takes each process a second."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.running.progress import Progress
from pluriscope.analysis.running.work import Work

_KEPT: list[bytes] = []


def count_up(inputs: Mapping[str, Any], work: Work) -> int:
    """Take so many steps of so many seconds, then wait for a file if one is named; misbehave as told on the way."""
    n_steps = inputs["steps"]
    marker = Path(inputs["marker"]) if "marker" in inputs else None
    for step in range(n_steps):
        work.report_step("counting", step, n_steps, f"{step} steps")
        time.sleep(inputs.get("seconds", 0))
        if step == n_steps // 2:
            if inputs.get("refuse"):
                raise BeyondLimits("counting", "goes too far", "count less")
            if inputs.get("crash"):
                raise ZeroDivisionError("secret detail")
            bytes(inputs.get("bytes", 0))
            if marker is not None and len(marker.read_text()) < inputs["deaths"]:
                marker.write_text(marker.read_text() + "x")
                os.kill(os.getpid(), signal.SIGKILL)
    while "until" in inputs and not Path(inputs["until"]).exists():
        time.sleep(0.01)
    work.report_step("counting", n_steps, n_steps, f"{n_steps} steps")
    return n_steps


def count_in_parts(inputs: Mapping[str, Any], work: Work) -> int:
    """Count with the first step reported as a part."""
    while "after" in inputs and not Path(inputs["after"]).exists():
        time.sleep(0.01)
    work.report(Progress("counting", 0, inputs["steps"], part=1))
    return count_up(inputs, work)


def sleep_deaf(inputs: Mapping[str, Any], _work: Work) -> int:
    """Sleep without reporting, so that no request to stop is heard."""
    time.sleep(inputs["seconds"])
    return 0


def starve(analyse: Callable[[Work], Any], work: Work) -> Any:
    """An analysis whose interpretations want all memory."""
    with patch("pluriscope.analysis.interpretations.counting._count", lambda *_: bytes(1 << 44)):
        return analyse(work)


def process_after(n_bytes: int, _work: Work) -> int:
    """The process that computes, after it took so much memory, which it keeps."""
    _KEPT.append(b"x" * n_bytes)
    return os.getpid()
