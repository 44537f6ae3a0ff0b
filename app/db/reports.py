"""What one job found out about an analysis and is read whole: its stored form, saving it and reading it back.

Fractions are text ("29/32"), formulas are the algorithms' identity texts, alignments the texts that addresses carry.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from analysis.circuit_sets.diagnostics import Consensus
from analysis.circuit_sets.rivals import Rivals
from analysis.contradictions.events import Event
from analysis.contradictions.finding import Contradictions, FoundAlignment
from analysis.contradictions.readers import Reader
from analysis.digest import canonical_json
from analysis.ladder.rungs import Ladder
from analysis.networks.circuit import EdgeLayout
from app.db.tables import AnalysisReportRow, AnalysisRow

RIVALS: Final = "rivals"
ReportKind = Literal["ladder", "contradictions", "stories", "methods", "rivals", "planted", "lenses"]


class Stored(BaseModel):
    """Base of what is stored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StoredRung(Stored):
    """One class of maps, with its floor; see :class:`analysis.ladder.rungs.Rung`."""

    map_class: str
    algorithms: int
    alignments: int
    of: int | None
    joint: int | None
    exact: bool
    seconds: float
    refused: str
    floor_networks: int
    floor_passing: int
    floor_alignments: int


class LadderReport(Stored):
    """See :class:`analysis.ladder.rungs.Ladder`."""

    algorithms: list[str]
    n_irredundant: int
    rungs: list[StoredRung]
    n_permuted: int
    n_permuted_right: int
    seed: int


class StoredPair(Stored):
    """See :class:`analysis.circuit_sets.most_different.DifferentPair`."""

    masks: tuple[str, str]
    distance: str
    exact: bool


class StoredChoice(Stored):
    """See :class:`analysis.circuit_sets.mutually_different.DifferentCircuits`."""

    masks: list[str]
    distance: str
    exact: bool


class StoredContradiction(Stored):
    """See :class:`analysis.circuit_sets.contradicting.ContradictingPair`; an interpretation is mask and index."""

    masks: tuple[str, str]
    indices: tuple[str, str]
    differ: int
    n_interventions: int
    of: int
    complete: bool


class StoredDiagnostics(Stored):
    """See :class:`analysis.circuit_sets.diagnostics.Diagnostics`."""

    n_edges: int
    n_smallest: int
    smallest_exact: bool
    redundancy: str
    contradiction: str
    similarity: str | None
    similarity_smallest: str | None
    similarity_exact: bool


class StoredConsensus(Stored):
    """See :class:`analysis.circuit_sets.diagnostics.Consensus`."""

    edges: str
    of: int
    recall: str | None
    precision: str | None


class StoredMap(Stored):
    """See :class:`analysis.circuit_sets.circuit_map.CircuitMap`."""

    masks: list[str]
    x: list[float]
    y: list[float]
    kept: float | None
    correlation: float | None
    n_landmarks: int


class RivalsReport(Stored):
    """See :class:`analysis.circuit_sets.rivals.Rivals`."""

    of: int = Field(description="Circuits that were looked at: those listed.")
    complete: bool = Field(description="Whether these are all valid ones.")
    pair: StoredPair | None
    different: StoredChoice | None
    contradicting: StoredContradiction | None
    diagnostics: StoredDiagnostics | None
    core_of_smallest: StoredConsensus | None
    core_of_different: StoredConsensus | None
    map: StoredMap | None


class StoredScore(Stored):
    """Interventions that are right, of those tried."""

    agreed: int
    of: int


class StoredReader(Stored):
    """What an explanation says of hidden states; see :class:`analysis.contradictions.readers.Reader`."""

    names: list[str]
    weights: list[list[str]]
    constants: list[str] = Field(description="A bit is 1 where weights·h + constant > 0.")
    outputs: list[int]
    possible: list[bool]
    change: float


class StoredAlignment(Stored):
    """See :class:`analysis.contradictions.finding.FoundAlignment`."""

    algorithm: str
    direction_class: str
    alignment: str
    alignment_id: str
    single: StoredScore
    joint: StoredScore | None
    residual: float = Field(description="Largest difference of a reading, scaled as well as can be, from its variable.")
    dual: str
    dual_single: StoredScore
    dual_joint: StoredScore | None
    sets_valid: list[list[list[Any]]] | None = Field(description="[[path, layer, neurons], …] of each that passes.")
    sets_of: int | None
    sets_best_joint: StoredScore | None
    chance_hits: int
    chance_draws: int
    chance_low: float
    chance_high: float
    chance_confidence: float
    chance_seed: int
    reader: StoredReader


