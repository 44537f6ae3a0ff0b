"""What was found out about a planted explanation, as it is stored."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from analysis.planting.standing import PlantedStanding
from analysis.report import Exact
from analysis.report import Part as Stored
from app.db.reports import StoredScore

PLANTED: Final = "planted"


class StoredPasses(Stored):
    """See :class:`analysis.planting.certificate.Passes`."""

    zero: bool
    mean: bool
    resample: bool
    single: StoredScore
    joint: StoredScore | None = Field(description="Interchanges of all variables at once; null if there are too many.")


class PlantedReport(Stored):
    """See :class:`analysis.planting.standing.PlantedStanding`."""

    valid: bool
    n_valid: Exact
    smaller: Exact | None
    equal: Exact | None
    inside: int | None
    around: int | None
    passes: StoredPasses | None
    alignment_minimal: bool | None
    margin: float | None
    reasons: list[str]


def planted_report(found: PlantedStanding) -> PlantedReport:
    """The stored form of a standing."""
    rest = {name: getattr(found, name) for name in ("passes", "alignment_minimal", "margin", "reasons")}
    return PlantedReport.showing(found.circuit, **rest)
