"""The result of a search for algorithms: candidates, their placements, and the numbers of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.placements.placement import OnNeurons

AlgorithmMethod = Literal["listed", "by_support"]


@dataclass(frozen=True)
class AlgorithmResult:
    """A candidate algorithm and its placements.

    Args:
        alignments: kept ones: valid first (most neurons last, then id), then the best that fail.
        n_valid: valid placements, exact even beyond the kept ones.
        n_minimal: minimal ones, exact likewise.
        truncated_at: valid placements kept when the limit was reached, else None.
        irredundant: verdicts of the three redundancy classes of spec §4 by criterion key
            ("irredundant-gates", "irredundant-functions", "irredundant-literals").
    """

    algorithm: HighLevelModel
    alignments: tuple[OnNeurons, ...]
    n_valid: int
    n_minimal: int
    truncated_at: int | None = None
    irredundant: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class CandidateTotals:
    """The totals over all candidates where they were searched by support and most are not listed. All exact.

    Args:
        n_aligned: algorithms with at least one valid placement.
        n_valid: their valid placements.
        n_minimal: their minimal ones.
        irredundant: how many candidates pass each redundancy class, by criterion key.
        n_first: the first so many in canonical order are listed with their near misses, aligned or not.
    """

    n_aligned: int
    n_valid: int
    n_minimal: int
    irredundant: Mapping[str, int] = field(default_factory=dict)
    n_first: int = 0


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
        """The way of the search: each candidate was tried, or trees were grown only where the network supports their
        variables.
        """
        return "listed" if self.totals is None else "by_support"

    @property
    def n_unlisted(self) -> int:
        """Candidates that ``algorithms`` does not hold."""
        return self.n_candidates - len(self.algorithms)

    @property
    def kept(self) -> tuple[AlgorithmResult, ...]:
        """Algorithms of which placements are kept, valid or not."""
        return tuple(result for result in self.algorithms if result.alignments)

    @property
    def n_aligned(self) -> int:
        """Algorithms with at least one valid placement."""
        return sum(1 for result in self.algorithms if result.n_valid) if self.totals is None else self.totals.n_aligned

    @cached_property
    def n_valid_placements(self) -> int:
        return sum(result.n_valid for result in self.algorithms) if self.totals is None else self.totals.n_valid

    @cached_property
    def n_minimal_placements(self) -> int:
        return sum(result.n_minimal for result in self.algorithms) if self.totals is None else self.totals.n_minimal
