"""What was found out about a planted explanation, as it is stored."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from analysis.alignments.alignment import IIA
from analysis.planting.standing import PlantedStanding
from app.db.reports import Stored, StoredScore

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
    n_valid: str
    smaller: str | None
    equal: str | None
    inside: int | None
    around: int | None
    passes: StoredPasses | None
    alignment_minimal: bool | None
    margin: float | None
    reasons: list[str]


def planted_report(found: PlantedStanding) -> PlantedReport:
    """The stored form of a standing."""
    circuit, passes = found.circuit, found.passes
    return PlantedReport(
        valid=circuit.valid,
        n_valid=str(circuit.n_valid),
        smaller=None if circuit.smaller is None else str(circuit.smaller),
        equal=None if circuit.equal is None else str(circuit.equal),
        inside=circuit.inside,
        around=circuit.around,
        passes=None
        if passes is None
        else StoredPasses(
            zero=passes.zero,
            mean=passes.mean,
            resample=passes.resample,
            single=_score(passes.single),
            joint=None if passes.joint is None else _score(passes.joint),
        ),
        alignment_minimal=found.alignment_minimal,
        margin=found.margin,
        reasons=list(found.reasons),
    )


def _score(iia: IIA) -> StoredScore:
    return StoredScore(agreed=iia.agreed, of=iia.of)
