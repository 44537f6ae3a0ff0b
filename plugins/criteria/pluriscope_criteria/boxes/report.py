"""Report of which circuits decide right whatever absent sources carry, and which of these are minimal."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import numpy as np
from pydantic import Field

from pluriscope.analysis.criteria.verdict import OUTCOMES
from pluriscope.analysis.methods.report import Analysed, Mask, Part, Report, Settings
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.question import SubjectQuestion, part
from pluriscope_criteria.boxes.criteria import KINDS, judge_of, minimality
from pluriscope_criteria.boxes.proving import Box, BoxJudge

MOST_JUDGED: Final = 2_000
"""Valid circuits that are judged, the smallest first: some seconds."""
MOST_WITNESSES: Final = 200
MOST_BOXES: Final = 100_000
"""Boxes for all circuits together; circuits after that stay undecided."""
_MOST_SMALLEST: Final = 12


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
    possible: int | None = Field(None, description="All circuits, valid or not; null where these are too many.")
    robust: int | None = Field(None, description="Of all, how many are proved right throughout.")
    of_size: int | None = Field(None, description="Of all, how many are as large as the smallest robust ones.")
    n_smallest: int | None = Field(None, description="Of these, how many are robust.")
    smallest: list[Mask] = Field([], description="Smallest robust circuits of all, valid by the rules or not.")
    smallest_valid: int | None = Field(None, description="How many of the smallest are valid by the rules.")
    unsettled: int | None = Field(None, description="Of all circuits, those that are neither proved nor refuted.")
    minimal: dict[str, dict[str, int]] = Field(description="By kind of minimality, the outcomes of valid circuits.")
    points: list[Point]

    def findings(self, question: SubjectQuestion | None = None) -> list[str]:
        passed, failed, undecided = (self.outcomes.get(one, 0) for one in ("passed", "failed", "undecided"))
        some = "" if self.valid == self.listed else f" of {self.listed:,}, the smallest"
        found = [
            f"Of {self.valid:,} valid circuits{some}, {passed:,} are proved right whatever absent sources carry, "
            f"{failed:,} are refuted at a point, and {undecided:,} are undecided."
        ]
        minimal = (f"{KINDS[one][0].partition(',')[0]} {many.get('passed', 0):,}" for one, many in self.minimal.items())
        found.append(f"Minimal among those that are robust: {', '.join(minimal)}.")
        if self.robust is None:
            return [*found, "There are too many circuits to look at each, so the smallest robust one is not known."]
        found.append(f"Of all {self.possible:,} circuits, valid or not, {self.robust:,} are robust.")
        if self.smallest:
            size, word = int(self.smallest[0], 16).bit_count(), "edge" if question is None else part(question)
            found.append(
                f"The smallest keep {size} {word}s: {self.n_smallest:,} of {self.of_size:,} of that size, "
                f"{self.smallest_valid:,} of them valid by the rules."
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
    judge.left = MOST_BOXES
    standings = {mask: judge.standing(mask) for mask in work.each("boxes", masks, "valid circuits")}
    outcomes = Counter[str](one.outcome for one in standings.values())
    refuted = [mask for mask in masks if standings[mask].outcome == "failed"]
    known = _of_all(judge, listed, work)
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
            **known,
            "minimal": {kind: {name: many[name] for name in OUTCOMES if name in many} for kind, many in kinds.items()},
            "points": points,
        },
        context=graph,
    )
    return report


def _of_all(judge: BoxJudge, listed: list[int], work: Work) -> dict[str, Any]:
    """The fields about all circuits, valid or not."""
    if judge.candidates is None or judge.every is None:
        return {}
    every = work.each("boxes", judge.candidates.tolist(), "all circuits")
    outcomes = {mask: judge.standing(mask).outcome for mask in every}
    robust = [mask for mask, outcome in outcomes.items() if outcome == "passed"]
    least = min((mask.bit_count() for mask in robust), default=0)
    smallest = [mask for mask in robust if mask.bit_count() == least]
    return {
        "possible": len(judge.every),
        "robust": len(robust),
        "of_size": int((np.bitwise_count(judge.every) == least).sum()),
        "n_smallest": len(smallest),
        "smallest": smallest[:_MOST_SMALLEST],
        "smallest_valid": len({*smallest} & {*listed}),
        "unsettled": [*outcomes.values()].count("undecided"),
    }
