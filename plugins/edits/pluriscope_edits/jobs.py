"""The kind of background work that compares two networks."""

from __future__ import annotations

from typing import Final

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.app.jobs.definition import JobDefinition

CHANGES: Final = JobDefinition(
    "changes",
    "pluriscope_edits.work:CHANGES",
    f"1/{ENGINE_VERSION}",
    "Comparison",
    priority=2_000,  # milliseconds
    follows="pluriscope_edits.work:enqueue_with_edits",
)
