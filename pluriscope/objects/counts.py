"""Counts of explanations with how sure each is: exact, at least, in an interval, or not searched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from markupsafe import Markup, escape

from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.placements.report import PlacementsReport
from pluriscope.analysis.running.progress import KnownCircuits
from pluriscope.analysis.values.certainty import CERTAINTIES, Certainty
from pluriscope.arguments import checked
from pluriscope.figures.numbers import Bound, bounded, bounded_text, exact
from pluriscope.objects.showing import Row, aligned, table

_IN_DIGITS: Final = 10**12  # an exact number below this is written out
_BOUNDS: Final[Mapping[Bound, str]] = {
    "exact": "exact",
    "at_least": "at least: the search stopped",
    "about": "within an interval",
    "unknown": "not searched",
}


@checked
@dataclass(frozen=True)
class Count:
    """A count with how sure it is.

    ``str()`` is how every page shows it: ``197``, ``≥ 41,770``, ``≈ 5.87 × 10³² (5.5–6.3 × 10³²)``. ``int()`` gives
    the number only where it is exact.

    Args:
        value: the number: exact, a lower bound, or in an interval.
        bound: which of these it is: "exact", "at_least", "about" or "unknown".
        low: lower end of the interval; None without one.
        high: its upper end.
        confidence: with which the interval holds the truth.
        possible: the most that there can be, beyond which no end is rounded; None where that is not known.
    """

    value: int
    bound: Bound = "exact"
    low: int | None = None
    high: int | None = None
    confidence: float | None = None
    possible: int | None = field(default=None, compare=False, repr=False)

    @property
    def certainty(self) -> Certainty | None:
        """Certainty of the number, of :data:`~pluriscope.analysis.values.certainty.CERTAINTIES`; None for a lower
        bound, and where nothing was searched.
        """
        if self.bound in ("unknown", "at_least"):
            return None
        return "exact" if self.confidence is None else "guaranteed"

    @property
    def is_exact(self) -> bool:
        return self.bound == "exact"

    def __int__(self) -> int:
        if not self.is_exact:
            cure = "take .value if that will do, with .bound, .low and .high beside it"
            raise AnalysisError(f"count {self}", f"is not exact, but {_BOUNDS[self.bound]}", cure)
        return self.value

    def __str__(self) -> str:
        if self.is_exact and self.value < _IN_DIGITS:
            return exact(self.value)
        return bounded_text(self.value, self.bound, self.low, self.high, self.possible)

    def __repr__(self) -> str:
        if self.confidence is not None:
            return f"{self} ({self.certainty}, {self.confidence:.0%} confidence)"
        return f"{self} ({_BOUNDS[self.bound]})"

    def __html__(self) -> str:
        if self.is_exact and self.value < _IN_DIGITS:
            return exact(self.value)
        return escape(bounded(self.value, self.bound, self.low, self.high, self.possible))

    def _repr_html_(self) -> str:
        return str(self.__html__())


def count_of(known: KnownCircuits) -> Count:
    """Count of the valid circuits while their search runs; its ``high`` is the upper bound, also where the count is a
    lower bound.
    """
    if known.is_exact:
        return Count(known.value)
    bound: Bound = "at_least" if known.confidence is None else "about"
    return Count(known.value, bound, known.least, known.most, known.confidence, known.possible)


def certainty_words(certainty: Certainty, confidence: float | None = None) -> Markup:
    """The word for how sure a number is, with the confidence of its interval; what the word means is its title."""
    words = certainty if confidence is None else f"{certainty} ({confidence * 100:g}%)"
    return Markup('<span title="{}">{}</span>').format(CERTAINTIES[certainty], words)


def counted(count: Count, noun: str) -> str:
    """A number before what it counts: "197 valid circuits", but "valid circuits not searched"."""
    return f"{noun} {count}" if count.bound == "unknown" else f"{count} {noun}"


NOT_OFFERED: Final = Count(0, "unknown")
"""Of what this kind of network does not have, or nobody asked for."""


@checked
@dataclass(frozen=True, repr=False)
class Counts:
    """Number of explanations of each kind.

    Args:
        possible_circuits: of the protocol's circuit space.
        valid_circuits: those that decide right.
        interpretations: ways to read the listed circuits.
        observed_classes: classes of these that the inputs can distinguish.
        candidate_algorithms: formulas that compute the task.
        aligned_algorithms: those with a valid alignment.
        valid_alignments: of all candidates.
        minimal_alignments: those with no valid one within.

    What nobody asked for, or a kind of network does not have, is :data:`NOT_OFFERED`, and no table shows it.
    """

    possible_circuits: Count
    valid_circuits: Count
    interpretations: Count = NOT_OFFERED
    observed_classes: Count = NOT_OFFERED
    candidate_algorithms: Count = NOT_OFFERED
    aligned_algorithms: Count = NOT_OFFERED
    valid_alignments: Count = NOT_OFFERED
    minimal_alignments: Count = NOT_OFFERED

    def rows(self) -> list[Row]:
        """A row for each kind."""
        numbers = {one.name.replace("_", " "): getattr(self, one.name) for one in fields(self)}
        return [
            {"kind": name, "number": number, "certainty": number.certainty or ""}
            for name, number in numbers.items()
            if number is not NOT_OFFERED
        ]

    def _repr_html_(self) -> str:
        return str(table(self.rows()))

    def __repr__(self) -> str:
        return aligned(self.rows())


def counts_of(found: Mapping[str, Any]) -> Counts:
    """Counts in an output of a result file.

    Args:
        found: the output.
    """
    circuits = Count(int(found["circuits"]["possible"])), _valid_circuits(found["circuits"])
    if "placements" in found and "candidate_search" not in found:
        return replace(Counts(*circuits), **placement_counts(PlacementsReport.model_validate(found["placements"])))
    if "interpretations" not in found:
        return Counts(*circuits)
    read, searched = found["interpretations"], found["candidate_search"]
    sure = _sure_of_algorithms(found)
    of_readings: Bound = "exact" if read["exhaustive"] else "at_least" if int(read["total"]) else "unknown"
    return Counts(
        *circuits,
        Count(int(read["total"]), of_readings),
        Count(int(read["observed"]), of_readings),
        Count(int(found["candidates"]), "exact"),
        *(Count(int(searched[key]), sure) for key in ("aligned", "valid", "minimal")),
    )


def placement_counts(report: PlacementsReport) -> dict[str, Count]:
    """Counts of algorithms with finite variables and of their placements; of algorithms that no answer tells apart one
    counts.
    """
    placed = report.placed
    known = all(one.n_placed for one in placed)  # else they are too many, or were found jointly or along directions
    tried: Bound = "exact" if report.all_there_is else "at_least"
    sure: Bound = tried if known else "at_least"
    return {
        "candidate_algorithms": Count(len(report.distinct)),
        "aligned_algorithms": Count(len(placed), tried),
        "valid_alignments": Count(sum(one.n_placed or len(one.valid) for one in placed), sure),
        "minimal_alignments": Count(
            sum(one.n_minimal or sum(bool(each.minimal) for each in one.valid) for one in placed), sure
        ),
    }


def _valid_circuits(answer: Mapping[str, Any]) -> Count:
    n = int(answer["valid"] or 0)
    if answer.get("interval") is not None:
        low, high = map(int, answer["interval"])
        return Count(n, "about", low, high, answer["confidence"], int(answer["possible"]))
    if "at_least" in answer:
        return Count(int(answer["at_least"]), "at_least", int(answer["at_least"]), int(answer["at_most"]))
    if answer["method"] in ("listed", "none") and answer["truncated_at"] is not None:
        return Count(n, "at_least" if answer["truncated_at"] else "unknown")
    return Count(n)


def _sure_of_algorithms(found: Mapping[str, Any]) -> Bound:
    """Bound of the numbers of algorithms that can be aligned and of their alignments."""
    tried = [one["truncated_at"] != 0 for one in found["algorithms"]]
    if found["candidates_truncated_at"] == 0 or (tried and not any(tried)):
        return "unknown"
    return "exact" if found["candidates_truncated_at"] is None and all(tried) else "at_least"
