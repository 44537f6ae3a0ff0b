"""What one analysis found: plain values, ready for a file, a database or a page.

An analysis is network + output + protocol + data record. Counts are Python integers (exact); a search that stopped at a
limit carries ``truncated_at``, and None there means the search was exhaustive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import ScoredAlignment
from analysis.circuits.circuit import MAX_EDGES, EdgeLayout
from analysis.circuits.distribution import CircuitDistribution, distribution_of
from analysis.question import Question

FRAGILE_MARGIN = 1e-6
CircuitMethod = Literal["listed", "counted", "estimated"]
AlgorithmMethod = Literal["listed", "by_support"]


@dataclass(frozen=True)
class SmallestCircuits:
    """The smallest valid circuits that were found where not every valid one is listed.

    Args:
        masks: fewest edges first, ties by mask.
        proved: whether no valid circuit that is left out has fewer edges than one of these.
        searched_up_to: no valid circuit with at most so many edges is unknown, apart from ties beyond those kept.
        n_tried: circuits tried in order of size.
        n_descended: circuits tried in a descent from larger ones.
        undrawn: those of ``masks`` that no draw hit, ascending: every other listed circuit was drawn uniformly.
    """

    masks: tuple[int, ...]
    proved: bool
    searched_up_to: int
    n_tried: int
    n_descended: int = 0
    undrawn: tuple[int, ...] = ()

    @property
    def n_edges(self) -> int | None:
        """Edges of the smallest; None if no valid circuit was found."""
        return self.masks[0].bit_count() if self.masks else None


@dataclass(frozen=True)
class CircuitSearch:
    """The valid circuits of one output, listed or told by their number.

    Args:
        layout: edge layout of the network cut to the output.
        possible: circuits of the protocol's space, all of them judged if listed (unless truncated) or counted.
        masks: ``[listed]``, ascending, as :func:`~analysis.circuits.circuit.mask_array` gives them: every valid circuit
            if ``truncated_at`` is None; else the first ones that a listing found, or distinct ones drawn uniformly and
            the smallest where they were counted or estimated.
        outputs: ``[listed, 2^n]`` output of each of these on the data record's representatives.
        margins: ``[listed]`` smallest distance of any tested output from the decision's edge.
        truncated_at: circuits kept when a limit was reached, else None.
        method: how their number was found: by listing them, exactly without listing, or from a uniform sample.
        count: valid circuits: exact unless estimated or a listing was truncated; −1 stands for as many as are listed.
        interval: an estimate's numbers of valid circuits, both ends included; None otherwise.
        confidence: with which the interval holds the truth; None without one.
        n_tested: circuits judged, those of an estimate with repetition; None if that was not told.
        known_distribution: None to read it off the masks.
        n_drawn: listed circuits that were drawn, where they were counted or estimated; None if that was not told.
        smallest: the smallest valid circuits, which are listed too; None where every valid circuit is listed, and where
            none were looked for.
    """

    layout: EdgeLayout
    possible: int
    masks: NDArray[Any]
    outputs: NDArray[np.float64]
    margins: NDArray[np.float64]
    truncated_at: int | None = None
    method: CircuitMethod = "listed"
    count: int = -1
    interval: tuple[int, int] | None = None
    confidence: float | None = None
    n_tested: int | None = None
    known_distribution: CircuitDistribution | None = None
    n_drawn: int | None = None
    smallest: SmallestCircuits | None = None

    def __post_init__(self) -> None:
        if self.count < 0:
            object.__setattr__(self, "count", len(self.masks))
        if self.layout.n_edges > MAX_EDGES:  # also an empty list, which is combined with masks that are longer
            object.__setattr__(self, "masks", self.masks.astype(object))

    @property
    def n_valid(self) -> int:
        return self.count

    @property
    def n_listed(self) -> int:
        """Circuits in ``masks``."""
        return len(self.masks)

    @cached_property
    def distribution(self) -> CircuitDistribution:
        """Sizes and use of edges and neurons, of the circuits that ``distribution.of`` counts."""
        return self.known_distribution or distribution_of(self.masks, self.layout)


@dataclass(frozen=True)
class InterpretationCounts:
    """Exact numbers of interpretations, parallel to the listed circuits' masks.

    Args:
        by_circuit: interpretations of each circuit.
        observed_by_circuit: classes of interpretations that the inputs can tell apart (free completions merged).
        truncated_at: circuits counted when a limit was reached (the others have 0), else None.
        complete: whether every valid circuit is listed; else the totals are those of the listed ones alone.
    """

    by_circuit: tuple[int, ...]
    observed_by_circuit: tuple[int, ...]
    truncated_at: int | None = None
    complete: bool = True

    @property
    def total(self) -> int:
        return sum(self.by_circuit)

    @property
    def observed(self) -> int:
        return sum(self.observed_by_circuit)


@dataclass(frozen=True)
class AlgorithmResult:
    """One candidate algorithm and its alignments.

    Args:
        algorithm: the candidate.
        alignments: kept ones: valid first (most neurons last, then id), then the best that fail.
        n_valid: valid alignments, exact even beyond the kept ones.
        n_minimal: minimal ones, exact likewise.
        truncated_at: valid alignments kept when the limit was reached, else None.
        irredundant: verdicts of the three redundancy classes of spec §4 by criterion key
            ("irredundant-gates", "irredundant-functions", "irredundant-literals").
    """

    algorithm: HighLevelModel
    alignments: tuple[ScoredAlignment, ...]
    n_valid: int
    n_minimal: int
    truncated_at: int | None = None
    irredundant: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class CandidateTotals:
    """What is known of all candidates where they were searched by support and most are not listed. All exact.

    Args:
        n_aligned: algorithms with at least one valid alignment.
        n_valid: their valid alignments.
        n_minimal: their minimal ones.
        irredundant: how many candidates pass each redundancy class, by criterion key.
        n_first: the first so many in canonical order are listed with their near misses, aligned or not.
    """

    n_aligned: int
    n_valid: int
    n_minimal: int
    irredundant: Mapping[str, int]
    n_first: int


@dataclass(frozen=True)
class AlgorithmSearch:
    """The candidate algorithms of one output: all of them, or where there are very many those that can be aligned.

    Args:
        algorithms: in the protocol's order (canonical: depth, gates, then text; paper: the authors' order). Searched by
            support, these are the first candidates and every aligned one; the others fail.
        n_candidates: candidates that compute the task, exact.
        truncated_at: algorithms kept when a limit left out candidates that were not tried, or that can be aligned;
            else None.
        totals: of all candidates where they were searched by support; None if each one was tried.
    """

    algorithms: tuple[AlgorithmResult, ...]
    n_candidates: int
    truncated_at: int | None = None
    totals: CandidateTotals | None = None

    @property
    def method(self) -> AlgorithmMethod:
        """Whether each candidate was tried, or trees were grown only where the network supports their variables."""
        return "listed" if self.totals is None else "by_support"

    @property
    def n_unlisted(self) -> int:
        """Candidates that ``algorithms`` does not hold."""
        return self.n_candidates - len(self.algorithms)

    @property
    def n_aligned(self) -> int:
        """Algorithms with at least one valid alignment."""
        return sum(1 for result in self.algorithms if result.n_valid) if self.totals is None else self.totals.n_aligned

    @property
    def n_valid_alignments(self) -> int:
        return sum(result.n_valid for result in self.algorithms) if self.totals is None else self.totals.n_valid

    @property
    def n_minimal_alignments(self) -> int:
        return sum(result.n_minimal for result in self.algorithms) if self.totals is None else self.totals.n_minimal


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
