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

from pluriscope.analysis.circuits.estimating import share_interval
from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.subjects.question import SubjectQuestion


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


def chances(question: SubjectQuestion, search: CircuitSearch) -> dict[int, SizeChance] | None:
    """Bound the number of valid circuits of each size; number of edges of a possible circuit, ascending → its chance.

    None where the kind of network does not count the possible ones.

    Args:
        question: whose space was searched.
        search: what is known of the valid circuits.
    """
    possible: Mapping[int, int] | None = question.kind.explaining.possible_by_edges(question)
    if possible is None:
        return None
    return {n_edges: chance_at(search, n_edges, number) for n_edges, number in possible.items()}


def chance_at(search: CircuitSearch, n_edges: int, possible: int) -> SizeChance:
    """Bound the number of valid circuits of one size.

    Args:
        search: what is known of the valid circuits.
        n_edges: the size.
        possible: circuits of the protocol's space with so many edges.
    """
    found = search.distribution.by_edges.get(n_edges, 0)
    if search.counted:
        return SizeChance(possible, found, found)
    if search.unfinished:  # all that were found are valid, whether or not they are listed
        return SizeChance(possible, found, possible)
    listed = search.listed_sizes[n_edges]
    if search.by_size:
        return SizeChance(possible, *search.by_size.get(n_edges, (listed, possible)), search.confidence)
    if search.method != "sampled" or not search.n_tested or search.confidence is None:
        return SizeChance(possible, listed, possible)
    smallest = search.smallest
    if smallest is not None and n_edges <= smallest.searched_up_to and not listed:
        least = smallest.n_edges
        if least is None or n_edges < least:
            return SizeChance(possible, 0, 0)
    low, high = share_interval(found, search.n_tested, search.confidence)
    return SizeChance(
        possible,
        max(listed, floor(low * search.possible)),
        max(listed, min(possible, ceil(high * search.possible))),
        search.confidence,
    )
