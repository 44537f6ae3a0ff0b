"""Limits of analyses here: the operator's settings as the engine takes them, carried by the store's sessions."""

from __future__ import annotations

import math
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from pluriscope.analysis.running.limits import DEFAULT_LIMITS, Limits
from pluriscope.processes.memory import BESIDE

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pluriscope.app.settings import Settings

_LIMITS: Final = "limits"
_UNDO: Final = "undo_days"
_SECONDS: Final = "job_seconds"
_FOLDER: Final = "data_folder"
DEFAULT_UNDO_DAYS: Final = 7.0


def limits_of(settings: Settings) -> Limits:
    """The limits that these settings name; the others are the engine's own."""
    return replace(
        DEFAULT_LIMITS,
        max_possible=settings.max_possible_circuits,
        max_valid=settings.max_listed_circuits,
        max_seconds=settings.max_count_seconds,
        max_bytes=min(settings.max_memory_bytes, settings.memory_of_job - BESIDE),
        n_draws=settings.drawn_circuits,
        n_samples=settings.estimate_samples,
        criterion_seconds=settings.max_criterion_seconds,
    )


def in_memory(limits: Limits) -> Limits:
    """Limits for studies and audits, which keep no list: their rows and measures are of every valid circuit."""
    return replace(limits, max_valid=DEFAULT_LIMITS.max_valid)


def carried_by(settings: Settings) -> dict[str, Any]:
    """Values that every session of a store carries in its ``info``."""
    return {
        _LIMITS: limits_of(settings),
        _UNDO: settings.undo_days,
        _SECONDS: settings.job_seconds,
        _FOLDER: settings.data,
    }


def limits_in(session: Session) -> Limits:
    """The limits in force where this session was opened; the engine's own where none were named."""
    return cast(Limits, session.info.get(_LIMITS, DEFAULT_LIMITS))


def undo_days_in(session: Session) -> float:
    """Days for which deletions can be undone, in the store of this session."""
    return float(session.info.get(_UNDO, DEFAULT_UNDO_DAYS))


def job_seconds_in(session: Session) -> float:
    """Seconds that an analysis may take, in the store of this session; infinite where no limit is set."""
    return float(session.info.get(_SECONDS, math.inf))


def data_folder_in(session: Session) -> Path:
    """The data folder where this session was opened; one of the system's own for a store without settings."""
    return cast(Path, session.info.get(_FOLDER, Path(tempfile.gettempdir()) / "pluriscope"))
