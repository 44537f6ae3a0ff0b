"""Chance at its size: of the possible circuits with so many edges, how many are valid.

Both numbers are exact where every valid circuit was listed or counted: the valid ones from the distribution of sizes,
the possible ones from :func:`~pluriscope.analysis.circuits.space.count_by_edges`. Elsewhere the number of valid ones
lies in an interval:

1. Of an estimate, the valid circuits of one size among all that were tested are binomial, so Clopper and Pearson's
   interval for their share of the whole space, scaled to numbers of circuits and rounded outwards, holds the truth with
   the estimate's confidence, for each size by itself. Both ends are cut to what is certain: no fewer than are listed,
   no more than are possible, and none below the smallest one where a search in order of size has proved that.
2. Of a list that stopped at a limit, at least those listed are valid, and at most all possible ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Literal

from pluriscope.analysis.circuits.distribution import distribution_of
from pluriscope.analysis.circuits.estimating import share_interval
from pluriscope.analysis.circuits.result import CircuitMethod, CircuitSearch, SmallestCircuits
from pluriscope.analysis.circuits.space import count_by_edges
from pluriscope.analysis.questions.protocol import Protocol

Coverage = Literal["all", "sampled", "truncated", "listed"]
"""Which circuits were looked at: every one that is meant, a uniform sample with repetition, those found before a limit
or drawn near-uniformly, or those listed where these are some drawn uniformly and the smallest ones."""


@dataclass(frozen=True)
class KnownSizes:
    """The sizes of the valid circuits, as far as they are known.

    Args:
        possible: circuits of the protocol's space.
        coverage: which circuits ``by_edges`` is of.
        by_edges: edges → circuits with so many among those looked at.
        listed: edges → circuits with so many among the listed ones, all different and valid; read only where
            ``coverage`` is not "all".
        n_tested: circuits tested for an estimate, with repetition; None otherwise.
        confidence: of an estimate's intervals; None otherwise.
        smallest: the smallest valid circuits, where these were looked for.
        intervals: edges → the fewest and the most valid circuits, where circuits were drawn by size; None otherwise.
    """

    possible: int
    coverage: Coverage
    by_edges: Mapping[int, int]
    listed: Mapping[int, int]
    n_tested: int | None = None
    confidence: float | None = None
    smallest: SmallestCircuits | None = None
    intervals: Mapping[int, tuple[int, int]] | None = None


@dataclass(frozen=True)
class SizeChance:
    """The valid circuits among the possible ones with one number of edges.

    Args:
        possible: circuits of the protocol's space with so many edges, exactly; at least 1.
        low: valid ones among them, at least so many.
        high: valid ones among them, at most so many; equal to ``low`` where the number is exact.
        confidence: with which the interval holds the truth; None where it is certain.
    """

    possible: int
    low: int
    high: int
    confidence: float | None = None

    @property
    def exact(self) -> bool:
        """Whether the number of valid circuits is known exactly."""
        return self.low == self.high and self.confidence is None

    @property
    def share(self) -> Fraction | None:
        """The share of valid circuits; None where it is not exact."""
        return Fraction(self.low, self.possible) if self.exact else None


def known_sizes(search: CircuitSearch) -> KnownSizes:
    """Collect from a search for circuits what it found out about their sizes."""
    coverage = coverage_of(search.method, search.truncated_at)
    return KnownSizes(
        search.possible,
        coverage,
        search.distribution.by_edges,
        {} if coverage == "all" else distribution_of(search.masks, search.layout).by_edges,
        search.n_tested,
        search.confidence,
        search.smallest,
    )


def chances(search: CircuitSearch, protocol: Protocol) -> dict[int, SizeChance]:
    """Bound the number of valid circuits of each size; number of edges of a possible circuit, ascending → its chance.

    Args:
        search: what is known of the valid circuits.
        protocol: whose space was searched.
    """
    known = known_sizes(search)
    possible = count_by_edges(search.layout.sizes, protocol, search.layout.n_edges)
    return {n_edges: chance_at(known, n_edges, number) for n_edges, number in possible.items()}


def chance_at(known: KnownSizes, n_edges: int, possible: int) -> SizeChance:
    """Bound the number of valid circuits of one size.

    Args:
        known: what is known of sizes.
        n_edges: the size.
        possible: circuits of the protocol's space with so many edges.
    """
    found = known.by_edges.get(n_edges, 0)
    if known.coverage == "all":
        return SizeChance(possible, found, found)
    listed = known.listed.get(n_edges, 0)
    if known.intervals is not None:
        return SizeChance(possible, *known.intervals.get(n_edges, (listed, possible)), known.confidence)
    if known.coverage != "sampled" or not known.n_tested or known.confidence is None:
        return SizeChance(possible, listed, possible)
    smallest = known.smallest
    if smallest is not None and n_edges <= smallest.searched_up_to and not listed:
        least = smallest.n_edges
        if least is None or n_edges < least:
            return SizeChance(possible, 0, 0)
    low, high = share_interval(found, known.n_tested, known.confidence)
    return SizeChance(
        possible,
        max(listed, floor(low * known.possible)),
        max(listed, min(possible, ceil(high * known.possible))),
        known.confidence,
    )


def coverage_of(method: CircuitMethod, truncated_at: int | None) -> Coverage:
    """Name the set of circuits over which the distribution of a search was taken: all, a sample, or a beginning.

    Args:
        method: how the number of valid circuits was found.
        truncated_at: circuits listed where not all are; None where all are.
    """
    if method == "sampled":
        return "sampled"
    return "all" if method == "counted" or truncated_at is None else "truncated"
