"""Planted explanations beside those that are found: stored, described and shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.discovery.landscape import Landscape
from pluriscope.analysis.discovery.landscapes import landscape_of
from pluriscope.analysis.errors import InvalidPlacement
from pluriscope.analysis.methods.report import Analysed, Exact, Report, Settings
from pluriscope.analysis.placements.iia import score_placement
from pluriscope.analysis.planted.circuit import PlantedCircuit, PlantedExplanation
from pluriscope.analysis.planted.record import PlantedRecord
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, mask_array
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.question import part as part_of
from pluriscope_edits.planting.certificate import Passes, certified_margin, exhaustive

Outcome = Literal["recovered", "contained", "another", "invalid", "unknown"]
_WORDS: Final[dict[Outcome, str]] = {
    "recovered": "is valid, and nothing valid is smaller",
    "contained": "is valid, with smaller valid circuits inside it",
    "another": "is valid, with smaller valid circuits elsewhere",
    "invalid": "is not valid",
    "unknown": "is valid; whether anything valid is smaller is not known",
}


class PlantedReport(Report):
    """The planted circuit among all valid ones, with what all interventions say of what was planted."""

    valid: bool
    n_valid: Exact
    smaller: Exact | None = Field(description="Valid circuits with fewer edges; null if not known.")
    equal: Exact | None = Field(description="Others with as many edges; null likewise.")
    inside: int | None = Field(description="Valid circuits that are a part of it; null if not all are listed.")
    around: int | None = Field(description="Valid circuits that contain it; null likewise.")
    backbone: tuple[int, int] | None = Field(
        None, description="Edges or nodes in every valid circuit that it holds, of how many; null if there is none."
    )
    under: dict[str, bool | None] = Field(
        {}, description="Of a model of another kind by ablation, whether it decides right; null where it was not tried."
    )
    passes: Passes | None = Field(None, description="Null where the rules do not allow its places, or of such a model.")
    alignment_minimal: bool | None = Field(None, description="Whether it is valid and none inside it is; likewise.")
    margin: float | None = Field(
        None,
        description="Distance that every output provably keeps from the edge of its decision, whatever the neurons off "
        "the circuit carry; null where bounds by intervals leave that open.",
    )
    reasons: list[str] = Field([], description="For each ablation under which the planted circuit fails, a sentence.")

    @property
    def minimal(self) -> bool | None:
        """Whether it is valid and no valid circuit lies inside it; None where that is not known."""
        return None if self.inside is None else self.valid and not self.inside

    @property
    def outcome(self) -> Outcome:
        """The planted circuit among the valid ones, in a word."""
        if not self.valid:
            return "invalid"
        if self.inside:
            return "contained"
        if self.smaller is None:
            return "unknown"
        return "another" if int(self.smaller) else "recovered"

    def findings(self, question: SubjectQuestion) -> list[str]:
        """Whether what was planted is what is found, and how many equals it has."""
        n_valid, part = int(self.n_valid), part_of(question)
        of = f"Of {n_valid:,} valid circuit{'' if n_valid == 1 else 's'}"
        sentences = [f"The planted circuit {_WORDS[self.outcome]}."]
        if self.smaller is None or self.equal is None:
            return [*sentences, f"{of} it is not known how many have as few {part}s."]
        smaller, equal = int(self.smaller), int(self.equal)
        parts = [
            f"{smaller:,} {'has' if smaller == 1 else 'have'} fewer {part}s",
            f"{equal:,} {'other has' if equal == 1 else 'others have'} as many",
        ]
        if self.around is not None:
            parts.append(f"{self.around:,} {'contains' if self.around == 1 else 'contain'} it")
        return [*sentences, f"{of} {', '.join(parts)}."]


def find(of: Analysed[SubjectQuestion], _: Settings, work: Work = DEFAULT_WORK) -> PlantedReport:
    """Locate the planted circuit and try everything that the planted explanation should pass."""
    question, record = of.question, of.planted
    if record is None:
        raise ValueError("nothing was planted in this network")
    work.report_step("planted", 0, 1)
    landscape = landscape_of(question, of.search, stored=of.stored)
    found = PlantedReport(**_standing(landscape, record.circuit), **_explained(landscape, record))
    work.report_step("planted", 1, 1)
    return found


def _explained(landscape: Landscape[SubjectQuestion], record: PlantedExplanation) -> dict[str, Any]:
    """Outcome of interventions on what was planted: all of an algorithm's, else each ablation of the circuit."""
    question = landscape.question
    if isinstance(record, PlantedCircuit) or not isinstance(question, Question):
        return {"under": landscape.locate(record.circuit.mask).under}
    outcome: dict[str, Any] = {"passes": None, "alignment_minimal": None}
    with suppress(InvalidPlacement):
        outcome["passes"] = exhaustive(question, record)
        outcome["alignment_minimal"] = score_placement(question, record.algorithm, record.alignment).minimal
    margin = certified_margin(question.network, record) if question.data.is_clean else None
    return outcome | {"margin": margin, "reasons": list(_failures(question, record))}


def _standing(landscape: Landscape[SubjectQuestion], planted: Circuit) -> dict[str, Any]:
    """The planted circuit among the valid ones."""
    known, own = landscape.known, planted.n_edges
    valid = landscape.under("").is_valid(landscape.left(planted.mask))
    counts: dict[str, Any] = dict.fromkeys(("smaller", "equal", "inside", "around", "backbone"))
    if known.counted:
        counts["smaller"] = sum(n for size, n in known.distribution.by_edges.items() if size < own)
        counts["equal"] = known.distribution.by_edges.get(own, 0) - valid
    if known.complete:
        mask = known.masks.dtype.type(planted.mask)
        shared = known.masks & mask
        counts["inside"] = int(np.count_nonzero(shared == known.masks)) - valid
        counts["around"] = int(np.count_nonzero(shared == mask)) - valid
    if known.backbone is not None:
        edges = known.backbone.always
        counts["backbone"] = (planted.mask & edges).bit_count(), edges.bit_count()
    return counts | {"valid": valid, "n_valid": known.n_valid}


def _failures(question: Question, record: PlantedRecord) -> Iterator[str]:
    """Reasons why the planted circuit fails, for each ablation under which it does."""
    population = Population("circuit", question, mask_array([record.circuit.mask], question.layout))
    for kind in ("zero", "mean", "resample"):
        verdict = criterion_named(f"{kind}-ablation").judge(population).at(0)
        if verdict.outcome == "failed":
            yield verdict.reason if kind in verdict.reason else f"Under {kind} ablation: {verdict.reason}"
