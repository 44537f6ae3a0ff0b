"""What criteria judge, all that an analysis found, and what they say about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import ScoredAlignment
from analysis.criteria.alignment_context import valid_alignments
from analysis.criteria.criterion import Kind
from analysis.criteria.interpretation_tallies import Reading, tally_of_readings
from analysis.criteria.steps import CriterionStep
from analysis.criteria.verdict import OUTCOMES
from analysis.question import Question
from analysis.result import CriterionTally, OutputAnalysis


@dataclass(frozen=True, eq=False)
class Subject:
    """What an analysis found, as criteria need it.

    Args:
        masks: ``[circuits]`` uint64 ascending: the listed valid circuits.
        exhaustive: whether these are all valid ones.
        interpretations: how many each circuit has, parallel to the masks.
        observed: and their observed classes.
        algorithms: the listed candidates.
        alignments: the kept valid alignments with their algorithms.
        all_counted: whether a circuit with 0 interpretations has none; else a limit may have ended counting before it.
        recorded: of each kind stored as columns the address texts of what was found, and whether that is all there is.
    """

    question: Question
    masks: NDArray[np.uint64]
    exhaustive: bool
    interpretations: tuple[int, ...]
    observed: tuple[int, ...]
    algorithms: tuple[HighLevelModel, ...]
    alignments: tuple[tuple[HighLevelModel, ScoredAlignment], ...]
    all_counted: bool = False
    recorded: Mapping[Kind, tuple[tuple[str, ...], bool]] = field(default_factory=dict)

    @classmethod
    def of(cls, analysis: OutputAnalysis) -> Subject:
        """What one analysis found."""
        circuits = analysis.circuits
        return cls(
            question=analysis.question,
            masks=circuits.masks,
            exhaustive=circuits.truncated_at is None and circuits.method == "listed",
            interpretations=analysis.interpretations.by_circuit,
            observed=analysis.interpretations.observed_by_circuit,
            algorithms=tuple(result.algorithm for result in analysis.algorithms.algorithms),
            alignments=valid_alignments(analysis.algorithms),
            all_counted=analysis.interpretations.truncated_at is None,
        )

    def count(self, kind: Kind) -> int:
        """Explanations that verdicts of this kind are about; of interpretations the circuits that have them."""
        if kind in self.recorded:
            return len(self.recorded[kind][0])
        return len({"algorithm": self.algorithms, "alignment": self.alignments}.get(kind, self.masks))


@dataclass(frozen=True, eq=False)
class StepVerdicts:
    """What one step says about all explanations of one kind.

    Args:
        kind: of the explanations.
        step: the criterion with its settings.
        outcomes: ``[explanations]`` positions in :data:`OUTCOMES`; of interpretations ``[circuits]`` as in
            :attr:`~analysis.criteria.interpretation_tallies.Reading.outcome`.
        readings: of interpretations, for each circuit; None for the other kinds.
        note: why some are undecided if a limit or the budget is the reason, else "".
        seconds: spent, 0 without a clock.
        stopped: whether the budget or a limit of ours ended the work.
    """

    kind: Kind
    step: CriterionStep
    outcomes: NDArray[np.uint8]
    readings: Sequence[Reading] | None = None
    note: str = ""
    seconds: float = 0.0
    stopped: bool = False

    @property
    def tally(self) -> CriterionTally:
        """How many explanations have each outcome; of interpretations exactly, whatever they are."""
        if self.readings is not None:
            return tally_of_readings(self.readings)
        return CriterionTally(*np.bincount(self.outcomes, minlength=len(OUTCOMES)).tolist())
