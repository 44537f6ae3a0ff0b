"""How far work is that a page waits for."""

from __future__ import annotations

from typing import Literal

from app.db.job_tables import JobRow
from app.db.reads.jobs import UNFINISHED

WorkState = Literal["computing", "failed", "cancelled", "not_asked"]


def work_state(job: JobRow | None) -> WorkState:
    """How far the work is on something that is not stored, by the latest job for it."""
    if job is None:
        return "not_asked"
    if job.state in UNFINISHED:
        return "computing"
    if job.state == "failed":
        return "failed"
    return "cancelled" if job.state == "cancelled" else "not_asked"
