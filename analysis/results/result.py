"""Result of an analysis: plain values, ready for a file, a database or a page.

An analysis is network + output + protocol + data record. Counts are Python integers (exact); a search that stopped at a
limit carries ``truncated_at``, and None there means the search was exhaustive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.interpretations.result import InterpretationCounts
from pluriscope.analysis.placements.result import AlgorithmSearch
from pluriscope.analysis.subjects.perceptron.question import Question


@dataclass(frozen=True)
class CriterionTally:
    """The number of explanations with each outcome of a criterion (spec §6)."""

    passed: int
    failed: int
    undecided: int
    not_applicable: int

    @property
    def of(self) -> int:
        return self.passed + self.failed + self.undecided + self.not_applicable

    def __add__(self, other: CriterionTally) -> CriterionTally:
        """Add the tallies of two lots of explanations."""
        return CriterionTally(
            self.passed + other.passed,
            self.failed + other.failed,
            self.undecided + other.undecided,
            self.not_applicable + other.not_applicable,
        )


Stage = Literal["circuits", "smallest", "interpretations", "algorithms", "alignments", "criteria"]

Range = tuple[float, float]


def seconds_words(seconds: Sequence[float]) -> str:
    """Write how long something takes, for people: under a second, 2 to 8 seconds, about 3 to 12 minutes."""
    low, high = seconds
    if high < 1.5:
        return "under a second" if high <= 1 else "under 2 seconds"
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if high >= 2 * size:
            return f"about {_between(low / size, high / size, unit)}"
    return _between(low, high, "seconds")


def memory_words(n_bytes: Sequence[int]) -> str:
    """Write how much memory something takes, from and to: 200 to 500 MB."""
    return _between(n_bytes[0] / 1e6, n_bytes[1] / 1e6, "MB")


def _between(low: float, high: float, unit: str) -> str:
    """Write a range, in two digits at most."""
    ends = [f"{float(f'{end:.2g}'):,.0f}" if end >= 9.5 else f"{end:.1g}" for end in (low, high)]
    return f"{ends[0]} to {ends[1]} {unit}" if low >= 0.05 and ends[0] != ends[1] else f"up to {ends[1]} {unit}"


@dataclass(frozen=True)
class Stop:
    """A stage that is not done: it is still to come, or time or memory ended it, and what it has is a prefix of the
    whole.

    Args:
        seconds: from and to how many the whole stage would take, as it went or as planned; None if that is not known.
    """

    stage: Stage
    reason: Literal["time", "memory", "pending"]
    seconds: Range | None = None


@dataclass(frozen=True)
class OutputAnalysis:
    """The findings for an output of a network under a protocol and a data record.

    Args:
        criteria: tally by criterion key.
        seconds: wall-clock seconds by stage, as measured by the caller's clock; empty if none was given.
        stops: stages that are not done.
    """

    question: Question
    circuits: CircuitSearch
    interpretations: InterpretationCounts
    algorithms: AlgorithmSearch
    criteria: Mapping[str, CriterionTally]
    seconds: Mapping[str, float]
    stops: tuple[Stop, ...] = ()

    @property
    def exhaustive(self) -> bool:
        """Whether nothing stopped at a limit, nor for want of time or memory.

        On rows that are no Boolean inputs circuits alone are searched.
        """
        if self.stops:
            return False
        if not self.question.data.boolean:
            return self.circuits.truncated_at is None
        stops = [self.circuits.truncated_at, self.interpretations.truncated_at, self.algorithms.truncated_at]
        stops += [result.truncated_at for result in self.algorithms.algorithms]
        return all(stop is None for stop in stops)
