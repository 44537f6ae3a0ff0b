"""Handlers of small kinds of jobs, for tests that need to know exactly what a computation does."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.analyses import ANALYSE
from pluriscope.app.jobs.handlers import Handler, Saved
from pluriscope.app.jobs.worker import Pace
from tests.app.jobs.computations import count_in_parts, count_up, sleep_deaf, starve
from tests.factories import small_network

QUICK = Pace(lease_seconds=600.0, poll_seconds=0.05, progress_seconds=0.05, look_seconds=0.05)
"""No lease runs out by itself, however busy the machine is."""


def save(session: Session, arguments: Mapping[str, Any], outcome: int) -> Saved:
    """Store a network for each step, each once."""
    rows = [save_network(session, small_network(seed)) for seed in range(outcome)]
    return Saved({"saved": [row.digest for row in rows]}, f"{outcome} saved", truncated="truncate" in arguments)


def save_badly(session: Session, _arguments: Mapping[str, Any], outcome: int) -> Saved:
    save_network(session, small_network(outcome))
    raise RuntimeError("after half of it was saved")


COUNT = Handler(lambda _, arguments: partial(count_up, arguments), save)
PARTS = Handler(lambda _, arguments: partial(count_in_parts, arguments), save, save)
DEAF = Handler(lambda _, arguments: partial(sleep_deaf, arguments), save)
STARVED = Handler(lambda session, arguments: partial(starve, ANALYSE.load(session, arguments)), ANALYSE.save)
SPOILED = Handler(lambda _, arguments: partial(count_up, arguments), save_badly)