class StoredInterpretation(Stored):
    """See :class:`analysis.contradictions.finding.FoundInterpretation`."""

    mask: str
    index: str
    gates: list[tuple[int, int, str]] = Field(description="[layer, neuron, gate].")
    joint: StoredScore
    n_circuits: int
    n_passing: int
    refines: list[str]
    reader: StoredReader


class StoredCube(Stored):
    """One event's share of the hidden cube."""

    kind: str
    readers: list[int]
    share: str
    corners: int
    witness: list[str] | None


class StoredSquare(Stored):
    """One event's share of the input square, between two certain bounds."""

    kind: str
    readers: list[int]
    low: float
    high: float
    witness: list[float] | None


class ContradictionsReport(Stored):
    """See :class:`analysis.contradictions.finding.Contradictions`."""

    alignments: list[StoredAlignment]
    interpretation: StoredInterpretation | None
    cube: tuple[int, int] | None
    in_cube: list[StoredCube]
    in_square: list[StoredSquare]
    without: list[str]


Report = TypeVar("Report", bound=Stored)


def ladder_report(ladder: Ladder) -> LadderReport:
    """The stored form of a ladder."""
    return LadderReport(
        algorithms=list(ladder.algorithms),
        n_irredundant=ladder.n_irredundant,
        rungs=[
            StoredRung(
                map_class=key,
                **vars(rung),
                floor_networks=ladder.floors[key].networks,
                floor_passing=ladder.floors[key].passing,
                floor_alignments=ladder.floors[key].alignments,
            )
            for key, rung in ladder.rungs.items()
        ],
        n_permuted=ladder.n_permuted,
        n_permuted_right=ladder.n_permuted_right,
        seed=ladder.seed,
    )


def contradictions_report(found: Contradictions) -> ContradictionsReport:
    """The stored form of contradictions."""
    reading = found.interpretation
    return ContradictionsReport(
        alignments=[_alignment(one) for one in found.alignments],
        interpretation=None
        if reading is None
        else StoredInterpretation(
            mask=reading.interpretation.circuit.hex,
            index=str(reading.interpretation.index),
            gates=[(gate.layer, gate.neuron, gate.name) for gate in reading.interpretation.gates],
            joint=StoredScore(agreed=reading.joint.agreed, of=reading.joint.of),
            n_circuits=reading.n_circuits,
            n_passing=reading.n_passing,
            refines=list(reading.refines),
            reader=_reader(reading.reader),
        ),
        cube=found.cube,
        in_cube=[
            StoredCube(
                **_event(one.event),
                share=str(one.share),
                corners=one.corners,
                witness=None if one.witness is None else [str(x) for x in one.witness],
            )
            for one in found.in_cube
        ],
        in_square=[
            StoredSquare(
                **_event(one.event),
                low=one.low,
                high=one.high,
                witness=None if one.witness is None else list(one.witness),
            )
            for one in found.in_square
        ],
        without=list(found.without),
    )


def _event(event: Event) -> dict[str, Any]:
    return {"kind": event.kind, "readers": list(event.readers)}


def _score(told: Any) -> StoredScore | None:
    return None if told is None else StoredScore(agreed=told.agreed, of=told.of)


def _alignment(one: FoundAlignment) -> StoredAlignment:
    sets = one.neuron_sets
    residuals = [reading.residual for reading in one.scored.read_outs if reading is not None]
    return StoredAlignment(
        algorithm=one.algorithm.text,
        direction_class=one.direction_class,
        alignment=one.scored.alignment.text,
        alignment_id=one.scored.alignment.id,
        single=StoredScore(agreed=one.scored.iia.agreed, of=one.scored.iia.of),
        joint=_score(one.scored.joint),
        residual=max(residuals, default=0.0),
        dual=one.dual.alignment.text,
        dual_single=StoredScore(agreed=one.dual.iia.agreed, of=one.dual.iia.of),
        dual_joint=_score(one.dual.joint),
        sets_valid=None
        if sets is None
        else [[[path, site.layer, list(site.neurons)] for path, site in found.places] for found in sets.valid],
        sets_of=None if sets is None else sets.of,
        sets_best_joint=None if sets is None else _score(sets.best_joint),
        **{f"chance_{name}": value for name, value in vars(one.chance).items()},
        reader=_reader(one.reader),
    )


def _reader(reader: Reader) -> StoredReader:
    return StoredReader(
        names=list(reader.names),
        weights=[[str(w) for w in test.weights] for test in reader.tests],
        constants=[str(test.constant) for test in reader.tests],
        outputs=list(reader.outputs),
        possible=list(reader.possible),
        change=reader.change,
    )


