"""Where the numbers of an analysis come from."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from app.db.tables import AnalysisRow
from app.options import PageModel


class Provenance(PageModel):
    """Where the numbers come from."""

    engine_version: str
    result_digest: str = Field(description="SHA-256 of everything found, timings apart.")
    created_at: str
    seconds: dict[str, float] = Field(description="Wall-clock seconds by stage.")
    libraries: dict[str, Any]


def provenance_of(analysis: AnalysisRow) -> Provenance:
    return Provenance.showing(
        analysis,
        created_at=analysis.created_at.isoformat(timespec="seconds"),
        libraries=analysis.provenance,
    )
