"""The kind of background work that runs studies."""

from __future__ import annotations

from typing import Final

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.app.jobs.definition import JobDefinition

STUDY: Final = JobDefinition(
    "study",
    "pluriscope_studies.jobs.work:STUDY",
    f"2/{ENGINE_VERSION}",
    "Study",
    priority=-9,  # a person started it: before all that nobody asked for, behind what somebody waits for
    about="study",
    stages=(("networks", "Networks", "trained together, analysed and measured one by one"),),
    pool="pluriscope_studies.jobs.run:pool_of",
    left="pluriscope_studies.jobs.queue:left",
)