def rivals_report(found: Rivals, layout: EdgeLayout, n_listed: int) -> RivalsReport:
    """Rivals as they are stored.

    Args:
        found: what was found.
        layout: edges of the network cut to the output.
        n_listed: circuits that were looked at.
    """
    pair, different, contradicting = found.pair, found.different, found.contradicting
    numbers, placed = found.diagnostics, found.map
    return RivalsReport(
        of=n_listed,
        complete=found.complete,
        pair=None
        if pair is None
        else StoredPair(
            masks=(layout.to_hex(pair.first), layout.to_hex(pair.second)), distance=str(pair.distance), exact=pair.exact
        ),
        different=None
        if different is None
        else StoredChoice(
            masks=[layout.to_hex(mask) for mask in different.masks],
            distance=str(different.distance),
            exact=different.exact,
        ),
        contradicting=None
        if contradicting is None
        else StoredContradiction(
            masks=(layout.to_hex(contradicting.circuits[0]), layout.to_hex(contradicting.circuits[1])),
            indices=(str(contradicting.indices[0]), str(contradicting.indices[1])),
            differ=contradicting.differ,
            n_interventions=contradicting.n_interventions,
            of=contradicting.of,
            complete=contradicting.complete,
        ),
        diagnostics=None
        if numbers is None
        else StoredDiagnostics(
            n_edges=numbers.n_edges,
            n_smallest=numbers.n_smallest,
            smallest_exact=numbers.smallest_exact,
            redundancy=str(numbers.redundancy),
            contradiction=str(numbers.contradiction),
            similarity=_text(numbers.similarity),
            similarity_smallest=_text(numbers.similarity_smallest),
            similarity_exact=numbers.similarity_exact,
        ),
        core_of_smallest=_consensus(found.core_of_smallest, layout),
        core_of_different=_consensus(found.core_of_different, layout),
        map=None
        if placed is None
        else StoredMap(
            masks=[layout.to_hex(mask) for mask in placed.masks],
            x=[x for x, _ in placed.points],
            y=[y for _, y in placed.points],
            kept=placed.kept,
            correlation=placed.correlation,
            n_landmarks=placed.n_landmarks,
        ),
    )


def _text(value: Fraction | None) -> str | None:
    return None if value is None else str(value)


def _consensus(found: Consensus | None, layout: EdgeLayout) -> StoredConsensus | None:
    if found is None:
        return None
    return StoredConsensus(
        edges=layout.to_hex(found.edges), of=found.of, recall=_text(found.recall), precision=_text(found.precision)
    )


def save_report(
    session: Session, analysis: AnalysisRow, *, kind: ReportKind, report: Stored, thorough: bool, seconds: float
) -> AnalysisReportRow:
    """Store a report in place of an earlier one; the same again changes nothing, timings included.

    A quick report never replaces a thorough one of the same engine: it says less.
    """
    found = report.model_dump(mode="json")
    content = hashlib.sha256(canonical_json(_untimed(found))).hexdigest()
    old = session.get(AnalysisReportRow, (analysis.id, kind))
    if old is not None:
        poorer = old.thorough and not thorough and old.engine_version == ENGINE_VERSION
        if old.content == content or poorer:
            return old
        session.execute(
            delete(AnalysisReportRow).where(
                AnalysisReportRow.analysis_id == analysis.id, AnalysisReportRow.kind == kind
            )
        )
        session.expunge(old)
    row = AnalysisReportRow(
        analysis_id=analysis.id,
        kind=kind,
        thorough=thorough,
        engine_version=ENGINE_VERSION,
        found=found,
        seconds=seconds,
        content=content,
        created_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    return row


def _untimed(found: Any) -> Any:
    """The same without the seconds that it took."""
    if isinstance(found, dict):
        return {key: _untimed(value) for key, value in found.items() if key != "seconds"}
    return [_untimed(one) for one in found] if isinstance(found, list) else found


def report_row(session: Session, analysis: AnalysisRow | None, kind: ReportKind) -> AnalysisReportRow | None:
    """The stored report of that kind, None if there is none, or no analysis."""
    if analysis is None:
        return None
    return session.scalar(
        select(AnalysisReportRow).where(AnalysisReportRow.analysis_id == analysis.id, AnalysisReportRow.kind == kind)
    )


def report_of(row: AnalysisReportRow, form: type[Report]) -> Report:
    """What a row holds."""
    return form.model_validate(row.found)
