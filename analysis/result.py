"""What one analysis found: plain values, ready for a file, a database or a page.

An analysis is network + output + protocol + data record. Counts are Python integers (exact); a search that stopped at a
limit carries ``truncated_at``, and None there means the search was exhaustive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from analysis.alignments.result import AlgorithmSearch
from analysis.circuits.result import CircuitSearch
from analysis.interpretations.result import InterpretationCounts
from analysis.question import Question


@dataclass(frozen=True)
class CriterionTally:
    """How many explanations pass one criterion (spec §6)."""

    passed: int
    failed: int
    undecided: int
    not_applicable: int

    @property
    def of(self) -> int:
        return self.passed + self.failed + self.undecided + self.not_applicable

    def __add__(self, other: CriterionTally) -> CriterionTally:
        """That of two lots of explanations together."""
        return CriterionTally(
            self.passed + other.passed,
            self.failed + other.failed,
            self.undecided + other.undecided,
            self.not_applicable + other.not_applicable,
        )


NOTHING_JUDGED: Final = CriterionTally(0, 0, 0, 0)


@dataclass(frozen=True)
class Float32Circuits:
    """Validity of every circuit in float32 beside float64.

    Args:
        n_valid: circuits valid in float32.
        only_float64: masks of those valid in float64 alone, ascending.
        only_float32: masks of those valid in float32 alone, ascending.
        n_within_reach: circuits so near a decision's edge that some float32 evaluation, whatever its order of sums,
            could find otherwise than float64; it need not.
        reach: how far a float32 output can be from the float64 one.
    """

    n_valid: int
    only_float64: tuple[int, ...]
    only_float32: tuple[int, ...]
    n_within_reach: int
    reach: float

    @property
    def agrees(self) -> bool:
        return not self.only_float64 and not self.only_float32


@dataclass(frozen=True)
class Float32Alignments:
    """Interchanges and alignments in float32 beside float64.

    Args:
        n_decisions: what the network decides under every interchange tested, on every site; so many decisions.
        n_turned: those that float32 takes otherwise.
        n_valid: alignments valid in float32.
        only_float64: ids of kept alignments that are valid in float64 alone, sorted.
        only_float32: ids of those that float32 alone would keep.
    """

    n_decisions: int
    n_turned: int
    n_valid: int
    only_float64: tuple[str, ...]
    only_float32: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        return not self.only_float64 and not self.only_float32


@dataclass(frozen=True)
class Float32Outcome:
    """What float32 decides otherwise than float64, for parity with programs that evaluate in float32.

    Args:
        circuits: None where not all circuits were listed, or too many are near a decision's edge.
        alignments: None where not every candidate was tried, or not every valid alignment kept.
    """

    circuits: Float32Circuits | None
    alignments: Float32Alignments | None


@dataclass(frozen=True)
class OutputAnalysis:
    """Everything found for one output of one network under one protocol and data record.

    Args:
        criteria: tally by criterion key.
        seconds: wall-clock seconds by stage, as measured by the caller's clock; empty if none was given.
        float32: what float32 decides otherwise; None where it was not asked, as under protocols other than ``paper``.
        out_of_time: stages that ended before their end, or did not begin, because the caller's time was up.
    """

    question: Question
    circuits: CircuitSearch
    interpretations: InterpretationCounts
    algorithms: AlgorithmSearch
    criteria: Mapping[str, CriterionTally]
    seconds: Mapping[str, float]
    float32: Float32Outcome | None = None
    out_of_time: tuple[str, ...] = ()

    @property
    def exhaustive(self) -> bool:
        """Whether nothing stopped at a limit or for want of time.

        On rows that are no Boolean inputs circuits alone are searched.
        """
        if self.out_of_time:
            return False
        if not self.question.data.boolean:
            return self.circuits.truncated_at is None
        stops = [self.circuits.truncated_at, self.interpretations.truncated_at, self.algorithms.truncated_at]
        stops += [result.truncated_at for result in self.algorithms.algorithms]
        return all(stop is None for stop in stops)
