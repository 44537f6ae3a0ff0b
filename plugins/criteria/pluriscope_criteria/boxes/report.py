"""Report of which circuits decide right whatever absent sources carry, and which of these are minimal."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import numpy as np
from pydantic import Field

from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.criteria.verdict import OUTCOMES
from pluriscope.analysis.methods.report import Analysed, Mask, Part, Report, Settings
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion, part
from pluriscope_criteria.boxes.criteria import KINDS, judge_of, minimality
from pluriscope_criteria.boxes.proving import Box

MOST_JUDGED: Final = 2_000
"""Valid circuits that are judged, the smallest first: some seconds."""
MOST_WITNESSES: Final = 200
_MOST_SMALLEST: Final = 12


class OfSize(Part):
    """Circuits of one size."""

    size: int
    possible: int | None = Field(description="Circuits of that size; null where these are too many to look at.")
    robust: int | None = Field(description="Of these, how many are proved right throughout.")
    valid: int = Field(description="Valid circuits that were judged.")
    valid_robust: int


class Point(Part):
    """A point at which a valid circuit decides wrong."""

    mask: Mask
    row: str
    outputs: list[float]
    carried: dict[str, float] = Field(description="By what is absent.")


class RobustReport(Report):
    """Circuits on the box of patched values."""

    valid: int = Field(description="Valid circuits that were judged, the smallest.")
    listed: int
    outcomes: dict[str, int]
    between: int | None = Field(
        description="Of those refuted, how many any values of clean rows leave right; null: not asked."
    )
    possible: int | None = Field(description="All circuits, valid or not; null where they are too many to look at.")
    sizes: list[OfSize]
    smallest: list[Mask] = Field(description="Smallest robust circuits of all, valid by the rules or not.")
    smallest_valid: int | None = Field(description="How many of the smallest are valid by the rules.")
    unsettled: int | None = Field(description="Of all circuits, those that are neither proved nor refuted.")
    minimal: dict[str, dict[str, int]] = Field(description="By kind of minimality, the outcomes of valid circuits.")
    points: list[Point]

    def findings(self, question: SubjectQuestion | None = None) -> list[str]:
        passed, failed, undecided = (self.outcomes.get(one, 0) for one in ("passed", "failed", "undecided"))
        some = "" if self.valid == self.listed else f" of {self.listed:,}, the smallest"
        found = [
            f"Of {self.valid:,} valid circuits{some}, {passed:,} are proved right whatever absent sources carry, "
            f"{failed:,} are refuted at a point, and {undecided:,} are undecided."
        ]
        if self.between is not None:
            found.append(
                f"Of these refuted, {self.between:,} are right with every combination of values of clean rows."
            )
        known = [one for one in self.sizes if one.robust is not None]
        if not known:
            return [*found, "There are too many circuits to look at each, so the smallest robust one is not known."]
        least = next((one for one in known if one.robust), None)
        if least is None:
            return [*found, "No circuit of all is proved robust."]
        every = sum(one.robust or 0 for one in known)
        found.append(
            f"Of all {self.possible:,} circuits, valid or not, {every:,} are robust. The smallest keep {least.size} "
            f"{'edge' if question is None else part(question)}s: "
            f"{least.robust:,} of {least.possible:,} of that size, {self.smallest_valid:,} of them valid by the rules."
        )
        if self.unsettled:
            found.append(f"Of all circuits {self.unsettled:,} are neither proved nor refuted.")
        return found


def find(of: Analysed[Any], _: Settings, work: Work = DEFAULT_WORK) -> RobustReport:
    """Judge the valid circuits, and where they are few enough all others.

    Raises:
        BeyondLimits: the activation of a perceptron's output falls.
    """
    question, graph, box = of.question, of.question.graph, Box()
    listed = sorted(of.circuits.masks.tolist(), key=lambda mask: (mask.bit_count(), mask))
    masks = listed[:MOST_JUDGED]
    judge = judge_of(question, box, work)
    judge.left = np.inf
    standings = {mask: judge.standing(mask) for mask in work.each("boxes", masks, "valid circuits")}
    outcomes = Counter[str](one.outcome for one in standings.values())
    refuted = [mask for mask in masks if standings[mask].outcome == "failed"]
    robust, smallest = list[int](), list[int]()
    if judge.candidates is not None:
        every = judge.candidates.tolist()
        tried = {mask: judge.standing(mask).outcome for mask in work.each("boxes", every, "all circuits")}
        robust = [mask for mask, outcome in tried.items() if outcome == "passed"]
        least = min((mask.bit_count() for mask in robust), default=0)
        smallest = [mask for mask in robust if mask.bit_count() == least]
    kinds = {kind: Counter(minimality(judge, mask, kind).outcome for mask in masks) for kind in KINDS}
    points = [
        Point.model_validate({"mask": mask, **standings[mask].witness}, context=graph)
        for mask in refuted[:MOST_WITNESSES]
    ]
    report: RobustReport = RobustReport.model_validate(
        {
            "valid": len(masks),
            "listed": len(listed),
            "outcomes": {name: outcomes[name] for name in OUTCOMES if name in outcomes},
            "between": _between(question, refuted, work),
            "possible": None if judge.candidates is None or judge.every is None else len(judge.every),
            "sizes": _sizes(judge, masks, [mask for mask in masks if standings[mask].outcome == "passed"], robust),
            "smallest": smallest[:_MOST_SMALLEST],
            "smallest_valid": None if judge.candidates is None else len({*smallest} & {*listed}),
            "unsettled": None if judge.candidates is None else [*tried.values()].count("undecided"),
            "minimal": {kind: {name: many[name] for name in OUTCOMES if name in many} for kind, many in kinds.items()},
            "points": points,
        },
        context=graph,
    )
    return report


def _between(question: Any, refuted: list[int], work: Work) -> int | None:
    """Refuted circuits that every combination of values on clean rows leaves right."""
    if not isinstance(question, Question):
        return None
    masks = np.array(sorted(refuted), dtype=np.uint64)
    discrete = criterion_named("patching-robust").judge(Population("circuit", question, masks, work=work))
    return int(discrete.passed.sum())


def _sizes(judge: Any, masks: list[int], valid_robust: list[int], robust: list[int]) -> list[OfSize]:
    known = judge.candidates is not None
    possible = Counter(np.bitwise_count(judge.every).tolist()) if known else Counter[int]()
    those = [Counter(mask.bit_count() for mask in some) for some in (masks, valid_robust, robust)]
    sizes = sorted({*those[0], *those[2]})
    return [
        OfSize(
            size=size,
            possible=possible[size] if known else None,
            robust=those[2][size] if known else None,
            valid=those[0][size],
            valid_robust=those[1][size],
        )
        for size in sizes
    ]
