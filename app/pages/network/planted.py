"""What was planted in a network, and where it stands among everything that was found."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.network_files.planted_record import PlantedRecord
from app.addressing import Addresses
from app.db.codecs import planted_of
from app.db.planted import PLANTED, PlantedReport
from app.db.reports import report_of, report_row
from app.db.tables import AlgorithmRow, AnalysisRow
from app.figures.numbers import noun
from app.options import BigInt, PageModel
from app.pages.formulas import FractionView
from app.pages.place import Place
from app.pages.placements import site_label
from pluriscope.naming import ExplanationRef

Outcome = Literal["recovered", "contained", "another", "invalid", "unknown"]
OUTCOME_WORDS: dict[Outcome, str] = {
    "recovered": "recovered, and nothing valid is smaller",
    "contained": "valid, with smaller valid circuits inside it",
    "another": "valid, with smaller valid circuits elsewhere",
    "invalid": "not valid",
    "unknown": "valid; whether anything valid is smaller is not known",
}
"""What pages say of each outcome."""


class PlantedPlace(PageModel):
    """A variable and where it was put."""

    variable: str
    site: str


class TestedView(PageModel):
    """One thing that the planted explanation was put to."""

    key: str
    name: str
    passed: bool | None = Field(description="Null where there were too many interventions to try.")
    share: FractionView | None = Field(description="Interchanges decided as the algorithm says; null of ablations.")


class PlantedFound(PageModel):
    """Where it stands under one protocol."""

    outcome: Outcome
    words: str
    valid: bool
    minimal: bool | None = Field(description="Whether it is valid with no valid circuit inside; null if not known.")
    n_valid: BigInt
    smaller: BigInt | None = Field(description="Valid circuits with fewer edges; null if not known.")
    equal: BigInt | None = Field(description="Others with as many edges; null likewise.")
    inside: int | None = Field(description="Valid circuits that are a part of it; null if not all are listed.")
    around: int | None = Field(description="Valid circuits that contain it; null likewise.")
    tested: list[TestedView]
    alignment_valid: bool | None
    alignment_minimal: bool | None
    algorithms: BigInt = Field(description="Algorithms with a valid alignment under these rules.")
    margin: float | None = Field(
        description="Distance that every output provably keeps from the edge of its decision, whatever the neurons off "
        "the circuit carry; null where bounds by intervals leave that open."
    )
    reasons: list[str]


class PlantedView(PageModel):
    """What was planted."""

    formula: str
    algorithm_url: str = Field(description="Its page; empty where it is no candidate under these rules.")
    circuit: str
    edges: int
    circuit_url: str = Field(description="Where the planted circuit stands among all valid ones.")
    verdicts_url: str = Field(description="Every criterion's verdict on it; empty if it is no possible circuit.")
    alignment: str
    places: list[PlantedPlace]
    methods_url: str = Field(description="What discovery methods answer, each beside the planted circuit.")
    made: list[str] = Field(description="How the network was made, step by step.")
    found: PlantedFound | None = Field(description="None where its analysis is not finished, or this part of it.")


def planted_view(session: Session, addresses: Addresses, place: Place) -> PlantedView | None:
    """What was planted in a network, None if nothing is said."""
    record = planted_of(place.row)
    if record is None:
        return None
    slug, scope = place.row.slug, place.scope
    shown = {variable.path: variable.shown for variable in record.algorithm.variables}
    row = report_row(session, place.analysis, PLANTED)
    ref = str(ExplanationRef("circuit", record.circuit.hex))
    listed = _is_candidate(session, place, record)
    return PlantedView(
        formula=record.algorithm.formula,
        algorithm_url=addresses.algorithm(slug, record.algorithm.id, scope) if listed else "",
        methods_url=addresses.analysis(slug, "methods", scope),
        circuit=record.circuit.hex,
        edges=record.circuit.n_edges,
        circuit_url=addresses.claim(slug, scope, mask=record.circuit.hex),
        verdicts_url=addresses.criteria_on(slug, ref, scope),
        alignment=record.alignment.id,
        places=[PlantedPlace(variable=shown[path], site=site_label(site)) for path, site in record.alignment.places],
        made=[made.text for made in record.made],
        found=None if row is None or place.analysis is None else _found(report_of(row, PlantedReport), place.analysis),
    )


def _is_candidate(session: Session, place: Place, record: PlantedRecord) -> bool:
    """Whether the planted algorithm is one of those that the analysis lists."""
    if place.analysis is None:
        return False
    listed = select(AlgorithmRow.id).where(
        AlgorithmRow.analysis_id == place.analysis.id, AlgorithmRow.algorithm_id == record.algorithm.id
    )
    return session.scalar(listed) is not None


def _found(report: PlantedReport, analysis: AnalysisRow) -> PlantedFound:
    outcome, passes = outcome_of(report), report.passes
    tested = []
    if passes is not None:
        tested = [
            TestedView(key="zero", name="Zero ablation", passed=passes.zero, share=None),
            TestedView(key="mean", name="Mean ablation", passed=passes.mean, share=None),
            TestedView(key="resample", name="Resample ablation", passed=passes.resample, share=None),
        ]
        for key, name, score in (
            ("single", "Interchange of one variable", passes.single),
            ("joint", "Joint interchange", passes.joint),
        ):
            share = None if score is None else FractionView.showing(score)
            passed = None if score is None else score.agreed == score.of
            tested.append(TestedView(key=key, name=name, passed=passed, share=share))
    return PlantedFound.showing(
        report,
        outcome=outcome,
        words=OUTCOME_WORDS[outcome],
        minimal=None if report.inside is None else report.valid and not report.inside,
        n_valid=int(report.n_valid),
        smaller=None if report.smaller is None else int(report.smaller),
        equal=None if report.equal is None else int(report.equal),
        tested=tested,
        alignment_valid=None if passes is None else passes.single.agreed == passes.single.of,
        algorithms=analysis.algorithms_aligned,
    )


def outcome_of(report: PlantedReport) -> Outcome:
    """The planted circuit among the valid ones, in a word."""
    if not report.valid:
        return "invalid"
    if report.inside:
        return "contained"
    if report.smaller is None:
        return "unknown"
    return "another" if int(report.smaller) else "recovered"


def equals_words(found: PlantedFound) -> str:
    """How many valid circuits stand beside the planted one, in a sentence."""
    if found.smaller is None or found.equal is None:
        return f"Of {noun(found.n_valid, 'valid circuit')} it is not known how many have as few edges."
    parts = [
        f"{found.smaller:,} {'has' if found.smaller == 1 else 'have'} fewer edges",
        f"{found.equal:,} {'other has' if found.equal == 1 else 'others have'} as many",
    ]
    if found.around is not None:
        parts.append(f"{found.around:,} {'contains' if found.around == 1 else 'contain'} it")
    return f"Of {noun(found.n_valid, 'valid circuit')} {', '.join(parts)}."
