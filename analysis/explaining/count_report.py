"""Report of the number of valid circuits, the size of the smallest and the edges that all keep, each with its
certainty.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import Field, PlainSerializer

from pluriscope.analysis.circuit_sets.strata import WIDE
from pluriscope.analysis.circuits.facet import Facet
from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.discovery.part_names import labels_of
from pluriscope.analysis.methods.report import Part
from pluriscope.analysis.network_files.result_file import bracket_json
from pluriscope.analysis.subjects.enumeration import number_bits
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.values.certainty import Certainty
from pluriscope.analysis.values.exact import exact

ITEM: Final = "number of valid circuits"
LOOSER: Final = "ask for a guaranteed one, raise the limits, or use a smaller network"
"""Subject and cure of refusals."""
Whole = Annotated[int, PlainSerializer(exact, when_used="json")]
"""Text in JSON beyond 2^53."""


class CircuitsCount(Part):
    """The number of valid circuits, with its interval and its certainty."""

    how: Certainty
    log10: float | None = Field(description="Of the number, or of the middle of its interval; null for 0.")
    low: Whole
    high: Whole
    confidence: float | None = Field(description="With which the interval holds the truth; null where it is exact.")
    method: str
    possible: Whole
    tested: Whole | None = Field(description="Circuits judged; of a sample those drawn.")
    hashing: dict[str, Any] | None = Field(None, description="Counts by hashing: bits, epsilon, delta, seed, version.")


class SmallestBounds(Part):
    """Edges of the smallest valid circuit, or nodes where rules leave out nodes."""

    low: int | None = Field(description="No valid circuit has fewer; null where none is valid.")
    high: int | None = Field(description="A valid one has so many; null where none is known.")
    proved: bool = Field(description="Whether nothing is left open.")


class OfSize(Part):
    """Circuits with one number of edges or nodes."""

    size: int
    possible: Whole | None
    low: Whole
    high: Whole


class CountReport(Part):
    """The findings of ``pluriscope count`` for one output."""

    circuits: CircuitsCount
    smallest: SmallestBounds
    backbone: list[str] | None = Field(
        description="Edges or nodes that all valid circuits keep, proved; null: not known."
    )
    by_size: list[OfSize]
    enough: bool = Field(description=f"Whether the upper end is at most {WIDE} times the lower one.")
    why: str = Field(description="Why it is not, and what would do; what else is to be known of the numbers.")


def circuits_count(how: Certainty, about: int, low: int, high: int, **more: Any) -> CircuitsCount:
    """The record of a number and its interval; more: the other fields."""
    return CircuitsCount(how=how, log10=round(math.log10(about), 6) if about else None, low=low, high=high, **more)


def bounds(n_edges: int | None, searched_up_to: int, *, proved: bool, none_valid: bool = False) -> SmallestBounds:
    """Bound the size of the smallest valid circuit.

    Args:
        n_edges: of the smallest one known.
        searched_up_to: no valid circuit has so few edges or fewer.
    """
    low = None if none_valid else n_edges if proved else searched_up_to + 1
    return SmallestBounds(low=low, high=n_edges, proved=proved or none_valid)


def exact_sizes(by_edges: Mapping[int, int], possible: Mapping[int, int] | None) -> list[OfSize]:
    """Return the number of valid circuits of each size, where all are counted."""
    sizes: Iterable[int] = by_edges if possible is None else possible
    return [
        OfSize(size=size, possible=possible and possible[size], low=by_edges.get(size, 0), high=by_edges.get(size, 0))
        for size in sorted(sizes)
    ]


def sizes_that_meet(found: CircuitSearch, facet: Facet, n_bits: int) -> Mapping[int, int] | None:
    """The valid circuits that meet a condition by their number of bits; None where a search does not say."""
    if found.complete:
        bits = number_bits(found.masks, n_bits)
        return Counter(bits[facet.holds(bits)].sum(axis=1).tolist())
    if found.method != "counted" or facet.keeps:
        return None
    return {size: n for size, n in found.distribution.by_edges.items() if n and size <= (facet.most_edges or size)}


def of_sizes(question: SubjectQuestion, sizes: Mapping[int, int], possible: int, method: str) -> CountReport:
    """The report of an exact count under a condition; what all circuits that meet it keep is not computed."""
    n = sum(sizes.values())
    known = circuits_count("exact", n, n, n, confidence=None, method=method, possible=possible, tested=possible)
    smallest = bounds(min(sizes, default=None), 0, proved=bool(sizes), none_valid=not sizes)
    return report_of(question, (known, smallest, None), exact_sizes(sizes, None), "", enough=True)


def is_enough(low: int, high: int) -> bool:
    """Whether an interval says something of how many there are."""
    return high <= WIDE * low


Known = tuple[CircuitsCount, SmallestBounds, list[str] | None]
"""How many circuits are valid, how small the smallest is, and what all keep."""


def known_of(question: SubjectQuestion, found: CircuitSearch) -> Known:
    """Report the number of valid circuits, the size of the smallest, and what all keep, from a search or a sample.

    Args:
        question: about a subject of any kind.
    """
    known = count_of_search(found, *found.ends)
    smallest, backbone = smallest_and_backbone(question, found)
    if not known.low and known.high:  # one that is known is valid, and so may all of the network be
        one = smallest.high is not None or question.judge((1 << question.graph.n_bits) - 1).valid
        known = known.model_copy(update={"low": int(one)})
    return known, smallest, backbone


def smallest_and_backbone(question: SubjectQuestion, found: CircuitSearch) -> tuple[SmallestBounds, list[str] | None]:
    """The smallest valid circuit, and the edges that all keep, proved where that can be."""
    sizes = [size for size, n in found.distribution.by_edges.items() if n]
    names, keep = labels_of(question), None
    if found.counted:
        if found.backbone:
            keep = found.backbone.always
        smallest = bounds(min(sizes, default=None), 0, proved=bool(sizes), none_valid=not sizes)
    elif (known := found.smallest) is None:
        smallest = bounds(min(sizes, default=None), 0, proved=False)
    else:
        keep = found.edge_use.always if found.edge_use and known.masks else None
        none_valid = not known.masks and known.searched_up_to >= len(names)
        smallest = bounds(known.n_edges, known.searched_up_to, proved=known.proved, none_valid=none_valid)
    return smallest, None if keep is None else [name for bit, name in enumerate(names) if keep >> bit & 1]


def count_of_search(found: CircuitSearch, low: int, high: int) -> CircuitsCount:
    """The record of how many circuits are valid, from ``low`` to ``high``."""
    return circuits_count(
        "exact" if low == high and found.confidence in (None, 1) else "guaranteed",
        found.n_valid,
        low,
        high,
        confidence=1.0 if low < high and found.confidence is None else found.confidence,
        method=found.method,
        possible=found.possible,
        tested=found.n_tested,
        hashing=found.bracket and bracket_json(found.bracket),
    )


def report_of(
    question: SubjectQuestion, known: Known, by_size: Sequence[OfSize], why: str, *, enough: bool
) -> CountReport:
    """The report of a count, which begins with what the whole network gets wrong."""
    circuits, smallest, backbone = known
    answer = question.kind.explaining.first_words(question)
    why = " ".join(filter(None, (f"{answer.rstrip('.')}." if answer else "", why)))
    return CountReport(
        circuits=circuits, smallest=smallest, backbone=backbone, by_size=[*by_size], enough=enough, why=why
    )
