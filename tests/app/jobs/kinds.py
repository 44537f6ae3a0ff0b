"""Small kinds of jobs, for tests that need to know exactly what a computation does."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from analysis.errors import BeyondLimits
from analysis.work import Work
from app.db.writes import save_network
from app.jobs.definitions import JobDefinition
from app.jobs.handlers import Handler, Saved
from tests.factories import small_network


def load(_session: Session, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    return arguments


def count_up(inputs: Mapping[str, Any], work: Work) -> int:
    """Take so many steps of so many seconds; misbehave as told on the way."""
    n_steps = inputs["steps"]
    marker = Path(inputs["marker"]) if "marker" in inputs else None
    for step in range(n_steps):
        work.tell("counting", step, n_steps, f"{step} steps")
        time.sleep(inputs.get("seconds", 0))
        if step == n_steps // 2:
            if inputs.get("refuse"):
                raise BeyondLimits("counting", "goes too far", "count less")
            if inputs.get("crash"):
                raise ZeroDivisionError("secret detail")
            if marker is not None and len(marker.read_text()) < inputs["deaths"]:
                marker.write_text(marker.read_text() + "x")
                os.kill(os.getpid(), signal.SIGKILL)
    work.tell("counting", n_steps, n_steps, f"{n_steps} steps")
    return n_steps


def sleep_deaf(inputs: Mapping[str, Any], _work: Work) -> int:
    """Sleep without reporting, so that no request to stop is heard."""
    time.sleep(inputs["seconds"])
    return 0


def save(session: Session, arguments: Mapping[str, Any], outcome: int) -> Saved:
    """Store a network for each step, each once."""
    rows = [save_network(session, small_network(seed)) for seed in range(outcome)]
    return Saved({"saved": [row.digest for row in rows]}, f"{outcome} saved", truncated="truncate" in arguments)


def save_badly(session: Session, _arguments: Mapping[str, Any], outcome: int) -> Saved:
    save_network(session, small_network(outcome))
    raise RuntimeError("after half of it was saved")


COUNT = Handler(load, count_up, save)
DEAF = Handler(load, sleep_deaf, save)
SPOILED = Handler(load, count_up, save_badly)
HERE = "tests.app.jobs.kinds"
KINDS = {
    kind: JobDefinition(kind, f"{HERE}:{kind.upper()}", "1", kind.capitalize()) for kind in ("count", "deaf", "spoiled")
}
